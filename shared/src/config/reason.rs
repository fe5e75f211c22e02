//! Turns the parser's message into a reason that repeats nothing of the file.
//!
//! The messages of `serde` come as text with the offending value or key in the middle. What
//! stands behind the last `expected` comes from our own types, so that much may be shown; where
//! the text does not have the form that `serde` gives it, a general reason is shown instead.
//!
//! # Invariants
//!
//! - No word and no run of eight characters of the offending value gets into the reason, even if
//!   the check that refused it was careless enough to repeat it.

/// The reason for `message`, which is about the piece `about` of the file.
pub(super) fn of(message: &str, about: &str) -> String {
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return expected_names(rest, about).map_or_else(
            || "unknown key".to_owned(),
            |names| format!("unknown key; expected {names}"),
        );
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        return expected_names(rest, about).map_or_else(
            || GENERAL.to_owned(),
            |names| format!("unknown word; expected {names}"),
        );
    }
    for (form, reason) in [
        ("missing field `", "missing key"),
        ("duplicate field `", "this key is given twice:"),
    ] {
        if let Some(name) = message.strip_prefix(form) {
            let name = name.strip_suffix('`').filter(|name| plain(name));
            return name.map_or_else(|| GENERAL.to_owned(), |name| format!("{reason} `{name}`"));
        }
    }
    if SHOW_VALUES.iter().any(|form| message.starts_with(form)) {
        let expected = message.rsplit_once(", expected ").map(|(_, rest)| rest);
        return expected.map_or_else(
            || GENERAL.to_owned(),
            |what| format!("expected {}", in_words(what)),
        );
    }
    if SHOW_KEYS.iter().any(|form| message.starts_with(form)) {
        return "unknown key".to_owned();
    }
    if message.chars().any(char::is_control) || repeats(message, about) {
        return GENERAL.to_owned();
    }
    message.to_owned()
}

/// The list at the end of `serde`'s message, if it is one: `` `a` or `b` ``, ``one of `a`, `b` ``.
///
/// What stands before it must be the offending text as a whole: some messages end there, and then
/// what looks like a list is the end of a key.
fn expected_names<'a>(rest: &'a str, about: &str) -> Option<&'a str> {
    let at = rest.rfind("`, expected ")?;
    let (offending, list) = rest.split_at_checked(at)?;
    let list = list.strip_prefix("`, expected ")?;
    if !readings(about).iter().any(|text| text == offending) {
        return None;
    }
    let names = list.strip_prefix("one of ").unwrap_or(list);
    let names = names.split(", ").flat_map(|some| some.split(" or "));
    let ours = |name: &str| {
        let inside = name.strip_prefix('`').and_then(|n| n.strip_suffix('`'));
        inside.is_some_and(plain)
    };
    names.into_iter().all(ours).then_some(list)
}

/// A name as our own types have them.
fn plain(name: &str) -> bool {
    let fine = |b: u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(fine)
}

/// What `serde` calls a Rust type, in the operator's words.
fn in_words(what: &str) -> &str {
    match what {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        "path string" => "a path",
        // The rest of these names a type of ours.
        other if other.starts_with("struct ") => "a table",
        other if other.starts_with("enum ") => "a word or a table",
        other if other.starts_with("tuple ") => "a list",
        other => other,
    }
}

/// Does the message hold a piece of the text, as written or as TOML reads it?
fn repeats(message: &str, about: &str) -> bool {
    // A check of a whole table names its keys; a check of one value need not repeat any of it.
    let one_value = !about.contains(['\n', '=']);
    readings(about).iter().any(|text| {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        let chars: Vec<char> = text.trim().chars().collect();
        one_value && words.any(|word| word.len() >= SHORT && message.contains(word))
            || chars.len() >= SHORT && message.contains(text.trim())
            || chars
                .windows(RUN)
                .any(|run| message.contains(&run.iter().collect::<String>()))
    })
}

/// The text, and each string and key that TOML reads in it.
fn readings(about: &str) -> Vec<String> {
    let mut read = vec![about.trim_matches(['"', '\'']).to_owned()];
    for document in [
        about.to_owned(),
        format!("x = {about}"),
        format!("{about} = 0"),
    ] {
        if let Ok(table) = document.parse::<toml::Table>() {
            strings(&toml::Value::Table(table), &mut read);
        }
    }
    read
}

fn strings(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => found.push(text.clone()),
        toml::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        toml::Value::Table(table) => {
            for (key, value) in table {
                found.push(key.clone());
                strings(value, found);
            }
        }
        toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}

/// When there is nothing else that may be said.
const GENERAL: &str = "not a valid value here";

/// `serde`'s messages that hold the value, and then what was expected.
const SHOW_VALUES: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];

/// The parser's own messages that hold keys of the file.
const SHOW_KEYS: [&str; 2] = ["unexpected keys in table", "expected table key `"];

/// A piece of this many characters could be a secret's.
const RUN: usize = 8;

/// Words and shorter texts are looked for as a whole, from this length on.
const SHORT: usize = 4;
