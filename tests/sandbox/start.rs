//! What a server says and how it ends where the kernel lacks something.

use std::process::Command;

use harness::Ran;
use harness::World;
use harness::bin;

use super::Prey;

/// Runs `readonly-fs` with nothing to read on a kernel without `calls`, not as root.
fn on_an_old_kernel(world: &World, calls: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["old".to_owned(), calls.to_owned()];
    all.push(bin("readonly-fs").display().to_string());
    let serving = ["--audit={dir}/audit", "docs={dir}/root"];
    all.extend(world.arguments(&serving));
    all.extend(world.arguments(arguments));
    harness::run(&bin("selftest"), &all)
}

#[test]
fn i_without_landlock_or_a_filter_nothing_is_served_and_the_remedy_is_told() {
    for calls in ["landlock", "seccomp", "landlock,openat2,clone3"] {
        let world = World::new();
        let ran = on_an_old_kernel(&world, calls, &[]);
        assert_eq!(ran.code, Some(3), "{calls}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("--sandbox best-effort"),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn i_with_best_effort_it_serves_and_says_what_is_missing() {
    for (calls, missing) in [
        ("landlock,openat2,clone3", "reads outside of what is served"),
        ("seccomp", "no filter of system calls"),
    ] {
        let world = World::new();
        let more = ["--sandbox=best-effort", "--allow-root"];
        let ran = on_an_old_kernel(&world, calls, &more);
        assert_eq!(ran.code, Some(0), "{calls}: {}", ran.stderr);
        assert!(ran.stderr.contains(missing), "{calls}: {}", ran.stderr);
        let trail = world.trail();
        let started = trail
            .records
            .iter()
            .find(|record| record["action"] == "session.start");
        let told = started.unwrap()["process.sandbox"].as_str().unwrap();
        assert!(told.contains(missing), "{calls}: {told}");
    }
}

#[test]
fn i_root_without_landlock_is_refused_until_it_is_accepted() {
    if !rustix::process::geteuid().is_root() {
        return harness::loudly("that root is refused: the tests do not run as root");
    }
    let world = World::new();
    let ran = on_an_old_kernel(&world, "landlock", &["--sandbox=best-effort"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("--allow-root"), "{}", ran.stderr);
}

#[test]
fn i_a_thread_that_ran_before_is_refused() {
    let prey = Prey::new();
    let profile = prey.profile("readonly-fs", &["--config={dir}/config.toml"]);
    let profile = profile.display().to_string();
    let threads = |mode: &str| {
        let all = ["threads", mode, &profile].map(str::to_owned);
        harness::run(&bin("selftest"), &all).stdout
    };
    assert!(threads("require").contains("2 threads run already"));
    assert!(threads("best-effort").contains("2 threads ran already"));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn i_a_call_by_another_architecture_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;

    let prey = Prey::new();
    let profile = prey.profile("readonly-fs", &["--config={dir}/config.toml"]);
    let mut command = Command::new(bin("selftest"));
    let ended = command.arg("foreign").arg(profile).output().unwrap();
    assert_eq!(ended.status.signal(), Some(31), "SIGSYS");
    assert!(ended.stdout.is_empty());
}

#[test]
fn i_a_descriptor_that_leads_somewhere_is_not_inherited_silently() {
    let world = World::new();
    let serving = ["--audit={dir}/audit", "docs={dir}/root"];
    let serving = world.arguments(&serving).join(" ");
    let line = |more: &str| {
        let program = bin("readonly-fs");
        let line = format!("exec {} {serving} {more} 9</etc", program.display());
        let all = ["-c".to_owned(), line];
        harness::run(std::path::Path::new("/bin/sh"), &all)
    };
    let ran = line("");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("9 (\"/etc\")"), "{}", ran.stderr);
    let ran = line("--sandbox=best-effort");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("9 (\"/etc\")"), "{}", ran.stderr);
}

#[test]
fn i_what_steers_the_server_is_not_served() {
    let world = World::new();
    world.file(
        "root/config.toml",
        b"[[roots]]\nname = \"docs\"\npath = \".\"\nlabel = \"internal\"\n",
    );
    let all = ["--audit={dir}/audit", "--config={dir}/root/config.toml"];
    let ran = harness::run(&bin("readonly-fs"), &world.arguments(&all));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("keep those elsewhere"),
        "{}",
        ran.stderr
    );
}

#[test]
fn doctor_says_what_would_be_enforced_and_what_must_be_mended() {
    let prey = Prey::new();
    let world = &prey.world;
    world.mode("config.toml", 0o666);
    let all = [
        "doctor",
        "--audit={dir}/trail",
        "--config={dir}/config.toml",
    ];
    let ran = harness::run(&bin("readonly-fs"), &world.arguments(&all));
    assert_eq!(ran.code, Some(10), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("chmod go-w"), "{}", ran.stdout);
    assert!(ran.stdout.contains("good  landlock"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "no colours for a pipe");
}
