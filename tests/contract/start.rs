//! Arguments, configuration, and what is refused before anything is served.

use super::subjects;

#[test]
fn an_unknown_key_is_refused_at_its_place_and_its_text_is_not_repeated() {
    for subject in subjects() {
        let text = subject.world.read("config.toml");
        let lines = text.lines().count();
        for (table, added) in [
            ("", "hunter2-key = \"hunter2\"\n"),
            ("[guard]\n", "hunter2 = 1\n"),
            ("", "[guard.limits\n"),
            ("[guard.audit]\n", "rotate-hours = \"hunter2\"\n"),
        ] {
            // in the table that is there already, else at the end
            let there = text.find(&format!("\n{table}")).filter(|_| !table.is_empty());
            let at = there.map_or(text.len(), |found| found + 1);
            let (before, after) = text.split_at(at);
            let after = after.strip_prefix(table).unwrap_or(after);
            let bad = format!("{before}{table}{added}{after}");
            let line = bad.split(added).next().map_or(lines, |before| before.lines().count()) + 1;
            subject.world.file("bad.toml", bad);
            let ran = subject.run(&["--config={dir}/bad.toml", "--audit={dir}/audit"]);
            assert_eq!(ran.code, Some(2), "{}: {added}: {}", subject.name, ran.stderr);
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
            assert!(ran.stdout.contains(expected), "{arguments:?}: {}", ran.stdout);
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
            (&["--config={dir}/config.toml", "--policy={dir}/absent.toml", "--audit={dir}/audit"], 2),
            (&["--config={dir}/config.toml", "--audit=/proc/nowhere"], 3),
            (&["--config={dir}/config.toml", "--audit={dir}/config.toml"], 3),
        ] {
            let ran = subject.run(arguments);
            assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
            assert_eq!(ran.stdout, "", "{arguments:?}");
            assert!(ran.stderr.starts_with(&subject.name) || code == 2, "{}", ran.stderr);
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
