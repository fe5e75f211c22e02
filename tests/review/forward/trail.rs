//! A trail that is not whole, and what was handed on as an anchor.

use harness::World;

use super::assert_whole;
use super::company;
use super::lines;
use super::once;
use super::review;
use super::segments;
use super::seq;
use super::work;

/// A company whose trail goes to standard output, in small files.
fn printing() -> World {
    let world = company();
    let text = world.read("config.toml");
    let small = "[guard.audit]\nrotate-bytes = 16384\n";
    world.file("config.toml", format!("{text}\n{small}"));
    let out = "[[forward]]\nname = \"out\"\nkind = \"stdout\"\n";
    world.file("forward.toml", format!("{small}\n{out}"));
    world
}

fn printed(ran: &harness::Ran) -> Vec<String> {
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn l4_what_was_handed_on_is_an_anchor_against_who_cuts_off_or_rewrites_the_trail() {
    let world = printing();
    work(&world, 30);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let handed = printed(&ran);
    assert_whole(&handed, &world.path("audit"));
    // all of it, or one line behind the header of a message, is an anchor
    let last = handed
        .iter()
        .rfind(|line| line.contains("\"t\":\"ckpt\""))
        .unwrap();
    world.file("all.jsonl", ran.stdout.clone());
    world.file("one.log", format!("<110>1 - host app - ckpt - {last}\n"));
    for anchor in ["--anchor={dir}/all.jsonl", "--anchor={dir}/one.log"] {
        let ran = review(&world, &["verify", "--json", anchor]);
        assert!(ran.stdout.contains("\"ok"), "{} {}", ran.stdout, ran.stderr);
        assert!(!ran.stdout.contains("\"anchored\":0"), "{}", ran.stdout);
    }
    let files = segments(&world.path("audit"));
    let kept: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    // cut off: the newest files are gone
    for file in &files[1..] {
        std::fs::remove_file(file).unwrap();
    }
    let ran = review(&world, &["verify", "--anchor={dir}/all.jsonl"]);
    assert_eq!(ran.code, Some(14), "{}{}", ran.stdout, ran.stderr);
    for (file, bytes) in files.iter().zip(&kept) {
        std::fs::write(file, bytes).unwrap();
    }
    // another trail in its place
    let other = printing();
    work(&other, 40);
    let anchor = format!("--anchor={}", world.path("all.jsonl").display());
    let ran = review(&other, &["verify", &anchor]);
    assert!(
        matches!(ran.code, Some(13..=15)),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    // what is no checkpoint in the form of one is no anchor
    world.file(
        "bad.jsonl",
        last.replace("keyhole-audit/", "keyhole-audit\\\\"),
    );
    let ran = review(&world, &["verify", "--anchor={dir}/bad.jsonl"]);
    assert_ne!(ran.code, Some(0));
    assert_ne!(ran.code, Some(10));
}

#[test]
fn l3_a_changed_line_is_told_in_its_place_and_what_follows_comes() {
    let world = printing();
    work(&world, 30);
    let file = segments(&world.path("audit"))[0].clone();
    let text = std::fs::read_to_string(&file).unwrap();
    let bad = text
        .lines()
        .position(|line| line.contains("\"stan\""))
        .unwrap();
    std::fs::write(&file, text.replacen("\"stan\"", "\"adam\"", 1)).unwrap();
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    let handed = printed(&ran);
    assert!(handed[bad].starts_with("{\"byte\":"), "{}", handed[bad]);
    assert!(
        handed[bad].contains("\"notice\":\"bad\""),
        "{}",
        handed[bad]
    );
    assert_eq!(seq(&handed[bad + 1]), seq(&handed[bad - 1]) + 2);
    let all = lines(&world.path("audit"));
    assert_eq!(handed[bad + 1], all[bad + 1]);
    assert!(!world.trail_told("forward-bad").is_empty());
    // it is told once: what is there now follows
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn what_retention_removed_before_it_was_sent_is_a_gap_with_numbers() {
    let world = printing();
    work(&world, 5);
    assert_eq!(once(&world, 5).code, Some(0));
    let before = segments(&world.path("audit")).len();
    work(&world, 60);
    let files = segments(&world.path("audit"));
    assert!(files.len() > before + 2, "{}", files.len());
    // the one that is read, and one more
    for file in &files[..=before] {
        std::fs::remove_file(file).unwrap();
    }
    let first = seq(&lines(&world.path("audit"))[0]);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    let handed = printed(&ran);
    assert!(handed[0].contains("\"notice\":\"gap\""), "{}", handed[0]);
    assert!(
        handed[0].contains(&format!("\"next\":{first},")),
        "{}",
        handed[0]
    );
    assert_eq!(seq(&handed[1]), first);
    assert!(!world.trail_told("forward-gap").is_empty());
}

trait Told {
    /// The lines with this action, whether the trail verifies or not.
    fn trail_told(&self, action: &str) -> Vec<String>;
}

impl Told for World {
    fn trail_told(&self, action: &str) -> Vec<String> {
        let action = format!("\"action\":\"{action}\"");
        let all = lines(&self.path("audit")).into_iter();
        all.filter(|line| line.contains(&action)).collect()
    }
}
