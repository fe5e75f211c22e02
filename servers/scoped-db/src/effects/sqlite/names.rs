//! Finds the names that a statement defines for itself, as SQLite reads them.
//!
//! SQLite tells the wall which view a column is read for by name alone, and calls a common table
//! expression so as well. One that took a view's name would read what the view reads, so none may.

/// Whether `sql` may define one of the names that `taken` says: `NAME AS (`, or `NAME (..) AS (`.
/// May say so of what is no statement at all.
pub(super) fn defines(sql: &str, taken: impl Fn(&str) -> bool) -> bool {
    let tokens = tokens(sql);
    let at = |place: usize| tokens.get(place);
    (0..tokens.len()).any(|place| {
        let Some(Token::Name(name)) = at(place) else {
            return false;
        };
        let mut next = place + 1;
        if at(next) == Some(&Token::Mark('(')) {
            let rest = tokens.iter().skip(next);
            let end = rest.take_while(|token| **token != Token::Mark(')')).count();
            next += end + 1;
        }
        let is =
            |place: usize, word: &str| matches!(at(place), Some(Token::Name(name)) if name == word);
        if !is(next, "as") {
            return false;
        }
        next += 1;
        next += usize::from(is(next, "not"));
        next += usize::from(is(next, "materialized"));
        at(next) == Some(&Token::Mark('(')) && taken(name)
    })
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    /// A word or anything in quotes, in lower case: SQLite takes also a string for a name.
    Name(String),
    Mark(char),
}

fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql.chars().peekable();
    while let Some(next) = rest.next() {
        let mut name = String::new();
        match next {
            // SQLite passes over a byte order mark before a word
            _ if next.is_ascii_whitespace() || next == '\u{feff}' => continue,
            '"' | '\'' | '`' | '[' => {
                let close = if next == '[' { ']' } else { next };
                while let Some(next) = rest.next() {
                    if next == close && rest.next_if_eq(&close).is_none() {
                        break;
                    }
                    name.push(next.to_ascii_lowercase());
                }
            }
            _ if is_word(next) => {
                name.push(next.to_ascii_lowercase());
                while let Some(next) = rest.next_if(|next| is_word(*next)) {
                    name.push(next.to_ascii_lowercase());
                }
            }
            mark => {
                tokens.push(Token::Mark(mark));
                continue;
            }
        }
        tokens.push(Token::Name(name));
    }
    tokens
}

fn is_word(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '_' | '$') || !next.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_written() {
        let taken = |name: &str| name == "v \"w";
        for sql in [
            "WITH \"V \"\"w\" AS (SELECT 1) SELECT 1",
            "WITH a AS (SELECT 1), [v \"w](x, y)\n as materialized(SELECT 1) SELECT 1",
            "WITH RECURSIVE 'v \"w'(\"a)\") AS NOT MATERIALIZED (SELECT 1) SELECT 1",
            "WITH a AS (SELECT 1),\u{feff}\"V \"\"W\"AS(SELECT 1) SELECT 1",
            "SELECT * FROM (WITH `v \"w` AS (SELECT 1) SELECT 1)",
        ] {
            assert!(defines(sql, taken), "{sql}");
        }
        for sql in [
            "SELECT * FROM \"v \"\"w\" AS x",
            "SELECT * FROM \"v \"\"w\", (SELECT 1) AS y",
            "WITH a AS (SELECT * FROM \"v \"\"w\") SELECT 'v \"w' AS a FROM a",
            "",
            "'",
            "\"v \"\"w\" (",
        ] {
            assert!(!defines(sql, taken), "{sql}");
        }
    }
}
