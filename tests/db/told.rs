//! Answers that can be compared, and what they must not hold.

use harness::Answer;
use serde_json::Value;

/// What every hidden text of the database under attack holds.
const MARK: &str = "zq7";

/// The digits of hidden numbers, in the two variants.
pub(super) const DIGITS: [&str; 2] = ["91827", "73645"];

/// What of `told` is hidden and was not in what was `asked`: the caller's own words may come back.
pub(super) fn hidden_in(told: &str, asked: &str) -> Option<String> {
    let lower = told.to_lowercase();
    let asked = asked.to_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find(MARK) {
        let start = from + at;
        let word: String = lower[start..].chars().take_while(inside).collect();
        if !asked.contains(&word) {
            return Some(around(&lower, start));
        }
        from = start + word.len();
    }
    let veiled = veils().iter().find_map(|veil| lower.find(veil.as_str()));
    let digits = DIGITS.iter().find_map(|digits| {
        let mut places = lower.match_indices(digits).map(|(at, _)| at);
        let at = places.find(|at| number(&lower, *at))?;
        (!asked.contains(digits)).then_some(at)
    });
    veiled.or(digits).map(|at| around(&lower, at))
}

/// Whether the digits at `at` are part of a number of common length, not of a hash or a power.
fn number(text: &str, at: usize) -> bool {
    let wide = |letter: &char| letter.is_ascii_alphanumeric();
    let before: String = text[..at].chars().rev().take_while(wide).collect();
    let after: String = text[at..].chars().take_while(wide).collect();
    let all = before + &after;
    all.len() < 15 && all.bytes().all(|byte| byte.is_ascii_digit())
}

fn inside(letter: &char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

fn around(text: &str, at: usize) -> String {
    let from = text[..at]
        .char_indices()
        .rev()
        .nth(60)
        .map_or(0, |(i, _)| i);
    text[from..].chars().take(160).collect()
}

/// The mark as hexadecimal digits, backwards, and in base 64 at each of three places.
fn veils() -> [String; 3] {
    let hex: String = MARK.bytes().map(|b| format!("{b:02x}")).collect();
    let back: String = MARK.chars().rev().collect();
    // `zq7-` in base 64, where it begins a group: what follows depends on its neighbours
    [
        format!("{hex}2d"),
        format!("-{back}"),
        "enE3l".to_lowercase(),
    ]
}

/// The answer without what differs from call to call.
pub(super) fn comparable(answer: &Answer) -> String {
    let mut bare = answer.0.clone();
    bare.as_object_mut().expect("an object").remove("id");
    strip(&mut bare);
    bare.to_string()
}

/// What of an answer is worth reading when something is wrong.
pub(super) fn gist(answer: &Answer) -> String {
    let result = &answer.0["result"];
    let text = match &result["structuredContent"] {
        Value::Null => answer.0.to_string(),
        content => content.to_string(),
    };
    text.chars().take(600).collect()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for key in ["ref", "next", "nextCursor"] {
                object.remove(key);
            }
            object.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        Value::String(text) => {
            if let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
            {
                strip(&mut inner);
                *text = inner.to_string();
            }
            if let Some(at) = text.find("ref ") {
                text.truncate(at);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn hidden_words_are_found_and_ones_own_words_are_not() {
    assert!(hidden_in("x zq7-ssn-a-1 y", "select 'zq7'").is_some());
    assert!(hidden_in("x ZQ7-ssn-a-1 y", "select 'zq7-ssn-a-1'").is_none());
    assert!(hidden_in("9182701", "").is_some());
    assert!(hidden_in("3c9182701", "").is_none());
    assert!(hidden_in("7a71372d", "").is_some());
    assert!(hidden_in("nothing", "").is_none());
}
