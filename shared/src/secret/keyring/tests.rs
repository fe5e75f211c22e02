//! Against real keyrings. These need a session of their own, so each test starts itself again
//! inside one: `KEYHOLE_TEST_KEYRING=1` says that Debian's `dbus-daemon`, `gnome-keyring`,
//! `libsecret-tools` and `keyutils` are installed.
#![expect(clippy::disallowed_methods, reason = "the tests start the keyrings")]

use std::env;
use std::fs;
use std::io;
use std::io::Write as _;
use std::process::Command;

use super::*;
use crate::secret::SecretCommand;
use crate::secret::SecretRef;

#[test]
fn a_desktop_keyring_keeps_gives_and_forgets_a_secret() {
    let script = "printf login | gnome-keyring-daemon --unlock --components=secrets >/dev/null
        \"$@\" || exit 1
        printf from-elsewhere | secret-tool store --label=x service keyhole-test username ben";
    if again(
        "a_desktop_keyring_keeps_gives_and_forgets_a_secret",
        &["dbus-run-session", "--", "sh", "-ec", script, "sh"],
    ) {
        let threads = || fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        round_trip("the desktop's keyring (Secret Service)");
        // Should they one day be gone, the sandbox need no longer reckon with them.
        assert!(threads() > before, "the library's threads stay");
        found_by_others_and_ambiguous_if_there_are_two();
    }
}

fn found_by_others_and_ambiguous_if_there_are_two() {
    let (providers, ada) = (Providers::of_process(), reference());
    providers
        .set(&ada, &Secret::new("hunter2").unwrap())
        .unwrap();
    let lookup = ["lookup", "service", "keyhole-test", "username", "ada"];
    let found = Command::new("secret-tool").args(lookup).output().unwrap();
    assert_eq!(found.stdout, b"hunter2");
    let store =
        "printf other | secret-tool store --label=x service keyhole-test username ada and more";
    assert!(
        Command::new("sh")
            .args(["-c", store])
            .status()
            .unwrap()
            .success()
    );
    let said = providers.load(&ada).unwrap_err().to_string();
    assert_eq!(
        said,
        "keyring:keyhole-test/ada: the keyring has more than one: delete the others"
    );
}

#[test]
fn a_locked_desktop_keyring_is_an_error_and_not_a_wait() {
    let script = "printf login | gnome-keyring-daemon --unlock --components=secrets >/dev/null
        printf locked | secret-tool store --label=x service keyhole-test username ada
        gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets \
            -m org.freedesktop.Secret.Service.Lock \
            '[objectpath \"/org/freedesktop/secrets/collection/login\"]' >/dev/null
        \"$@\"";
    if again(
        "a_locked_desktop_keyring_is_an_error_and_not_a_wait",
        &["dbus-run-session", "--", "sh", "-ec", script, "sh"],
    ) {
        let start = std::time::Instant::now();
        let said = Providers::of_process()
            .load(&reference())
            .unwrap_err()
            .to_string();
        assert!(said.contains("locked"), "{said}");
        assert!(start.elapsed().as_secs() < 40);
    }
}

#[cfg(feature = "keyring-keyutils")]
#[test]
fn the_kernels_keyring_keeps_gives_and_forgets_a_secret() {
    if again(
        "the_kernels_keyring_keeps_gives_and_forgets_a_secret",
        &[
            "env",
            "-u",
            "DBUS_SESSION_BUS_ADDRESS",
            "-u",
            "XDG_RUNTIME_DIR",
            "keyctl",
            "session",
            "-",
        ],
    ) {
        round_trip("the kernel's keyring (keyutils)");
    }
}

#[test]
fn a_bus_that_is_no_unix_socket_is_not_dialled() {
    for address in [
        "unixexec:path=/bin/sh",
        "tcp:host=a",
        "autolaunch:",
        "ibus:",
        "unix:path=/x;tcp:host=a",
        "",
    ] {
        let providers = Providers::new(move |name| {
            (name == "DBUS_SESSION_BUS_ADDRESS").then(|| address.into())
        });
        let entry = entry("keyhole-test/ada").unwrap();
        let said = (desktop::STORE.load)(entry, &providers);
        assert!(matches!(said, Err(Trouble::NoKeyring(_))), "{address}");
    }
}

fn round_trip(store: &str) {
    let (providers, ada) = (Providers::of_process(), reference());
    assert_eq!(
        providers.load(&ada).unwrap_err().to_string(),
        format!("{ada}: {ABSENT}")
    );
    for password in ["hunter2", "another, länger: \u{1f511}"] {
        let secret = Secret::new(password).unwrap();
        assert_eq!(providers.set(&ada, &secret).unwrap(), store);
        providers
            .load(&ada)
            .unwrap()
            .show_to(|text| assert_eq!(text, password));
    }
    // As an operator does it.
    let mut said = Vec::new();
    let reference = ada.to_string().parse().unwrap();
    let delete = SecretCommand::Delete { reference };
    delete.run(&[], &providers, &mut said).unwrap();
    let expected = format!("{ada}: removed from {store}\n");
    assert_eq!(String::from_utf8(said).unwrap(), expected);
    // The kernel takes a moment to forget.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(providers.load(&ada).is_err());
    assert!(providers.delete(&ada).is_err());
}

fn reference() -> SecretRef {
    "keyring:keyhole-test/ada".parse().unwrap()
}

/// True inside the session; else starts this test again inside one, or says why not.
fn again(test: &str, session: &[&str]) -> bool {
    if env::var_os("KEYHOLE_TEST_INSIDE").is_some() {
        return true;
    }
    if env::var_os("KEYHOLE_TEST_KEYRING").is_none() {
        // Not with a macro: the test harness would hide it.
        let why = format!("SKIPPED {test}: KEYHOLE_TEST_KEYRING is not set\n");
        io::stderr().write_all(why.as_bytes()).unwrap();
        return false;
    }
    let home = tempfile::tempdir().unwrap();
    let (first, rest) = session.split_first().unwrap();
    let output = Command::new(first)
        .args(rest)
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("secret::keyring::tests::{test}"),
            "--nocapture",
        ])
        .args(["--test-threads", "1"])
        .env("KEYHOLE_TEST_INSIDE", "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    assert!(said.contains("1 passed"), "{said}\n{failed}");
    false
}
