//! Which operations are taken.
//!
//! # Invariants
//!
//! - Exclusion wins over whatever includes.
//! - What changes something is taken only where a rule names it: by its id, or by its method and
//!   path, with no `*`.
//! - A rule that fits no operation is told, so that a misspelt exclusion cannot go unnoticed.

use std::fmt;

use super::operation::Operation;

/// One of `include` and `exclude`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    kind: Kind,
    text: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Kind {
    /// `listCustomers`, with `*` for any text.
    Id(String),
    /// `tag:customers`.
    Tag(String),
    /// `method:delete`.
    Method(String),
    /// `/customers/*`, or `GET /customers/*`.
    Path(Option<String>, String),
}

/// Why a text is no rule. Static: nothing of the text is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected an operation id, tag:NAME, method:NAME, a path, or a method and a path; `*` stands \
     for any text"
)]
pub struct NotARule;

impl Rule {
    /// Reads one rule.
    ///
    /// # Errors
    ///
    /// [`NotARule`] for an empty text and for a method that is none.
    pub fn parse(text: &str) -> Result<Self, NotARule> {
        let known = |word: &str| {
            let word = word.to_ascii_lowercase();
            super::operation::METHODS
                .contains(&word.as_str())
                .then_some(word)
                .ok_or(NotARule)
        };
        let kind = if let Some(tag) = text.strip_prefix("tag:") {
            Kind::Tag(tag.to_owned())
        } else if let Some(method) = text.strip_prefix("method:") {
            Kind::Method(known(method)?)
        } else if text.starts_with('/') {
            Kind::Path(None, text.to_owned())
        } else if let Some((method, path)) = text.split_once(" /") {
            Kind::Path(Some(known(method)?), format!("/{path}"))
        } else {
            Kind::Id(text.to_owned())
        };
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(NotARule);
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names this one operation and no others.
    pub(super) fn names(&self, operation: &Operation<'_>) -> bool {
        let exact = match &self.kind {
            Kind::Id(id) => !id.contains('*'),
            Kind::Path(Some(_), path) => !path.contains('*'),
            Kind::Path(None, _) | Kind::Tag(_) | Kind::Method(_) => false,
        };
        exact && self.fits(operation)
    }

    fn fits(&self, operation: &Operation<'_>) -> bool {
        match &self.kind {
            Kind::Id(id) => operation.id().is_some_and(|own| fits(id, own)),
            Kind::Tag(tag) => operation.tags().any(|own| fits(tag, own)),
            Kind::Method(method) => operation.method == method,
            Kind::Path(method, path) => {
                let same = method
                    .as_ref()
                    .is_none_or(|method| operation.method == method);
                same && fits(path, operation.path)
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Of `all`, those that are taken. Without any `include`, those that read are.
///
/// # Errors
///
/// The first rule that fits none of them.
pub(super) fn taken<'a, 'r>(
    all: Vec<Operation<'a>>,
    include: &'r [Rule],
    exclude: &'r [Rule],
) -> Result<Vec<Operation<'a>>, &'r Rule> {
    for rule in include.iter().chain(exclude) {
        if !all.iter().any(|operation| rule.fits(operation)) {
            return Err(rule);
        }
    }
    let is_taken = |operation: &Operation<'_>| {
        let mut rules = include.iter();
        let included = if operation.reads() {
            include.is_empty() || rules.any(|rule| rule.fits(operation))
        } else {
            rules.any(|rule| rule.names(operation))
        };
        included && !exclude.iter().any(|rule| rule.fits(operation))
    };
    Ok(all.into_iter().filter(is_taken).collect())
}

/// Whether `text` is what `pattern` says, where `*` stands for any text. Linear: after each star
/// the first place where the next piece fits is as good as any.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece).and_then(|at| rest.get(at + piece.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, is) in [
            ("get*", "getCustomer", true),
            ("*Customer", "getCustomer", true),
            ("g*t*r", "getCustomer", true),
            ("*", "", true),
            ("get", "getCustomer", false),
            ("*x*", "getCustomer", false),
            ("get*get", "get", false),
            ("/customers/*", "/customers/{id}", true),
        ] {
            assert_eq!(fits(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for good in [
            "a",
            "a/b*",
            "tag:x y",
            "method:GET",
            "/a",
            "post /a",
            "GET /a/*",
        ] {
            assert_eq!(Rule::parse(good).unwrap().text(), good);
        }
        for bad in ["", "method:trace", "FETCH /a", "a\nb"] {
            assert!(Rule::parse(bad).is_err(), "{bad:?}");
        }
    }
}
