//! What a record costs.

use std::fs;
use std::io::Write;

use super::*;

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
