//! What a record costs.

use std::fs;
use std::io::Write;

use super::checkpoints::key;
use super::checkpoints::keys;
use super::failure::chmod;
use super::*;
use crate::audit::merkle::Tree;

#[test]
#[ignore = "a measurement: run it alone, in a release build, with --nocapture"]
fn cost_of_a_record() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let out = |text: String| std::io::stdout().write_all(text.as_bytes()).unwrap();

    let stamp = Stamp::new(origin(), Uuid::nil(), String::new());
    let record = record();
    let begin = Instant::now();
    let bytes: usize = (0..100_000).map(|_| record.encode(&stamp).len()).sum();
    let each = begin.elapsed() / 100_000;
    out(format!("encode: {each:?} for {} bytes\n", bytes / 100_000));

    let mut line = Vec::new();
    let mut link = Link::START;
    let body = record.encode(&stamp);
    let begin = Instant::now();
    for _ in 0..100_000 {
        line.clear();
        link = chain::seal(&mut line, chain::Type::Event, link, &body);
    }
    out(format!(
        "seal: {:?} for {} bytes\n",
        begin.elapsed() / 100_000,
        line.len()
    ));

    for (flight, each) in [(1_usize, 5_000_usize), (64, 1000), (1000, 100)] {
        let world = World::new();
        let audit = Arc::new(world.open());
        let (cpu, begin) = (cpu(), Instant::now());
        runtime.block_on(async {
            let tasks = (0..flight).map(|_| {
                let (audit, record) = (Arc::clone(&audit), record.clone());
                tokio::spawn(async move {
                    for _ in 0..each {
                        audit.write(record.clone()).await.unwrap();
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
        let count = u32::try_from(flight * each).unwrap();
        let (wall, cpu) = (begin.elapsed(), self::cpu() - cpu);
        let rate = f64::from(count) / wall.as_secs_f64();
        out(format!(
            "{flight} in flight: {rate:.0} records/s, {:?} CPU each\n",
            cpu / count
        ));
        let begin = Instant::now();
        let report = world.verify();
        assert_eq!(report.verdict, Verdict::OkUnanchored);
        out(format!(
            "  verify: {:?} for {} lines\n",
            begin.elapsed(),
            report.lines
        ));
    }
}

/// The CPU time of this process, user and system.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split(' ').collect();
    let ticks: u64 = fields[12..14]
        .iter()
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// What the processor did for this thread.
fn thread_cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

/// A whole trail of about `bytes`, without waiting for a disk.
fn generate(world: &World, key: &SigningKey, bytes: usize) {
    world.open().close(now()).unwrap();
    let chain = "0123456789abcdef";
    let path = world.segments().remove(0);
    fs::remove_file(path).unwrap();
    world.without_mark();
    let stamp = Stamp::new(origin(), Uuid::nil(), String::new());
    let body = record().encode(&stamp);
    let (mut link, mut tree, mut spoken) = (Link::START, Tree::default(), 0);
    let segments = bytes.div_ceil(64 << 20);
    for number in 1..=segments {
        let mut out = Vec::with_capacity(65 << 20);
        let mut seal = |out: &mut Vec<u8>, what, body: &[u8], tree: &mut Tree| {
            link = chain::seal(out, what, link, body);
            tree.push(link.hash);
            link.seq
        };
        let mut head = stamp.head(chain, number as u64, now());
        head.extend(checkpoint::head(key.verifier(), &tree));
        seal(&mut out, chain::Type::Head, &head, &mut tree);
        while out.len() < (64 << 20).min(bytes) {
            let seq = seal(&mut out, chain::Type::Event, &body, &mut tree);
            if seq - spoken >= 1000 {
                let body = checkpoint::body(key, chain, &tree, None, now());
                spoken = seal(&mut out, chain::Type::Checkpoint, &body, &mut tree);
            }
        }
        let body = checkpoint::body(key, chain, &tree, None, now());
        spoken = seal(&mut out, chain::Type::Checkpoint, &body, &mut tree);
        if number < segments {
            seal(
                &mut out,
                chain::Type::Tail,
                &Stamp::tail(chain, number as u64, now()),
                &mut tree,
            );
        }
        let path = world
            .path()
            .join(directory::segment_name(chain, number as u64));
        fs::write(&path, out).unwrap();
        chmod(&path, 0o600);
    }
}

#[test]
#[ignore = "a measurement: run it alone, in a release build, with --nocapture"]
fn cost_of_verifying_and_of_starting() {
    // of the processor: what else runs on the machine does not count
    let out = |text: String| std::io::stdout().write_all(text.as_bytes()).unwrap();
    let key = key(1);
    let noise = vec![7; 64 << 20];
    let begin = thread_cpu();
    let hash = Hash::of(&noise);
    let rate = 64.0 / (thread_cpu() - begin).as_secs_f64();
    out(format!("sha-256: {rate:.0} MiB/s ({hash})\n"));
    let (mut line, last) = (Vec::new(), Link::START);
    let body = record().encode(&Stamp::new(origin(), Uuid::nil(), String::new()));
    chain::seal(&mut line, chain::Type::Event, last, &body);
    line.pop();
    let each = |what: &str, work: &mut dyn FnMut()| {
        let begin = thread_cpu();
        (0..200_000).for_each(|_| work());
        let each = (thread_cpu() - begin) / 200_000;
        out(format!("{what}: {each:?}\n"));
    };
    let mut tree = Tree::default();
    each("hash a line", &mut || {
        std::hint::black_box(Hash::of(&line));
    });
    each("open a line", &mut || {
        std::hint::black_box(chain::open(&line).unwrap().link);
    });
    each("grow the tree", &mut || tree.push(last.hash));
    for size in [1 << 20, 63 << 20, 1 << 30] {
        let world = World::in_memory();
        generate(&world, &key, size);
        let mib = size as f64 / f64::from(1 << 20);
        for _ in 0..2 {
            let begin = thread_cpu();
            let report = world.verify_with(&keys(&[&key]));
            let took = (thread_cpu() - begin).as_secs_f64();
            assert_eq!(report.verdict, Verdict::Ok);
            out(format!(
                "verify {mib:.0} MiB, {} lines: {:.0} MiB/s\n",
                report.lines,
                mib / took
            ));
        }
        let settings = || Settings {
            signing_key: Some(Arc::clone(&key)),
            ..world.settings()
        };
        for turn in 0..4 {
            let begin = thread_cpu();
            let audit = Audit::open(settings(), origin(), now()).unwrap();
            let took = thread_cpu() - begin;
            let mark = if turn == 0 {
                "without a mark"
            } else {
                "with it"
            };
            out(format!("start at {mib:.0} MiB, {mark}: {took:?}\n"));
            audit.close(now()).unwrap();
        }
    }
}
