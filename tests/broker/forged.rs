//! Whoever starts a broker, or speaks to one, and is no worker of ours.

use std::io::Read;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use harness::bin;
use harness::until;

use super::ARGUMENT;
use super::TERMS;

fn start(name: &str) -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let child = Command::new(bin(name))
        .arg(ARGUMENT)
        .args(TERMS)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (child, ours)
}

/// Its exit code, and what it said.
fn end(mut child: Child) -> (Option<i32>, String) {
    let ended = until(Duration::from_secs(5), || child.try_wait().unwrap());
    let Some(status) = ended else {
        child.kill().unwrap();
        panic!("it goes on");
    };
    let mut said = String::new();
    let mut stdout = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    assert_eq!(stdout, "");
    (status.code(), said)
}

fn charter() -> Vec<u8> {
    let text = br#"{"targets":[],"secrets":[],"documents":[]}"#;
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&length[..], text].concat()
}

#[test]
fn a1_a_broker_ends_at_the_first_word_that_no_worker_says() {
    let dial = [1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0];
    let secret = [2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0];
    let forged: [&[u8]; 6] = [
        b"\xff\xff\xff\x7f",
        b"\x05\0\0\0\x1b[2Jx",
        &[&charter()[..], &dial].concat(),
        &[&charter()[..], &secret].concat(),
        &[&charter()[..], &charter()].concat(),
        &[&charter()[..], &[0; 5]].concat(),
    ];
    for name in ["api-fetch", "scoped-db"] {
        for bytes in forged {
            let (child, mut ours) = start(name);
            ours.write_all(bytes).unwrap();
            let (code, said) = end(child);
            assert_eq!(code, Some(1), "{name}: {bytes:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(said.contains("connections ends: "), "{said}");
            assert!(!said.contains('\x1b'), "{said}");
            // no answer to any of it, but that it was held down before it heard more
            let mut heard = Vec::new();
            ours.read_to_end(&mut heard).ok();
            assert!(matches!(&heard[..], b"" | b"R"), "{heard:?}");
        }
    }
}

#[test]
fn a_broker_whose_worker_never_spoke_ends_without_a_word() {
    let (child, ours) = start("api-fetch");
    drop(ours);
    assert_eq!(end(child), (Some(0), String::new()));
}

#[test]
fn people_cannot_use_the_argument_of_a_broker() {
    for name in ["api-fetch", "scoped-db"] {
        for arguments in [
            &[ARGUMENT][..],
            &[ARGUMENT, "text", "warn", "require", "root-refused"],
            &[ARGUMENT, "check"],
        ] {
            let output = Command::new(bin(name))
                .args(arguments)
                .env_clear()
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}");
            assert_eq!(output.stdout, b"");
        }
    }
}
