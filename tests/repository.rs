//! What must not lie in the repository: secrets, and the files that hold them.
//!
//! All files that git tracks are looked through; without git, all below the workspace but what is built.
//! What only looks like a secret stands in [`EXCEPTIONS`], with a reason, for as long as it is there.

mod scan;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use harness::workspace;
use scan::Finding;
use scan::scan;

/// What looks like a secret and is none: where, the text that was found, and why it may stay.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "examples/crm-api/mcp.json",
        SAMPLE_KEY,
        "the key of a sample that the example starts itself, on this machine, with made-up customers",
    ),
    (
        "examples/customer-desk/mcp.json",
        SAMPLE_KEY,
        "as in crm-api: it opens the sample and nothing else",
    ),
    (
        "tests/foreign/aws.py",
        "moto",
        "the key for a server that the tests start themselves, and that verifies no signature",
    ),
];

const SAMPLE_KEY: &str = "sample-key-for-the-crm-example";

/// Names of files that hold secrets, whatever is in them.
fn holds_secrets(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_env = name.starts_with(".env") && name != ".env.example";
    let named = matches!(
        name,
        "id_rsa" | "id_ed25519" | ".netrc" | ".pgpass" | ".npmrc" | ".pypirc"
    );
    is_env
        || named
        || matches!(
            extension,
            Some("pem" | "key" | "p12" | "pfx" | "jks" | "keystore")
        )
}

/// The files of the repository, relative to it.
fn files() -> Vec<PathBuf> {
    tracked().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(workspace(), &mut found);
        found
    })
}

/// What git tracks, if this is a repository and git is here.
fn tracked() -> Option<Vec<PathBuf>> {
    let mut command = Command::new("git");
    command
        .args(["ls-files", "-z", "--cached"])
        .current_dir(workspace());
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).expect("names are text");
    let names = text.split('\0').filter(|name| !name.is_empty());
    Some(names.map(PathBuf::from).collect())
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("readable");
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        let name = entry.file_name();
        let made = [
            "target",
            "node_modules",
            "venv",
            "openapi",
            ".git",
            "__pycache__",
        ];
        if kind.is_dir() && !made.iter().any(|made| name == *made) {
            walk(&path, found);
        } else if kind.is_file() {
            let relative = path.strip_prefix(workspace()).expect("below it");
            found.push(relative.to_owned());
        }
    }
}

#[test]
fn l4_no_file_of_the_repository_holds_a_secret() {
    let files = files();
    assert!(files.len() > 300, "{} files are too few", files.len());
    let mut findings = Vec::new();
    let mut excused = vec![false; EXCEPTIONS.len()];
    for file in &files {
        let shown = file.display().to_string();
        if holds_secrets(file) {
            findings.push(format!("{shown}: a file of this name holds secrets"));
        }
        // tracked, and removed since
        let Ok(bytes) = std::fs::read(workspace().join(file)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        for Finding { line, what, text } in scan(&text, is_code) {
            let excuse = EXCEPTIONS
                .iter()
                .position(|(path, allowed, _)| shown == *path && text == *allowed);
            match excuse {
                Some(at) => excused[at] = true,
                None => findings.push(format!("{shown}:{line}: {what}: {text}")),
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    for ((path, text, _), used) in EXCEPTIONS.iter().zip(excused) {
        assert!(
            used,
            "the exception for `{text}` in {path} is no longer needed"
        );
    }
}

#[test]
fn git_ignores_every_env_file_but_the_example() {
    let ignored = |path: &str| {
        let mut command = Command::new("git");
        command.args(["check-ignore", "--quiet", "--no-index", path]);
        let status = command.current_dir(workspace()).status();
        status.ok().and_then(|status| status.code())
    };
    if tracked().is_none() {
        harness::loudly("the rules of .gitignore: this is no repository, or there is no git");
        return;
    }
    for path in [
        ".env",
        ".env.local",
        ".env.production",
        ".envrc",
        "examples/crm-api/.env",
        "servers/api-fetch/.env.test",
        "ca.key",
        "tests/server.pem",
    ] {
        assert_eq!(ignored(path), Some(0), "{path}");
    }
    for path in [".env.example", "examples/crm-api/.env.example", "README.md"] {
        assert_eq!(ignored(path), Some(1), "{path}");
    }
}
