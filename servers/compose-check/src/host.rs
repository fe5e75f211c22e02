//! The configuration of an MCP host: which servers it starts, and how.
//!
//! Hosts write the same thing in different places: `mcpServers` (Claude Desktop, Claude Code,
//! Cursor, Windsurf, Gemini CLI), below `projects` as well (Claude Code's own file), `servers`
//! (VS Code, also below `mcp`), `context_servers` (Zed). Comments and trailing commas are allowed.
//!
//! # Invariants
//!
//! - An entry that is not understood is kept as one, never left out.

use std::path::PathBuf;

use jsonc_parser::CollectOptions;
use jsonc_parser::ParseOptions;
use jsonc_parser::parse_to_ast;
use serde_json::Map;
use serde_json::Value;

/// One server of a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What the host calls it.
    pub name: String,
    /// How it is reached.
    pub how: How,
}

/// How a server is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum How {
    /// The host starts it.
    Started(Started),
    /// It runs elsewhere and is reached over the network.
    Remote,
    /// The host does not start it now.
    Disabled,
    /// The entry says something else.
    Unclear,
}

/// What a host starts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Started {
    /// The command, as it is written.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What is set in its environment.
    pub env: Vec<(String, String)>,
    /// Where it is started; without, where the host pleases.
    pub cwd: Option<PathBuf>,
}

/// Why a file is not the configuration of a host.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAHost {
    /// It is not JSON.
    #[error("not JSON, also with comments and trailing commas allowed")]
    Json,
    /// It names no servers.
    #[error("none of `mcpServers`, `servers`, `mcp.servers` and `context_servers` is in it")]
    NoServers,
    /// It names more than any host starts.
    #[error("more than 256 servers")]
    TooMany,
}

/// Reads the configuration of a host: all servers of all places that it has.
///
/// # Errors
///
/// [`NotAHost`] if there are none.
pub fn read(text: &str) -> Result<Vec<Entry>, NotAHost> {
    // what hosts take beside JSON, and no more
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options);
    let file = parsed.map_err(|_| NotAHost::Json)?.value;
    let file = file.map_or(Value::Null, Value::from);
    let mut places: Vec<&Map<String, Value>> = [
        "/mcpServers",
        "/servers",
        "/mcp/servers",
        "/context_servers",
    ]
    .into_iter()
    .filter_map(|place| file.pointer(place)?.as_object())
    .collect();
    let projects = file.get("projects").and_then(Value::as_object);
    for project in projects.into_iter().flat_map(Map::values) {
        places.extend(project.get("mcpServers").and_then(Value::as_object));
    }
    if places.is_empty() {
        return Err(NotAHost::NoServers);
    }
    let all = places.into_iter().flatten();
    let entries: Vec<Entry> = all
        .map(|(name, value)| Entry {
            name: name.clone(),
            how: how(value),
        })
        .collect();
    if entries.len() > MOST {
        return Err(NotAHost::TooMany);
    }
    Ok(entries)
}

fn how(entry: &Value) -> How {
    let flag = |key: &str, says: bool| entry.get(key).and_then(Value::as_bool) == Some(says);
    if flag("disabled", true) || flag("enabled", false) {
        return How::Disabled;
    }
    let remote = ["url", "serverUrl", "httpUrl"];
    if remote.into_iter().any(|key| entry.get(key).is_some()) {
        return How::Remote;
    }
    // Zed also writes the command as a table of its own
    let inner = entry.get("command").filter(|command| command.is_object());
    let table = inner.unwrap_or(entry);
    let command = ["command", "path"]
        .into_iter()
        .find_map(|key| table.get(key)?.as_str());
    let Some(command) = command else {
        return How::Unclear;
    };
    let texts = |value: &Value| -> Option<Vec<String>> {
        let list = value.as_array()?.iter();
        list.map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let pairs = |value: &Value| -> Option<Vec<(String, String)>> {
        let pairs = value.as_object()?.iter();
        pairs
            .map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
            .collect()
    };
    let arguments = table.get("args").map_or(Some(Vec::new()), texts);
    let env = table
        .get("env")
        .filter(|env| !env.is_null())
        .map_or(Some(Vec::new()), pairs);
    match (arguments, env) {
        (Some(arguments), Some(env)) => How::Started(Started {
            command: command.to_owned(),
            arguments,
            env,
            cwd: table.get("cwd").and_then(Value::as_str).map(PathBuf::from),
        }),
        (None, _) | (_, None) => How::Unclear,
    }
}

const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn started(command: &str, arguments: &[&str]) -> How {
        How::Started(Started {
            command: command.to_owned(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            ..Started::default()
        })
    }

    #[test]
    fn every_hosts_form_is_read() {
        let expected = started("readonly-fs", &["/docs"]);
        for text in [
            r#"{"mcpServers": {"docs": {"command": "readonly-fs", "args": ["/docs"]}}}"#,
            r#"{"mcpServers": {"docs": {"type": "stdio", "command": "readonly-fs", "args": ["/docs"], "env": {}}}}"#,
            r#"{"projects": {"/home/ada/x": {"mcpServers": {"docs": {"command": "readonly-fs", "args": ["/docs"]}}}}}"#,
            "{\"inputs\": [], // from the team\n \"servers\": {\"docs\": {\"type\": \"stdio\", \"command\": \"readonly-fs\", \"args\": [\"/docs\",],},}}",
            r#"{"mcp": {"servers": {"docs": {"command": "readonly-fs", "args": ["/docs"]}}}}"#,
            r#"{"context_servers": {"docs": {"command": {"path": "readonly-fs", "args": ["/docs"], "env": null}}}}"#,
            r#"{"context_servers": {"docs": {"source": "custom", "command": "readonly-fs", "args": ["/docs"]}}}"#,
        ] {
            let entries = read(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(entries.len(), 1, "{text}");
            assert_eq!(
                (entries[0].name.as_str(), &entries[0].how),
                ("docs", &expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_kept_and_what_is_no_host_is_refused() {
        let text = r#"{"mcpServers": {"a": {"url": "https://x"}, "b": {"command": "x", "disabled": true},
            "c": 7, "d": {"command": "x", "args": [1]}, "e": {"command": "x", "env": {"K": 1}}, "f": {}}}"#;
        let found: Vec<How> = read(text)
            .unwrap()
            .into_iter()
            .map(|entry| entry.how)
            .collect();
        use How::Unclear;
        assert_eq!(
            found,
            [
                How::Remote,
                How::Disabled,
                Unclear,
                Unclear,
                Unclear,
                Unclear
            ]
        );
        assert_eq!(read("{"), Err(NotAHost::Json));
        assert_eq!(read("{}"), Err(NotAHost::NoServers));
        assert_eq!(read("[]"), Err(NotAHost::NoServers));
        let many: Vec<String> = (0..300).map(|at| format!("\"s{at}\": {{}}")).collect();
        let many = format!("{{\"mcpServers\": {{{}}}}}", many.join(","));
        assert_eq!(read(&many), Err(NotAHost::TooMany));
        // and a deep one ends neither the process nor the patience
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
