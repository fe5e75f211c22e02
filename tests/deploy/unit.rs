//! A unit file of systemd, as lines of sections.

use std::path::PathBuf;

use super::deployment;
use super::text;

/// What a unit file says, in its order.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The name of the file.
    pub(super) name: String,
    /// The file.
    pub(super) text: String,
    lines: Vec<(String, String, String)>,
}

impl Unit {
    /// The example unit `name`.
    pub(super) fn load(name: &str) -> Self {
        Self::parse(name, &text(&format!("systemd/{name}")))
    }

    /// All example units whose file name ends so.
    pub(super) fn all(kind: &str) -> Vec<Self> {
        let folder = std::fs::read_dir(deployment("systemd")).expect("a folder");
        let names = folder.map(|entry| entry.expect("readable").file_name());
        let mut names: Vec<String> = names
            .filter_map(|name| name.into_string().ok())
            .filter(|name| name.ends_with(kind))
            .collect();
        names.sort();
        assert!(!names.is_empty(), "no {kind}");
        names.iter().map(|name| Self::load(name)).collect()
    }

    /// A unit of this text.
    pub(super) fn parse(name: &str, text: &str) -> Self {
        let mut section = String::new();
        let mut lines = Vec::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix('[') {
                title.trim_end_matches(']').clone_into(&mut section);
            } else if !line.is_empty() && !line.starts_with('#') {
                let (key, value) = line.split_once('=').expect("KEY=VALUE");
                lines.push((section.clone(), key.to_owned(), value.to_owned()));
            }
        }
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            lines,
        }
    }

    /// The same without the lines that are `line`.
    pub(super) fn without(&self, line: &str) -> Self {
        let kept = self.text.lines().filter(|one| *one != line);
        let text: String = kept.map(|line| format!("{line}\n")).collect();
        assert_ne!(text, self.text, "{}: no {line}", self.name);
        Self::parse(&self.name, &text)
    }

    /// The lines `KEY=VALUE` of a section.
    pub(super) fn section(&self, name: &str) -> Vec<String> {
        let own = self.lines.iter().filter(|(section, ..)| section == name);
        own.map(|(_, key, value)| format!("{key}={value}"))
            .collect()
    }

    /// All values of a key, split into words.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        let same = self.lines.iter().filter(|(_, known, _)| known == key);
        same.flat_map(|(.., value)| value.split_whitespace())
            .map(str::to_owned)
            .collect()
    }

    /// The one value of a key.
    pub(super) fn one(&self, key: &str) -> &str {
        let mut same = self.lines.iter().filter(|(_, known, _)| known == key);
        let (.., value) = same
            .next()
            .unwrap_or_else(|| panic!("{}: no {key}", self.name));
        assert!(same.next().is_none(), "{}: two of {key}", self.name);
        value
    }

    /// The command as systemd would start it for the instance `instance`: words without a shell.
    pub(super) fn command(&self, instance: &str) -> Vec<String> {
        let command = self.one("ExecStart");
        let filled = command
            .replace("%L", "/var/log")
            .replace("%S", "/var/lib")
            .replace("%d", "/run/credentials")
            .replace("%i", instance);
        assert!(!filled.contains(['%', '$', '"', '\'']), "{filled}");
        filled.split_whitespace().map(str::to_owned).collect()
    }

    /// The binary that it starts.
    pub(super) fn binary(&self) -> String {
        let path = PathBuf::from(&self.command("i")[0]);
        path.file_name().unwrap().to_str().unwrap().to_owned()
    }
}
