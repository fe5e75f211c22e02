//! `init`: a configuration drafted from what the database has.
//!
//! What is guessed is marked as a guess, errs on the side of the higher label, and leaves out
//! what looks like a credential. A comment of the database that says `label=...` is no guess.

use std::io::Write;

use guard::program::Start;
use guard::program::StartError;

use super::Arguments;
use super::ScopedDbProgram;
use super::place;
use super::say;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;

/// Prints the draft.
pub(super) fn draft(
    start: &Start<'_, ScopedDbProgram>,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let place = place::place(start, arguments)?;
    let catalog = place.catalog(start.config, &start.secrets())?;
    let mut text = String::from(HEAD);
    text.push_str(&place.as_configuration());
    for table in &catalog.tables {
        if table.columns.iter().any(shows) {
            text.push_str(&drafted(table));
        } else {
            let name = quoted(&table.name.to_string());
            text.push_str(&format!("\n# {name} has no column that could be shown\n"));
        }
    }
    say(out, &text)
}

const HEAD: &str = "\
# Drafted from the catalog. What is marked as a guess was guessed from a name: read every line,
# delete what nobody needs. `scoped-db grant-sql` then prints the role for what is left, with what
# everybody may do by default taken away, such as REVOKE TEMPORARY ON DATABASE ... FROM PUBLIC;
# `scoped-db check` shows whether that is all the role may do.

";

fn drafted(table: &Known) -> String {
    let mut text = String::from("\n[[tables]]\n");
    text.push_str(&format!("name = {}\n", quoted(&table.name.to_string())));
    match table.comment.as_deref().and_then(declared) {
        Some(label) => text.push_str(&format!("label = {}\n", quoted(label))),
        None => text.push_str("label = \"internal\"               # a guess\n"),
    }
    if let Some(about) = table.comment.as_deref().filter(|c| declared(c).is_none()) {
        text.push_str(&format!("about = {}\n", quoted(about)));
    }
    if table.view {
        text.push_str(
            "# a view: it runs with the rights of its owner unless it is a security invoker\n",
        );
    }
    text.push_str("\n[tables.columns]\n");
    for column in &table.columns {
        text.push_str(&line(column));
    }
    text
}

fn line(column: &KnownColumn) -> String {
    let name = key(&column.name);
    if !column.plain {
        return format!("# {name} has a type of its own: declare a view that casts it\n");
    }
    if !column.readable {
        return format!("# {name} may not be read by this role\n");
    }
    if let Some(label) = column.comment.as_deref().and_then(declared) {
        return format!("{name} = {}\n", quoted(label));
    }
    match guess(&column.name.to_lowercase()) {
        Guess::Plain => format!("{name} = true\n"),
        Guess::Credential => format!("# {name} looks like a credential and is left out\n"),
        Guess::Label(label) => format!("{name} = {}   # a guess\n", quoted(label)),
        Guess::Masked(label, mask) => {
            let year = mask == "year"
                && !matches!(column.kind.as_str(), "date" | "timestamp" | "timestamptz");
            let mask = if year { "redact" } else { mask };
            format!("{name} = {{ label = \"{label}\", mask = \"{mask}\" }}   # a guess\n")
        }
    }
}

/// Whether the draft has the column, and not as a comment.
fn shows(column: &KnownColumn) -> bool {
    !line(column).starts_with('#')
}

/// What a name suggests.
#[derive(Debug, Eq, PartialEq)]
enum Guess {
    Plain,
    Label(&'static str),
    Masked(&'static str, &'static str),
    Credential,
}

fn guess(name: &str) -> Guess {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let word = |words: &[&str]| {
        name.split(['_', '-', ' '])
            .any(|part| words.contains(&part))
    };
    if has(&[
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "salt",
    ]) {
        Guess::Credential
    } else if has(&["email", "e_mail"]) {
        Guess::Masked(PERSONAL, "email-domain")
    } else if has(&[
        "phone",
        "mobile",
        "iban",
        "card",
        "account_number",
        "ssn",
        "passport",
        "tax_id",
    ]) {
        Guess::Masked(PERSONAL, "last-4")
    } else if has(&["birth"]) || word(&["dob"]) {
        Guess::Masked(PERSONAL, "year")
    } else if has(&[
        "address",
        "street",
        "postcode",
        "zip",
        "first_name",
        "last_name",
        "surname",
        "full_name",
    ]) || has(&[
        "latitude",
        "longitude",
        "gender",
        "religion",
        "ethnic",
        "nationality",
    ]) || word(&["ip", "lat", "lon", "name"])
    {
        Guess::Masked(PERSONAL, "redact")
    } else if has(&["health", "diagnos", "medical"]) {
        Guess::Label(PERSONAL)
    } else if has(&[
        "salary", "wage", "bonus", "margin", "credit", "note", "comment", "message",
    ]) {
        Guess::Label("confidential")
    } else {
        Guess::Plain
    }
}

const PERSONAL: &str = "confidential+personal";

/// The label of a comment that is one: `label=personal`.
fn declared(comment: &str) -> Option<&str> {
    let label = comment.trim().strip_prefix("label=")?.trim();
    let fine = |c: char| c.is_alphanumeric() || "+-_".contains(c);
    (!label.is_empty() && label.chars().all(fine)).then_some(label)
}

/// A bare key where TOML allows one.
fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !name.is_empty() && name.bytes().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string of TOML 1.0.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_suggest_the_higher_label() {
        assert_eq!(
            guess("email_address"),
            Guess::Masked(PERSONAL, "email-domain")
        );
        assert_eq!(guess("mobile_phone"), Guess::Masked(PERSONAL, "last-4"));
        assert_eq!(guess("password_hash"), Guess::Credential);
        assert_eq!(guess("base_salary"), Guess::Label("confidential"));
        assert_eq!(guess("status"), Guess::Plain);
        assert_eq!(guess("recipient"), Guess::Plain);
    }

    #[test]
    fn any_name_becomes_a_key_that_toml_reads_back() {
        for name in ["id", "first name", "a\"b\\c", "名前", "x\ny\u{7f}", ""] {
            let text = format!("{} = true\n", key(name));
            let source = guard::config::Source::new("draft", text);
            let read: std::collections::BTreeMap<String, bool> = source.parse().unwrap();
            assert!(read.contains_key(name), "{name:?}");
        }
    }

    #[test]
    fn a_comment_that_is_a_label_is_taken() {
        assert_eq!(
            declared(" label=confidential+personal "),
            Some("confidential+personal")
        );
        assert_eq!(declared("label=\"x\"\n"), None);
        assert_eq!(declared("the label=internal"), None);
    }
}
