//! Secrets in every disguise, and texts that only look like one.

mod laws;

use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard::secret::Secret;
use proptest::prelude::*;

use super::Watch;

fn watch(text: &str) -> Watch {
    let watch = Watch::default();
    watch.learn(1, &secret(text)).unwrap();
    watch
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(text.as_bytes().to_vec()).unwrap())
}

/// Every way of writing `text` that we know of, `before` bytes into something.
fn disguises(text: &str, before: usize) -> Vec<(&'static str, Vec<u8>)> {
    let each = |form: fn(u8) -> String| text.bytes().map(form).collect::<String>();
    let signs = |form: fn(u8) -> String| {
        let one = |byte: u8| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => form(byte),
        };
        text.bytes().map(one).collect::<String>()
    };
    let units = |form: fn(u16) -> String| text.encode_utf16().map(form).collect::<String>();
    let chars = |form: fn(char) -> String| text.chars().map(form).collect::<String>();
    let within = [&vec![b'#'; before][..], text.as_bytes(), b"!"].concat();
    let json = serde_json::to_string(text).unwrap();
    let json = json.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let all = [
        ("plain", text.to_owned()),
        ("upper case", text.to_ascii_uppercase()),
        ("JSON", json.to_owned()),
        ("JSON with slashes", json.replace('/', "\\/")),
        ("\\u", units(|unit| format!("\\u{unit:04x}"))),
        ("\\U", units(|unit| format!("\\u{unit:04X}"))),
        ("\\u{}", chars(|c| format!("\\u{{{:x}}}", u32::from(c)))),
        ("percent, all", each(|byte| format!("%{byte:02x}"))),
        ("PERCENT, all", each(|byte| format!("%{byte:02X}"))),
        ("percent, signs", signs(|byte| format!("%{byte:02x}"))),
        ("PERCENT, signs", signs(|byte| format!("%{byte:02X}"))),
        (
            "form",
            signs(|byte| match byte {
                b' ' => "+".to_owned(),
                byte => format!("%{byte:02X}"),
            }),
        ),
        ("hex", each(|byte| format!("{byte:02x}"))),
        ("HEX", each(|byte| format!("{byte:02X}"))),
        (
            "entities",
            html.replace('"', "&quot;").replace('\'', "&apos;"),
        ),
        (
            "entities, decimal",
            chars(|c| format!("&#{};", u32::from(c))),
        ),
        (
            "entities, padded",
            chars(|c| format!("&#0000{};", u32::from(c))),
        ),
        (
            "entities, hex",
            chars(|c| format!("&#x{:x};", u32::from(c))),
        ),
        (
            "ENTITIES, HEX",
            chars(|c| format!("&#X{:X};", u32::from(c))),
        ),
        ("base64", STANDARD.encode(&within)),
        ("base64url", URL_SAFE_NO_PAD.encode(&within)),
    ];
    all.map(|(name, text)| (name, text.into_bytes())).to_vec()
}

const SECRETS: &[&str] = &[
    "tok-5f0c2a9b7e4d41c8",
    "s3cr3t/Key+with=\"odd\" & <signs>%41\\x",
    "12345678",
    "pässwörd-💡-zz",
    "????>>>>~~~~",
];

#[test]
fn o4_a_secret_is_found_however_it_is_written() {
    for text in SECRETS {
        let watch = watch(text);
        for before in 0..4 {
            for (name, disguised) in disguises(text, before) {
                let around = [b"{\"a\":\"", &disguised[..], b"\"}"].concat();
                assert!(watch.finds(&around), "{text} as {name}, {before}");
                assert!(watch.finds(&disguised), "{text} as {name}, {before}");
            }
        }
    }
}

#[test]
fn o4_a_secret_is_found_anywhere_in_a_long_text_of_escapes() {
    let text = SECRETS[1];
    let watch = watch(text);
    let fillers = ["%41", "\\u0041", "&#65;"].iter().cycle();
    for ((name, disguised), filler) in disguises(text, 1).into_iter().zip(fillers) {
        // so that it lies across the border of two pieces, and far from it
        for turns in [1, 65_531] {
            let before = filler.repeat(turns);
            let whole = [before.as_bytes(), &disguised, b" ", filler.as_bytes()].concat();
            assert!(watch.finds(&whole), "{name} after {turns} of {filler}");
        }
    }
}

#[test]
fn what_is_no_secret_is_let_through() {
    let watch = watch(SECRETS[0]);
    for text in [
        "",
        "%",
        "%4",
        "%zz",
        "\\",
        "\\u",
        "\\u00",
        "\\ud800",
        "\\ud800\\u0041",
        "\\x",
        "\\u{",
        "&",
        "&;",
        "&#",
        "&#;",
        "&#x;",
        "&#99999999;",
        "&amp",
        "&unknown;",
        "tok-5f0c2a9b7e4d41c",
        "\u{1f4a1}",
    ] {
        assert!(!watch.finds(text.as_bytes()), "{text}");
    }
    assert!(!Watch::default().finds(b"anything"));
}

#[test]
fn o4_a_successor_does_not_make_a_secret_forgotten_and_a_short_one_is_refused() {
    let watch = Watch::default();
    watch.learn(1, &secret("first-secret")).unwrap();
    watch.learn(2, &secret("other-secret")).unwrap();
    for _ in 0..2 {
        watch.learn(1, &secret("second-secret")).unwrap();
    }
    for text in ["first-secret", "second-secret", "other-secret"] {
        assert!(watch.finds(text.as_bytes()), "{text}");
    }
    assert!(watch.learn(3, &secret("1234567")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn o4_any_secret_is_found_in_any_disguise_in_any_text(
        text in "[ -~]{8,40}",
        before in "[%&\\\\a-z0-9;#ux]{0,30} ",
        after in " [%&\\\\a-z0-9;#ux]{0,30}",
        alignment in 0_usize..3,
    ) {
        let watch = watch(&text);
        for (name, disguised) in disguises(&text, alignment) {
            let whole = [before.as_bytes(), &disguised, after.as_bytes()].concat();
            prop_assert!(watch.finds(&whole), "{:?} as {}", text, name);
        }
    }

    #[test]
    fn nothing_makes_the_watch_stumble(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _found = watch(SECRETS[3]).finds(&bytes);
    }
}

/// `cargo test --release -p api-fetch -- --ignored --nocapture the_speed_of_the_watch`
#[test]
#[ignore = "measures"]
fn the_speed_of_the_watch() {
    let watch = Watch::default();
    for place in 0..8 {
        watch
            .learn(place, &secret(&format!("tok-5f0c2a9b7e4d41c8-{place}")))
            .unwrap();
    }
    for (name, piece) in [
        ("plain", "lorem ipsum "),
        ("JSON", "{\"a\": 1, \\\"b\\\": 2}, "),
    ] {
        for size in [1 << 10, 1 << 20, 16 << 20] {
            let text = piece.repeat(size / piece.len());
            let start = Instant::now();
            assert!(!watch.finds(text.as_bytes()));
            println!("{name} {size} bytes: {:?}", start.elapsed());
        }
    }
}
