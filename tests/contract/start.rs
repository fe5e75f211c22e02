//! Arguments, configuration, and what is refused before anything is served.

use harness::Era;
use serde_json::json;

use super::subjects;
use crate::broker::children;
use crate::broker::figure;

#[test]
fn an_unknown_key_is_refused_at_its_place_and_its_text_is_not_repeated() {
    for subject in subjects() {
        let text = subject.world.read("config.toml");
        let lines = text.lines().count();
        let alone = String::new();
        for (before, added, line) in [
            (&text, "[hunter2-key]\nx = \"hunter2\"\n", lines + 1),
            (&text, "[guard.limits\n", lines + 1),
            (&alone, "[guard]\nhunter2 = 1\n", 2),
            (&alone, "[guard.audit]\nrotate-hours = \"hunter2\"\n", 2),
            (&alone, "hunter2-key = \"hunter2\"\n", 1),
        ] {
            subject.world.file("bad.toml", format!("{before}{added}"));
            let ran = subject.run(&["--config={dir}/bad.toml", "--audit={dir}/audit"]);
            assert_eq!(
                ran.code,
                Some(2),
                "{}: {added}: {}",
                subject.name,
                ran.stderr
            );
            let place = format!("bad.toml:{line}:");
            assert!(ran.stderr.contains(&place), "{place} in {}", ran.stderr);
            let repeated = ran.stderr.contains("hunter2\"") || ran.stderr.contains("hunter2-key =");
            assert!(!repeated, "{}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
        assert!(!subject.world.path("audit").exists(), "nothing was started");
    }
}

#[test]
fn a_limit_goes_down_only() {
    for subject in subjects() {
        let limits = "[guard.limits]\nconcurrent-calls = 33\n";
        subject.world.file("bad.toml", limits);
        let ran = subject.run(&["--config={dir}/bad.toml", "--audit={dir}/audit"]);
        assert_eq!(ran.code, Some(2), "{}", subject.name);
        assert!(ran.stderr.contains("bad.toml:2:"), "{}", ran.stderr);
    }
}

#[test]
fn people_get_help_version_manual_and_completions() {
    for subject in subjects() {
        for (arguments, expected) in [
            (&["--help"][..], "--audit"),
            (&["-h"], "--audit"),
            (&["--version"], "0."),
            (&["man"], ".TH"),
            (&["completions", "bash"], subject.name.as_str()),
            (&["completions", "zsh"], subject.name.as_str()),
            (&["completions", "fish"], subject.name.as_str()),
        ] {
            let ran = subject.run(arguments);
            assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
            assert!(
                ran.stdout.contains(expected),
                "{arguments:?}: {}",
                ran.stdout
            );
            assert_eq!(ran.stderr, "", "{arguments:?}");
        }
    }
}

#[test]
fn wrong_arguments_and_missing_files_have_their_exit_codes() {
    for subject in subjects() {
        for (arguments, code) in [
            (&["--no-such-argument"][..], 2),
            (&["--config={dir}/absent.toml", "--audit={dir}/audit"], 2),
            (
                &[
                    "--config={dir}/config.toml",
                    "--policy={dir}/absent.toml",
                    "--audit={dir}/audit",
                ],
                2,
            ),
            (&["--config={dir}/config.toml", "--audit=/proc/nowhere"], 3),
            (
                &["--config={dir}/config.toml", "--audit={dir}/config.toml"],
                3,
            ),
        ] {
            let ran = subject.run(arguments);
            assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
            assert_eq!(ran.stdout, "", "{arguments:?}");
            assert!(
                ran.stderr.starts_with(&subject.name) || code == 2,
                "{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a1_an_empty_policy_serves_nobody() {
    for subject in subjects() {
        subject.world.file("policy.toml", "");
        let ran = subject.run(&[
            "--config={dir}/config.toml",
            "--policy={dir}/policy.toml",
            "--audit={dir}/audit",
        ]);
        assert_eq!(ran.code, Some(3), "{}: {}", subject.name, ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn s1_every_process_of_a_server_is_held_down_by_the_kernel_before_it_answers() {
    for subject in subjects() {
        for (more, filtered, bare) in [(&[][..], 2, 1), (&["--sandbox=off"][..], 0, 0)] {
            let mut raw = subject.start(Era::Modern, more);
            raw.ask("tools/list", json!({})).ok();
            let mut all = children(raw.pid());
            all.push(raw.pid());
            for pid in all {
                // 2: system calls pass a filter
                assert_eq!(figure(pid, "Seccomp:"), filtered, "{} {pid}", subject.name);
                assert_eq!(figure(pid, "NoNewPrivs:"), bare, "{} {pid}", subject.name);
                if bare == 1 {
                    assert_eq!(figure(pid, "CapEff:"), 0, "{} {pid}", subject.name);
                    assert_eq!(figure(pid, "CapBnd:"), 0, "{} {pid}", subject.name);
                }
            }
            assert_eq!(raw.close().code, Some(0));
        }
    }
}
