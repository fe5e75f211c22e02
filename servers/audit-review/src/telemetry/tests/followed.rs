//! A trail that is followed: what comes again, and what is told of a break.

use super::*;

/// A trail of files, each with so many calls.
fn trail(files: &[u64]) -> (tempfile::TempDir, Trail) {
    let above = tempfile::tempdir().unwrap();
    let call = |_| {
        let mut call =
            record(&json!({"v": null, "t": null, "seq": null, "prev": null, "hash": null}))
                .to_string();
        call.pop();
        call.replacen('{', ",", 1)
    };
    let files: Vec<Vec<String>> = files
        .iter()
        .map(|count| (0..*count).map(call).collect())
        .collect();
    testing::write(above.path(), &files);
    let trail = Trail::new(above.path());
    (above, trail)
}

fn follow_from(trail: &Trail, sent: Sent) -> Follow {
    Follow::on(trail.clone(), Spans::new(Ratio::default(), None), sent)
}

/// How many requests were counted.
fn counted(sent: &Sent) -> u64 {
    let all = points(sent.meters(), "mcp.server.operation.duration");
    all.iter()
        .map(|point| point["count"].as_u64().unwrap())
        .sum()
}

fn breaks(sent: &Sent) -> Value {
    points(sent.meters(), "keyhole.trail.breaks")[0]["asInt"].clone()
}

#[test]
fn l3_what_was_not_taken_comes_again_and_what_was_taken_does_not() {
    let (_dir, trail) = trail(&[700, 500]);
    let mut follow = follow_from(&trail, Sent::nothing(now(), "here".to_owned()));
    let first = follow.next().unwrap().unwrap();
    let again = follow.next().unwrap().unwrap();
    assert_eq!(first.records, follow::MOST);
    assert_eq!(first.meters(), again.meters());
    assert_eq!(first.spans.body(), again.spans.clone().body());
    follow.done(again);
    let mut records = follow::MOST;
    while let Some(piece) = follow.next().unwrap() {
        records += piece.records;
        // as if the process had ended here, and another gone on
        follow.done(piece);
        let saved = serde_json::to_string(follow.sent()).unwrap();
        follow = follow_from(&trail, serde_json::from_str(&saved).unwrap());
    }
    assert_eq!((records, counted(follow.sent())), (1200, 1200));
    assert_eq!(breaks(follow.sent()), "0");
}

#[test]
fn l3_a_changed_line_and_a_file_that_is_gone_are_told_and_the_rest_is_sent() {
    let (dir, trail) = trail(&[10, 10]);
    let paths = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    let text = std::fs::read_to_string(&paths[1]).unwrap();
    std::fs::write(&paths[1], text.replacen("23373", "23374", 1)).unwrap();
    let mut follow = follow_from(&trail, Sent::nothing(now(), "here".to_owned()));
    let piece = follow.next().unwrap().unwrap();
    assert_eq!(piece.records, 19);
    follow.done(piece);
    assert_eq!(breaks(follow.sent()), "1");
    assert!(follow.next().unwrap().is_none());

    std::fs::rename(&paths[1], dir.path().join("00112233445566aa-000003.jsonl")).unwrap();
    let piece = follow.next().unwrap().unwrap();
    follow.done(piece);
    assert_ne!(breaks(follow.sent()), "1", "a gap is counted");
}

#[test]
fn a_trail_that_is_not_there_yet_has_nothing_to_send() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::new(dir.path().join("none"));
    let follow = follow_from(&trail, Sent::nothing(now(), "here".to_owned()));
    assert!(follow.next().unwrap().is_none());
}
