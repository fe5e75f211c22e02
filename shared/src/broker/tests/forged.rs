//! What no worker of ours sends, and a worker that goes.

use super::*;

#[test]
fn a1_what_no_worker_of_ours_sends_ends_the_broker() {
    let (_listener, port) = listener();
    let one = charter(vec![at(port)]);
    let forged: [(&[u8], &str); 6] = [
        (&[9; Request::SIZE], "a message of no known form"),
        (
            &request(Kind::Dial, 1, 1),
            "an entry that was never declared",
        ),
        (
            &request(Kind::Secret, 0, 1),
            "an entry that was never declared",
        ),
        (
            &request(Kind::Document, u16::MAX, 1),
            "an entry that was never declared",
        ),
        // another charter
        (
            b"\x20\0\0\0{\"targets\":[],\"secrets\":[]}",
            "a message of no known form",
        ),
        (
            &[1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            "a message of no known form",
        ),
    ];
    for (bytes, why) in forged {
        let ended = Bed::usual().said(&one, bytes).unwrap_err();
        assert_eq!(ended.to_string(), why, "{bytes:?}");
    }
}

#[test]
fn a1_a_charter_that_is_too_long_or_unknown_is_not_heard() {
    for bytes in [
        &[0xff; 4][..],
        b"\x02\0\0\0{}",
        b"\x04\0\0\0null",
        b"\x02\0\0\0[]",
    ] {
        let bed = Bed::usual();
        (&bed.worker).write_all(bytes).unwrap();
        let ended = bed.ended.recv_timeout(TIME).expect("it ends");
        assert!(matches!(ended, Err(Breach::Form)), "{bytes:?}: {ended:?}");
    }
}

#[test]
fn a1_half_a_message_ends_the_broker_whether_or_not_the_worker_stays() {
    let one = charter(vec![at(1)]);
    let begun = Instant::now();
    let ended = Bed::usual().said(&one, &request(Kind::Dial, 0, 1)[..7]);
    assert!(matches!(ended, Err(Breach::Half)));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let bed = Bed::usual();
    one.tell(&bed.worker).unwrap();
    (&bed.worker).write_all(&[1]).unwrap();
    drop(bed.worker);
    let ended = bed.ended.recv_timeout(TIME).expect("it ends");
    assert!(matches!(ended, Err(Breach::Half)));
}

#[test]
fn a1_a_descriptor_sent_to_the_broker_ends_it_and_is_closed() {
    let bed = Bed::usual();
    charter(vec![at(1)]).tell(&bed.worker).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let bytes = request(Kind::GiveUp, 0, 1);
    wire::send(&bed.worker, &bytes, Some(theirs.as_fd())).unwrap();
    drop(theirs);
    let ended = bed.ended.recv_timeout(TIME).expect("it ends");
    assert!(matches!(ended, Err(Breach::Descriptor)));
    ours.set_read_timeout(Some(TIME)).unwrap();
    assert_eq!(
        (&ours).read(&mut [0]).unwrap(),
        0,
        "nobody holds the other end"
    );
}

#[test]
fn a1_an_id_that_is_under_way_is_not_used_twice() {
    let bed = Bed::new(Names::default(), Bounds::default());
    let slow = charter(vec![name("slow", 1)]);
    let twice = [request(Kind::Dial, 0, 1), request(Kind::Dial, 0, 1)].concat();
    assert!(matches!(bed.said(&slow, &twice), Err(Breach::Twice)));
}

#[test]
fn a_worker_that_goes_ends_the_broker() {
    let bed = Bed::usual();
    charter(vec![at(1)]).tell(&bed.worker).unwrap();
    drop(bed.worker);
    bed.ended.recv_timeout(TIME).expect("it ends").unwrap();
    let bed = Bed::usual();
    drop(bed.worker);
    bed.ended.recv_timeout(TIME).expect("it ends").unwrap();
}

#[test]
fn a_flood_is_answered_and_takes_no_more_than_its_room() {
    let bounds = Bounds {
        at_once: 4,
        of_one: 2,
        ..Bounds::default()
    };
    let bed = Bed::new(Names::default(), bounds);
    charter(vec![name("slow", 1)]).tell(&bed.worker).unwrap();
    for id in 0..500 {
        (&bed.worker)
            .write_all(&request(Kind::Dial, 0, id))
            .unwrap();
    }
    let (mut busy, mut others) = (0, 0);
    for _ in 0..500 {
        let mut head = [0; Answer::SIZE];
        (&bed.worker).read_exact(&mut head).unwrap();
        if Answer::read(head).unwrap().said == Said::Failed(Failure::Busy) {
            busy += 1;
        } else {
            others += 1;
        }
    }
    assert_eq!((busy, others), (498, 2));
}

#[test]
fn an_argument_of_a_broker_is_of_no_use_to_people() {
    let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
    for odd in [
        &[][..],
        &["text"],
        &["text", "loud"],
        &["text", "warn", "more"],
    ] {
        assert_eq!(
            run::<Loopback>(&words(odd)),
            std::process::ExitCode::from(2)
        );
    }
}
