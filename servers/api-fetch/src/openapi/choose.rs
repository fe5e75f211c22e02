//! Which operations are taken.

use super::Choice;
use super::operation::Operation;

/// Whether `operation` is taken: included, or nothing is said and it reads; and not excluded.
pub(super) fn is_chosen(operation: &Operation<'_>, choice: &Choice) -> bool {
    let matches = |wanted: &String| matches(operation, wanted);
    let included = if choice.include.is_empty() {
        operation.reads()
    } else {
        // `*` alone and the like choose what reads; what writes is named, or tagged
        choice.include.iter().any(|wanted| {
            matches(wanted) && (operation.reads() || !wanted.trim_matches('*').is_empty())
        })
    };
    included && !choice.exclude.iter().any(matches)
}

fn matches(operation: &Operation<'_>, wanted: &str) -> bool {
    if let Some(tag) = wanted.strip_prefix("tag:") {
        return operation.tags().any(|own| fits(tag, own));
    }
    if wanted.starts_with('/') {
        return fits(wanted, operation.path);
    }
    fits(wanted, operation.id().unwrap_or_default())
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
}
