//! Finds what looks like a secret in a text, line by line.
//!
//! A net with known meshes, not a proof: it finds keys, tokens and private keys of known forms,
//! passwords in URLs, and literals where configuration and documents name a password.

/// One place that looks like a secret.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Finding {
    /// From 1 on.
    pub(super) line: usize,
    pub(super) what: &'static str,
    /// The text that was found.
    pub(super) text: String,
}

/// All of them. In code the names of variables say nothing of their values: there only what is a
/// secret by its own form counts.
pub(super) fn scan(text: &str, is_code: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut add = |what, found: Vec<&str>| {
            findings.extend(found.into_iter().map(|text| Finding {
                line: at + 1,
                what,
                text: text.to_owned(),
            }));
        };
        add("a private key", private_key(line));
        add("an access key id of AWS", aws_ids(line));
        add("a token of a known form", tokens(line));
        add("a bearer token", bearer(line));
        let urls = urls(line).into_iter();
        add(
            "a password in a URL",
            urls.filter(|url| !(is_code && is_fake(url))).collect(),
        );
        if !is_code {
            add("a literal where a reference belongs", assigned(line));
        }
    }
    findings
}

fn private_key(line: &str) -> Vec<&str> {
    let is_block = line.contains(concat!("-----", "BEGIN ")) && line.contains("PRIVATE KEY-----");
    is_block.then_some(line.trim()).into_iter().collect()
}

/// Twenty characters that begin as those of users and sessions do. The ids of AWS's own documents end
/// in `EXAMPLE`.
fn aws_ids(line: &str) -> Vec<&str> {
    let is_id = |word: &&str| {
        let begins = word.starts_with("AKIA") || word.starts_with("ASIA");
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        word.len() == 20 && begins && word.chars().all(upper) && !word.ends_with("EXAMPLE")
    };
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(is_id).collect()
}

fn tokens(line: &str) -> Vec<&str> {
    let is_token = |word: &&str| {
        let known = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix));
        let jwt = word.starts_with("eyJ") && word.matches('.').count() == 2 && word.len() > 60;
        jwt || known.is_some_and(|rest| rest.len() >= 16 && has_digit(rest))
    };
    words(line).filter(is_token).collect()
}

fn bearer(line: &str) -> Vec<&str> {
    let starts = line.match_indices("earer ");
    let behind = starts.filter_map(|(at, start)| words(line.get(at + start.len()..)?).next());
    let is_token = |word: &&str| word.len() >= 20 && has_digit(word) && is_random(word);
    behind.filter(is_token).collect()
}

/// `scheme://user:password@host`; a password in brackets or capitals stands for one.
fn urls(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("://") {
        let rest = line.get(at + 3..).unwrap_or_default();
        let end = rest.find(|c: char| "/?#\"'`<> \\".contains(c) || c.is_whitespace());
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let password = authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'));
        let Some((_, password)) = password else {
            continue;
        };
        let stands_for_one = password.contains(['{', '$', '*', '%'])
            || !password
                .chars()
                .any(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !stands_for_one {
            found.push(authority);
        }
    }
    found
}

/// Whether the password is one that tests have for what must be refused.
fn is_fake(authority: &str) -> bool {
    let password = authority.split_once(':').map_or("", |(_, rest)| rest);
    FAKES
        .iter()
        .any(|fake| password.starts_with(&format!("{fake}@")))
}

/// `password = "..."` and its like, where what is assigned is no reference.
fn assigned(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for key in KEYS {
        let lower = line.to_ascii_lowercase();
        for (at, _) in lower.match_indices(key) {
            let rest = line.get(at + key.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches(['"', '\'', ' ']);
            let Some(rest) = rest.strip_prefix(['=', ':']) else {
                continue;
            };
            let rest = rest.trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                continue;
            };
            let value = rest.get(1..).and_then(|rest| rest.split(quote).next());
            let value = value.unwrap_or_default();
            let is_reference = SCHEMES.iter().any(|scheme| value.starts_with(scheme));
            let stands_for_one =
                value.is_empty() || value == "..." || value.starts_with(['$', '{', '<', '%']);
            if !is_reference && !stands_for_one && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

/// Words as tokens have them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.+/=~".contains(c)))
}

fn has_digit(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
}

/// No path and no sentence: letters of both cases, or digits all over.
fn is_random(word: &str) -> bool {
    let upper = word.chars().any(|c| c.is_ascii_uppercase());
    let lower = word.chars().any(|c| c.is_ascii_lowercase());
    let digits = word.chars().filter(char::is_ascii_digit).count();
    (upper && lower) || digits * 4 >= word.len()
}

/// How tokens of well-known services begin.
const PREFIXES: [&str; 12] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "rk_live_",
    "AIza",
    "npm_",
    "pypi-",
];

/// What secrets are called where they are configured.
const KEYS: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "secret-key",
    "api-key",
    "api_key",
    "access_key",
    "bearer",
    "token",
];

/// The passwords of no account anywhere.
const FAKES: [&str; 7] = ["hunter2", "password", "s3cr3t", "s3@cr3t", "pw", "p", "b"];

/// How a reference begins.
const SCHEMES: [&str; 6] = ["env:", "file:", "cred:", "keyring:", "vault:", "aws-sm:"];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&'static str> {
        scan(line, false)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn planted_secrets_are_found() {
        // joined here, so that this file holds none
        for (line, what) in [
            (
                format!("-----{} RSA PRIVATE KEY-----", "BEGIN"),
                "a private key",
            ),
            (
                format!("id = {}{}", "AKIA", "Q7RT2ZP4MNVB8XYL"),
                "an access key id of AWS",
            ),
            (
                format!("{}_{}", "ghp", "16C7e42F292c6912E7710c83"),
                "a token of a known form",
            ),
            (
                format!("{}.{}.x", "eyJhbGciOi", "a".repeat(60)),
                "a token of a known form",
            ),
            (
                format!("Authorization: {} 9f86d081884c7d65", "Bearer") + "9a2feaa0",
                "a bearer token",
            ),
            (
                format!("postgres://ada:{}@db/x", "hunter2"),
                "a password in a URL",
            ),
            (
                format!("password = \"{}\"", "hunter2"),
                "a literal where a reference belongs",
            ),
            (
                format!("{{\"api_key\": \"{}\"}}", "hunter2"),
                "a literal where a reference belongs",
            ),
            (
                format!("client-secret = '{}'", "hunter2"),
                "a literal where a reference belongs",
            ),
            (
                format!("bearer = \"{}\"", "hunter2"),
                "a literal where a reference belongs",
            ),
        ] {
            assert_eq!(found(&line), [what], "{line}");
        }
    }

    #[test]
    fn references_and_what_stands_for_a_secret_are_not() {
        for line in [
            "password = \"env:DB_PASSWORD\"",
            "bearer = \"aws-sm:prod/crm#key\"",
            "password = \"\"",
            "password = \"$PASSWORD\"",
            "AKIAIOSFODNN7EXAMPLE",
            "postgres://ada:PASSWORD@db/x",
            "postgres://ada@db:5432/x",
            "Authorization: Bearer TOKEN",
            "a bearer token is never logged",
            "the password is kept in a file",
        ] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn in_code_only_the_form_counts() {
        let line = "let password = \"hunter2\";";
        assert_eq!(scan(line, true), []);
        assert_eq!(scan(line, false).len(), 1);
        let url = format!("\"https://ada:{}@a\"", "hunter2");
        assert_eq!(scan(&url, true), []);
        assert_eq!(scan(&url, false).len(), 1);
        let other = url.replace("hunter2", "Zu7-horse");
        assert_eq!(scan(&other, true).len(), 1);
    }
}
