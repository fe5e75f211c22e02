//! What is taken for a reference, what comes out of each place, and what nobody sees.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests write the files that are read"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;
use rustix::fs::FileType;
use rustix::fs::Mode;

use super::*;
use crate::config::Source;

/// Nothing is set here, and nothing is mounted.
fn nowhere() -> Providers {
    mounted("/nonexistent", None)
}

fn mounted(dir: impl Into<PathBuf>, credentials: Option<PathBuf>) -> Providers {
    let credentials = credentials.map(PathBuf::into_os_string);
    let environment = move |name: &str| match name {
        "DB_PASSWORD" => Some(CANARY.into()),
        "CREDENTIALS_DIRECTORY" => credentials.clone(),
        "EMPTY" => Some("".into()),
        _ => None,
    };
    Providers {
        mounted: dir.into(),
        ..Providers::new(environment)
    }
}

fn reference(text: &str) -> SecretRef {
    text.parse().unwrap()
}

fn file(path: &Path) -> SecretRef {
    reference(&format!("file:{}", path.display()))
}

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn trouble(providers: &Providers, reference: &SecretRef) -> Trouble {
    let error = providers.load(reference).unwrap_err();
    assert!(error.to_string().starts_with(&reference.to_string()));
    let SecretError::Unusable { trouble, .. } = error else {
        panic!("{error}")
    };
    trouble
}

fn text(providers: &Providers, reference: &SecretRef) -> String {
    providers.load(reference).unwrap().show_to(str::to_owned)
}

const CANARY: &str = "CANARY-hunter2-XyZ";

#[test]
fn references_read_back_as_they_are_written() {
    for good in [
        "env:DB_PASSWORD",
        "env:_x1",
        "file:/etc/keyhole/password",
        "file:/run/a b/ü",
        "cred:db-password.txt",
    ] {
        assert_eq!(reference(good).to_string(), good);
        assert_eq!(
            format!("{:?}", reference(good)),
            format!("SecretRef({good})")
        );
    }
    for bad in [
        "env:",
        "env:1X",
        "env:A-B",
        "env:A B",
        "env: A",
        "ENV:A",
        "file:",
        "file:a",
        "file:/",
        "file:/a/",
        "file:/a/../b",
        "file:~/a",
        "file:/a\0",
        "file:/a\nb",
        "cred:",
        "cred:..",
        "cred:a/b",
        "cred:.hidden",
        "keyring:",
        "keyring:a",
        "keyring:/a",
        "keyring:a/",
        "keyring:a@b/c",
        "postgres://ada:pw@host/db",
        "hunter2",
        "",
        ":",
        "vault:a",
    ] {
        assert!(bad.parse::<SecretRef>().is_err(), "{bad}");
    }
}

#[test]
fn l4_a_literal_is_refused_with_its_place_and_without_its_text() {
    #[derive(Debug, Deserialize)]
    struct Config {
        password: SecretRef,
    }
    let parse =
        |value: &str| Source::new("s.toml", format!("password = {value}")).parse::<Config>();
    let good = parse("'env:DB_PASSWORD'").unwrap();
    assert_eq!(good.password, reference("env:DB_PASSWORD"));
    for literal in [
        format!("'{CANARY}'"),
        "90210".to_owned(),
        "true".to_owned(),
        "['a']".to_owned(),
    ] {
        let said = parse(&literal).unwrap_err().to_string();
        let expected = "s.toml:1:12: expected a reference such as env:NAME, file:/PATH";
        assert!(said.starts_with(expected), "{said}");
        assert!(said.ends_with("not the secret itself"), "{said}");
    }
    let said = parse("'env:hunter-2'").unwrap_err().to_string();
    assert_eq!(said, "s.toml:1:12: expected env:NAME");
}

#[cfg(not(any(feature = "keyring", feature = "keyring-keyutils")))]
#[test]
fn a_place_that_was_not_compiled_in_names_its_feature() {
    let said = "keyring:db/ada"
        .parse::<SecretRef>()
        .unwrap_err()
        .to_string();
    assert!(
        said.ends_with("keyring needs the cargo feature `keyring`"),
        "{said}"
    );
    assert!(!said.contains("ada"));
}

#[test]
fn a_variable_of_the_environment() {
    let providers = nowhere();
    assert_eq!(text(&providers, &reference("env:DB_PASSWORD")), CANARY);
    for absent in ["env:NOTHING", "env:EMPTY"] {
        assert!(matches!(
            trouble(&providers, &reference(absent)),
            Trouble::Absent(_)
        ));
    }
    let process = Providers::of_process();
    assert!(process.load(&reference("env:PATH")).is_ok());
}

#[test]
fn a_file_that_only_its_owner_can_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    for (content, expected) in [
        ("pw", "pw"),
        ("pw\n", "pw"),
        ("pw\r\n", "pw"),
        ("pw\n\n", "pw\n"),
        (" p w ", " p w "),
        ("pw\r", "pw\r"),
    ] {
        write(&path, content.as_bytes(), 0o600);
        assert_eq!(text(&nowhere(), &file(&path)), expected);
    }
    write(&path, &[b'x'; 65_536], 0o400);
    assert_eq!(text(&nowhere(), &file(&path)).len(), 65_536);
}

#[test]
fn hostile_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let said = |name: &str| trouble(&nowhere(), &file(&at(name)));
    assert!(matches!(said("nothing"), Trouble::Absent(_)));
    fs::create_dir(at("dir")).unwrap();
    assert_eq!(said("dir"), Trouble::NotRegular);
    write(&at("good"), b"pw", 0o600);
    symlink("good", at("link")).unwrap();
    assert_eq!(said("link"), Trouble::Link);
    for (mode, name) in [
        (0o640, "g"),
        (0o604, "o"),
        (0o620, "gw"),
        (0o602, "ow"),
        (0o644, "go"),
    ] {
        write(&at(name), b"pw", mode);
        assert_eq!(said(name), Trouble::Exposed, "{mode:o}");
    }
    for (bytes, name, expected) in [
        (&b""[..], "empty", Trouble::Empty),
        (b"\n", "newline", Trouble::Empty),
        (b"a\0b", "nul", Trouble::Nul),
        (b"a\xff", "bytes", Trouble::NotText),
        (&[b'x'; 66_560], "large", Trouble::TooLarge(65_536)),
    ] {
        write(&at(name), bytes, 0o600);
        assert_eq!(said(name), expected, "{name}");
    }
    assert_eq!(
        trouble(&nowhere(), &reference("file:/dev/zero")),
        Trouble::NotRegular
    );
}

#[test]
fn a_fifo_does_not_hang_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, mode, 0).unwrap();
    assert_eq!(trouble(&nowhere(), &file(&fifo)), Trouble::NotRegular);
}

#[test]
fn a_supervisor_may_hand_over_links_and_readable_files_as_long_as_they_stay_there() {
    let dir = tempfile::tempdir().unwrap();
    let mount = dir.path().join("secrets");
    // As Kubernetes lays it out.
    fs::create_dir_all(mount.join("..2026")).unwrap();
    write(&mount.join("..2026/db"), b"pw\n", 0o644);
    symlink("..2026", mount.join("..data")).unwrap();
    symlink("..data/db", mount.join("db")).unwrap();
    write(&dir.path().join("outside"), b"stolen", 0o644);
    symlink("../outside", mount.join("out")).unwrap();
    symlink(dir.path().join("outside"), mount.join("absolute")).unwrap();
    let providers = mounted(&mount, None);
    assert_eq!(text(&providers, &reference("cred:db")), "pw");
    assert_eq!(text(&providers, &file(&mount.join("db"))), "pw");
    for out in ["cred:out", "cred:absolute"] {
        assert!(providers.load(&reference(out)).is_err(), "{out}");
    }
    assert!(providers.load(&file(&mount.join("out"))).is_err());
    // The same files are refused where nobody vouches for them.
    assert_eq!(trouble(&nowhere(), &file(&mount.join("db"))), Trouble::Link);
}

#[test]
fn a_systemd_credential_comes_before_a_mounted_secret() {
    let dir = tempfile::tempdir().unwrap();
    let (systemd, docker) = (dir.path().join("systemd"), dir.path().join("docker"));
    for (place, name) in [(&systemd, "a"), (&docker, "a"), (&docker, "b")] {
        fs::create_dir_all(place).unwrap();
        let content = format!("{name} of {}", place.file_name().unwrap().display());
        write(&place.join(name), content.as_bytes(), 0o444);
    }
    let providers = mounted(&docker, Some(systemd));
    assert_eq!(text(&providers, &reference("cred:a")), "a of systemd");
    assert_eq!(text(&providers, &reference("cred:b")), "b of docker");
    assert!(matches!(
        trouble(&providers, &reference("cred:c")),
        Trouble::Absent(_)
    ));
    assert!(matches!(
        trouble(&nowhere(), &reference("cred:c")),
        Trouble::Absent(_)
    ));
}

#[test]
fn l4_nothing_prints_a_secret() {
    let secret = nowhere().load(&reference("env:DB_PASSWORD")).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret");
    assert_eq!(format!("{secret:#?}"), "Secret");
    assert_eq!(secret.length_class().to_string(), "16-31 bytes");
    assert!(!format!("{:?}", nowhere()).contains(CANARY));
}

#[test]
fn l4_a_check_tells_sources_and_length_classes_only() {
    let references = ["env:DB_PASSWORD", "env:NOTHING"].map(reference);
    let mut out = Vec::new();
    let given = vec!["cred:c".parse().unwrap()];
    let check = SecretCommand::Check { references: given };
    let error = check.run(&references, &nowhere(), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "2 of 3 secrets cannot be used");
    let out = String::from_utf8(out).unwrap();
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "env:DB_PASSWORD: ok, 16-31 bytes");
    assert!(lines[1].starts_with("env:NOTHING: not set: "));
    assert!(lines[2].starts_with("cred:c: not set: "));
    assert!(!out.contains(CANARY));
}

#[test]
fn l4_an_argument_that_is_no_reference_is_not_repeated() {
    #[derive(Debug, clap::Parser)]
    struct Arguments {
        #[command(subcommand)]
        command: SecretCommand,
    }
    for verb in ["check", "set", "delete"] {
        let read = <Arguments as clap::Parser>::try_parse_from(["secret", verb, CANARY]);
        let command = read.unwrap().command;
        assert!(!format!("{command:?}").contains(CANARY));
        let error = command.run(&[], &nowhere(), &mut Vec::new()).unwrap_err();
        assert_eq!(error, SecretError::NotAReference);
        assert!(!format!("{error} {error:?}").contains(CANARY));
    }
}

#[test]
fn only_a_keyring_is_written() {
    let secret = Secret::new("pw").unwrap();
    for place in ["env:A", "file:/a", "cred:a"].map(reference) {
        let error = nowhere().set(&place, &secret).unwrap_err();
        assert_eq!(error, SecretError::ReadOnly(place.clone()));
        assert_eq!(nowhere().delete(&place).unwrap_err(), error);
    }
}

proptest! {
    #[test]
    fn what_reads_as_a_reference_prints_as_it_was(text in "(env|file|cred|keyring):/?[ -~ü\0]{0,40}") {
        if let Ok(reference) = text.parse::<SecretRef>() {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn l4_a_refused_text_is_not_in_the_error(text in "((env|file|cred|keyring|[a-z]{0,4}):)?[ -~]{8,40}") {
        if let Err(error) = text.parse::<SecretRef>() {
            let place = text.split_once(':').map_or(&*text, |(_, place)| place);
            let said = format!("{error} {error:?}");
            prop_assert!(place.len() < 8 || !said.contains(place), "{}", said);
        }
    }

    #[test]
    fn a_file_reference_never_climbs(path in "[./a\\\\~]{0,12}") {
        if let Ok(reference) = format!("file:{path}").parse::<SecretRef>() {
            let place = &reference.place;
            prop_assert!(place.starts_with('/') && !place.split('/').any(|part| part == ".."));
        }
    }

    #[test]
    fn any_bytes_are_a_secret_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(secret) = Secret::new(bytes.clone()) {
            secret.show_to(|text| {
                assert!(bytes.starts_with(text.as_bytes()) && bytes.len() - text.len() <= 2);
            });
        }
    }
}
