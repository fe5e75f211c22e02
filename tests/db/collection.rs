//! Files of statements, read into entries.
//!
//! An entry begins with `-- # what it tries`. A line `-- $ [..]` holds its parameters. In its text
//! `{U+XXXX}` stands for a character, `{repeat TEXT N}` for `TEXT` so many times, with `_` for a
//! space in `TEXT`.

use std::path::PathBuf;

use harness::workspace;
use serde_json::Value;
use serde_json::json;

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The file it is in, without its ending.
    pub(super) class: String,
    /// What it tries.
    pub(super) what: String,
    /// The text.
    pub(super) sql: String,
    /// Its parameters.
    pub(super) params: Option<Value>,
}

impl Entry {
    /// The arguments of `query_rows` and `explain_query`.
    pub(super) fn arguments(&self) -> Value {
        let mut arguments = json!({"sql": self.sql});
        if let Some(params) = &self.params {
            arguments["params"] = params.clone();
        }
        arguments
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short: String = self.sql.chars().take(200).collect();
        write!(f, "[{}] {}: {short}", self.class, self.what)
    }
}

/// All entries of all files in `tests/db/NAME`, one list a file.
pub(super) fn collection(name: &str) -> Vec<Vec<Entry>> {
    let folder = workspace().join("tests/db").join(name);
    let files = std::fs::read_dir(&folder).expect("a collection");
    let mut files: Vec<PathBuf> = files.map(|f| f.expect("readable").path()).collect();
    files.sort();
    files.iter().map(|path| file(path)).collect()
}

fn file(path: &std::path::Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("readable");
    let class = path.file_stem().expect("named").to_string_lossy();
    let blocks = text.split("-- # ").skip(1);
    let entries = blocks.map(|block| {
        let (what, rest) = block.split_once('\n').expect("a statement");
        let (params, sql) = match rest.strip_prefix("-- $ ") {
            Some(rest) => {
                let (params, sql) = rest.split_once('\n').expect("a statement");
                let params = serde_json::from_str(params).expect("a list in JSON");
                (Some(params), sql)
            }
            None => (None, rest),
        };
        Entry {
            class: class.clone().into_owned(),
            what: what.to_owned(),
            sql: filled(sql.trim_end_matches('\n')),
            params,
        }
    });
    let entries: Vec<Entry> = entries.collect();
    assert!(!entries.is_empty(), "{} is empty", path.display());
    entries
}

fn filled(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let inside = after.split_once('}');
        let Some((text, behind)) = inside.and_then(|(name, behind)| Some((fill(name)?, behind)))
        else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(&text);
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn fill(name: &str) -> Option<String> {
    if let Some(code) = name.strip_prefix("U+") {
        let code = u32::from_str_radix(code, 16).ok()?;
        return char::from_u32(code).map(String::from);
    }
    let (text, times) = name.strip_prefix("repeat ")?.rsplit_once(' ')?;
    Some(text.replace('_', " ").repeat(times.parse().ok()?))
}

#[test]
fn the_collections_are_large_and_say_what_they_try() {
    let hostile: Vec<Entry> = collection("hostile").into_iter().flatten().collect();
    let honest: Vec<Entry> = collection("honest").into_iter().flatten().collect();
    assert!(hostile.len() >= 700, "{}", hostile.len());
    assert!(honest.len() >= 100, "{}", honest.len());
    for entry in hostile.iter().chain(&honest) {
        assert!(entry.what.len() > 2 && !entry.sql.is_empty(), "{entry}");
    }
    let mut texts: Vec<String> = hostile.iter().map(|e| e.arguments().to_string()).collect();
    texts.sort();
    let twice: Vec<_> = texts.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
