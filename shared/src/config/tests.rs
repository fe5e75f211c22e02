//! What an operator sees, and what nobody sees.

#![expect(
    clippy::disallowed_methods,
    reason = "the tests write the files that are read"
)]

use std::fs;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Server {
    guard: Common,
    roots: Vec<Root>,
    limits: Own,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "read by nobody but the parser")]
struct Root {
    name: String,
    path: Option<PathBuf>,
    #[serde(default)]
    symlinks: Symlinks,
    label: Option<Spanned<String>>,
    port: Option<u16>,
    since: Option<toml::value::Datetime>,
    strict: Option<Strict>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Symlinks {
    #[default]
    Inside,
    Never,
}

/// A careless check: its message repeats what it was given.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Strict;

impl TryFrom<String> for Strict {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "yes" {
            return Ok(Self);
        }
        Err(format!("`{text}` is not `yes`, expected something else"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Own {
    text_bytes: ByteLimit<262_144>,
    matches: Limit<200>,
}

fn error(text: &str) -> String {
    let source = Source::new("server.toml", text);
    source.parse::<Server>().expect_err(text).to_string()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let server: Server = Source::new("x", "").parse().unwrap();
    assert_eq!(server.guard, Common::default());
    let limits = server.guard.limits;
    assert_eq!(limits.deadline_seconds.get(), 30);
    assert_eq!(limits.request_bytes.get(), 1_048_576);
    assert_eq!(server.guard.audit.rotate_bytes.get(), 67_108_864);
    assert_eq!(server.limits.text_bytes.count(), 262_144);
}

#[test]
fn the_common_table_reads_as_documented() {
    let text = "[guard]\npolicy = \"policy.toml\"\nsandbox = \"best-effort\"\n\
                [guard.audit]\ndir = \"audit\"\nrotate-bytes = \"1 MiB\"\nrotate-hours = 1\nlow-water-bytes = \"200 MB\"\n\
                [guard.limits]\ndeadline-seconds = 5\nrequest-bytes = \"256 KiB\"\n";
    let source = Source::new("/etc/keyhole/server.toml", text);
    let common = source.parse::<Server>().unwrap().guard;
    assert_eq!(common.sandbox, crate::sandbox::Mode::BestEffort);
    assert_eq!(common.limits.deadline_seconds.get(), 5);
    assert_eq!(common.limits.request_bytes.get(), 262_144);
    assert_eq!(common.audit.low_water_bytes, Bytes(200_000_000));
    let policy = source.resolve(&common.policy.unwrap());
    assert_eq!(policy, Path::new("/etc/keyhole/policy.toml"));
    assert_eq!(source.resolve(Path::new("/a")), Path::new("/a"));
    assert_eq!(
        resolve(Path::new("server.toml"), Path::new("a")),
        Path::new("a")
    );
}

#[test]
fn an_error_says_where_and_why() {
    for (text, expected) in [
        (
            "[guard]\npolcy = 1",
            "2:1: unknown key; expected one of `policy`, `sandbox`, `allow-root`, `audit`, `limits`, `secrets`",
        ),
        ("[guard]\npolicy = 1", "2:10: expected a path"),
        (
            "[limits]\nmatches = 201",
            "2:11: expected a whole number from 1 to 200",
        ),
        (
            "[limits]\nmatches = 0",
            "2:11: expected a whole number from 1 to 200",
        ),
        (
            "[limits]\nmatches = -1",
            "2:11: expected a whole number from 1 to 200",
        ),
        (
            "[limits]\nmatches = \"7\"",
            "2:11: expected a whole number from 1 to 200",
        ),
        ("[[roots]]\npath = \"x\"", "1:1: missing key `name`"),
        (
            "[[roots]]\nname = \"あ\"\nsymlinks = 'always'",
            "3:12: unknown word; expected `inside` or `never`",
        ),
        (
            "roots = [{ name = \"あ\", port = 70000 }]",
            "1:31: expected a whole number from 0 to 65535",
        ),
        ("[[roots]]\nname = 1", "2:8: expected a string"),
        ("roots = 1", "1:9: expected a list"),
        ("guard = 1", "1:9: expected a table"),
        (
            "[[roots]]\nname = \"a\"\nstrict = \"none\"",
            "3:10: not a valid value here",
        ),
    ] {
        assert_eq!(error(text), format!("server.toml:{expected}"), "{text}");
    }
}

#[test]
fn a_key_given_twice_has_a_place() {
    assert_eq!(
        error("[guard]\npolicy = 'a'\npolicy = 'b'"),
        "server.toml:3:1: duplicate key"
    );
    assert!(error("[guard]\n[guard]").starts_with("server.toml:2:"));
}

#[test]
fn sizes_and_durations_have_units() {
    #[derive(Debug, Deserialize)]
    struct Figures {
        size: Option<Bytes>,
        time: Option<Seconds>,
    }
    let read = |text: &str| Source::new("f", text).parse::<Figures>();
    for (text, size) in [
        ("65536", 65_536),
        ("\"200 MB\"", 200_000_000),
        ("\"256KiB\"", 262_144),
        ("\"0 B\"", 0),
    ] {
        assert_eq!(
            read(&format!("size = {text}")).unwrap().size,
            Some(Bytes(size))
        );
    }
    for (text, time) in [("90", 90), ("\"15 min\"", 900), ("\"8 h\"", 28_800)] {
        assert_eq!(
            read(&format!("time = {text}")).unwrap().time,
            Some(Seconds(time))
        );
    }
    for bad in [
        "-1",
        "1.5",
        "\"\"",
        "\"MB\"",
        "\"1\"",
        "\"1  MB\"",
        "\"1 mb\"",
        "\"-1 MB\"",
        "\"99999999999 GiB\"",
        "true",
    ] {
        let text = read(&format!("size = {bad}")).unwrap_err().to_string();
        let expected = "f:1:8: expected a whole number, or a text of a number and one of the units \
                        B, kB, KB, MB, GB, KiB, MiB, GiB";
        assert_eq!(text, expected, "{bad}");
    }
}

#[test]
fn a_later_check_can_name_the_place() {
    let source = Source::new(
        "a\nb.toml",
        "\u{feff}[[roots]]\nname = 'x'\nlabel = 'oops'\n",
    );
    let server: Server = source.parse().unwrap();
    let label = server.roots[0].label.as_ref().unwrap();
    let error = source.error_at(label.span(), "unknown label");
    assert_eq!(error.to_string(), "a\\nb.toml:3:9: unknown label");
    let beyond = source.error_at(9999..9999, "x");
    assert_eq!(beyond.to_string(), "a\\nb.toml:4:1: x");
    assert!(!format!("{source:?}").contains("oops"));
}

#[test]
fn only_a_regular_small_utf8_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    let said = |path: &Path| {
        let text = Source::read(path).unwrap_err().to_string();
        text.strip_prefix(path.to_str().unwrap())
            .unwrap()
            .to_owned()
    };
    assert_eq!(said(&path), ": cannot be read: entity not found");
    assert_eq!(said(dir.path()), ": not read: it is not a regular file");
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(said(&fifo), ": not read: it is not a regular file");
    fs::write(&path, b"a = 1\nb = '\xff canary'").unwrap();
    assert_eq!(said(&path), ":2:6: not UTF-8 text");
    fs::write(&path, vec![b' '; MAX_BYTES + 1]).unwrap();
    assert_eq!(said(&path), ": not read: it is larger than 1048576 bytes");
    fs::write(&path, vec![b' '; MAX_BYTES]).unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink("c.toml", &link).unwrap();
    assert!(Source::read(&link).unwrap().parse::<Server>().is_ok());
}

#[test]
fn a_type_can_say_what_it_expected_even_if_the_value_looks_like_it() {
    #[derive(Debug)]
    struct Scheme;
    impl<'de> Deserialize<'de> for Scheme {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            String::deserialize(from)?;
            Err(expected(&"keyring:SERVICE/USER"))
        }
    }
    #[derive(Debug, Deserialize)]
    struct Config {
        #[expect(dead_code, reason = "never read")]
        password: Scheme,
    }
    let source = Source::new("f", "password = 'keyring:payments'");
    let said = source.parse::<Config>().unwrap_err().to_string();
    assert_eq!(said, "f:1:12: expected keyring:SERVICE/USER");
}

#[test]
fn l4_a_key_that_ends_like_a_message_is_not_taken_for_one() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Flat {
        #[serde(flatten)]
        _limits: Own,
    }
    for key in [
        CANARY,
        "x`, expected CANARY-hunter2",
        "x`, expected `CANARY-hunter2",
    ] {
        let source = Source::new("f", format!("'{key}' = 1"));
        let said = source.parse::<Flat>().unwrap_err().to_string();
        assert!(!said.contains("CANARY"), "{said}");
    }
}

const CANARY: &str = "CANARY-hunter2-XyZ";

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    let text = format!("x = {}", "[".repeat(100_000));
    assert!(error(&text).starts_with("server.toml:1:"));
}

const VALID: &str = "# a comment\n[guard]\npolicy = \"policy.toml\"\n\n[guard.audit]\ndir = 'audit'\n\
    rotate-bytes = \"1 MiB\"\n\n[[roots]]\nname = \"docs\"\npath = \"\"\"\nsome\npath\"\"\"\n\
    symlinks = \"never\"\nport = 80\nsince = 2026-12-01T09:00:00Z\nstrict = \"yes\"\n\n\
    [[roots]]\nname = \"more\"\n\n[limits]\ntext-bytes = 65536\nmatches = 20\n";

/// A secret as operators have them, and spelt in ways that fool a comparison of texts.
fn canary() -> impl Strategy<Value = (String, &'static str)> {
    prop_oneof![
        Just(("CANARY-hunter2-XyZ".to_owned(), "CANARY-hunter2-XyZ")),
        Just(("\"CANARY-hunter2-XyZ\"".to_owned(), "CANARY-hunter2-XyZ")),
        Just(("'CANARY-hunter2-XyZ".to_owned(), "CANARY-hunter2-XyZ")),
        Just(("\"CANARY-hunter2-XyZ".to_owned(), "CANARY-hunter2-XyZ")),
        Just(("\"\"\"CANARY\nhunter2".to_owned(), "hunter2")),
        Just((
            "\"\\u0043\\u0041\\u004e\\u0041\\u0052\\u0059\\u002d\\u0058\"".to_owned(),
            "CANARY-X"
        )),
        Just(("`, expected CANARYXY".to_owned(), "CANARYXY")),
        Just(("\"x`, expected `CANARYXY\"".to_owned(), "CANARYXY")),
        Just(("\"x, expected CANARYXY\"".to_owned(), "CANARYXY")),
        Just(("CANARYXY = 1\n".to_owned(), "CANARYXY")),
        Just(("\n[CANARYXY]\n".to_owned(), "CANARYXY")),
        Just(("\nCANARYXY".to_owned(), "CANARYXY")),
        Just(("90210909090909090210".to_owned(), "90210")),
        Just(("1979-13-32T99:99:99Z".to_owned(), "1979")),
        Just(("0xCANARYXY".to_owned(), "CANARYXY")),
        "[A-Z]{12}".prop_map(|s| (s.clone(), &*s.leak())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn l4_whatever_is_pasted_anywhere_is_not_in_the_error(
        at in 0..VALID.len(),
        cut in 0..24_usize,
        (pasted, secret) in canary(),
    ) {
        let before: String = VALID.chars().take(at).collect();
        let after: String = VALID.chars().skip(at + cut).collect();
        let text = format!("{before}{pasted}{after}");
        let source = Source::new("server.toml", text);
        if let Err(error) = source.parse::<Server>() {
            let said = error.to_string();
            prop_assert!(!said.contains(secret), "{said}");
            let debug = format!("{error:?}");
            prop_assert!(!debug.contains(secret));
            prop_assert!(!said.contains('\n'));
            prop_assert!(said.starts_with("server.toml:"));
        }
    }

    #[test]
    fn l4_a_value_or_key_replaced_as_a_whole_is_not_in_the_error(
        line in 0..VALID.lines().count(),
        key in any::<bool>(),
        (pasted, secret) in canary(),
    ) {
        let lines = VALID.lines().enumerate().map(|(at, text)| match text.split_once(" = ") {
            Some((_, value)) if at == line && key => format!("{pasted} = {value}"),
            Some((name, _)) if at == line => format!("{name} = {pasted}"),
            _ => text.to_owned(),
        });
        let source = Source::new("server.toml", lines.collect::<Vec<_>>().join("\n"));
        if let Err(error) = source.parse::<Server>() {
            prop_assert!(!format!("{error} {error:?}").contains(secret), "{error}");
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_in_one_line(text in "(?s).{0,200}") {
        if let Err(error) = Source::new("f", text).parse::<Server>() {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
