//! Turns what the server says went wrong into what a caller may hear of it.
//!
//! # Invariants
//!
//! - A caller gets static text, chosen by SQLSTATE alone. No name, no value, and nothing of the
//!   server's message, which may repeat a row.
//! - The operator's log gets the step and the SQLSTATE. The message goes there only where no
//!   statement ran yet: it names roles, databases and hosts, never rows.

use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What of an error may be written down.
#[derive(Debug, thiserror::Error)]
enum Cause {
    /// The server refused.
    #[error("SQLSTATE {0}")]
    Server(String),
    /// The server refused before there was anything to refuse.
    #[error("SQLSTATE {0}: {1}")]
    Start(String, String),
    /// The connection, or what came over it.
    #[error("{0}")]
    Line(String),
}

/// The refusal for what went wrong with a statement.
pub(super) fn refusal(step: &'static str, error: &Error) -> Refusal {
    let code = error.code().map(SqlState::code);
    match code.and_then(denial) {
        Some(denial) => {
            tracing::debug!(code, step, "a statement was refused by the database");
            Refusal::Denied(denial)
        }
        None => Refusal::Failed(failure(step, error)),
    }
}

/// A fault that holds no values.
pub(super) fn failure(step: &'static str, error: &Error) -> Fault {
    let cause = match error.code() {
        Some(code) => Cause::Server(code.code().to_owned()),
        None => Cause::Line(chain(error)),
    };
    Fault::new(step, cause)
}

/// A fault of connecting, with what the server says about it.
pub(super) fn start_failure(step: &'static str, error: &Error) -> Fault {
    let cause = match error.as_db_error() {
        Some(said) => Cause::Start(said.code().code().to_owned(), said.message().to_owned()),
        None => Cause::Line(chain(error)),
    };
    Fault::new(step, cause)
}

/// Whether the server lets nobody in for now: it, the database or the role has all the connections
/// that there may be, or it is starting or stopping.
pub(super) fn is_full(error: &Error) -> bool {
    let passing = [
        &SqlState::TOO_MANY_CONNECTIONS,
        &SqlState::CANNOT_CONNECT_NOW,
    ];
    error.code().is_some_and(|code| passing.contains(&code))
}

/// Whether the server does not let this password in: another may have taken its place.
pub(super) fn is_refused(error: &Error) -> bool {
    let refused = [
        &SqlState::INVALID_PASSWORD,
        &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ];
    error.code().is_some_and(|code| refused.contains(&code))
}

/// Whether a statement that was prepared earlier fits no more: what it reads was altered since.
pub(super) fn is_stale(error: &Error) -> bool {
    let code = error.code().map(SqlState::code);
    matches!(code, Some("0A000" | "26000"))
}

/// Whether the connection is no use any more: it broke, or the server ended it.
pub(super) fn is_gone(error: &Error) -> bool {
    match error.code() {
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle session timeouts
        Some(code) => matches!(
            code.code(),
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "08006" | "08003"
        ),
        None => {
            let io = std::error::Error::source(error).is_some_and(|e| e.is::<std::io::Error>());
            error.is_closed() || io
        }
    }
}

/// Why a statement was not run, or why it gave nothing; none for what is not the caller's doing.
fn denial(code: &str) -> Option<Denial> {
    let class = code.get(..2).unwrap_or_default();
    let text = match code {
        "57014" | "55P03" | "25P04" => return Some(Denial::TimedOut),
        "53400" | "54000" | "54001" | "54011" | "54023" => {
            return Some(Denial::TooLarge("the statement takes more than there is"));
        }
        "42703" => "a column is not available",
        "42P01" => "a table is not available",
        "42883" => "no function or operator takes these types",
        "42725" => "more than one function or operator takes these types: cast the values",
        "42804" | "42846" | "42P18" | "42P22" | "42P21" => TYPES,
        "42803" => "a column must be in GROUP BY or inside an aggregate",
        "42P20" => "a window function stands where none may stand",
        "42702" => "a column name is ambiguous: write the table before it",
        "42712" => "two tables have one name: give one of them another by AS",
        "42P10" => "an ORDER BY or DISTINCT names what is not in the select list",
        "42601" => "the statement is not complete, or its parts do not fit together",
        "42701" | "42P19" | "42611" | "42809" | "42P09" | "42P08" => {
            "the parts of the statement do not fit together"
        }
        "21000" => "a subquery in the place of a value gave more than one row",
        "22012" => "division by zero",
        "22003" | "22008" | "22015" | "22P03" => "a value is out of the range of its type",
        "22001" => "a text is longer than its column",
        "2201B" | "22025" | "22019" => "a pattern is not valid",
        "2201E" | "2201F" | "22014" | "22016" | "2201G" | "22013" => {
            "an argument is outside of what the function takes"
        }
        "2201W" | "2201X" => "LIMIT and OFFSET must not be negative",
        "22P02" | "22007" | "22018" | "22021" | "22P05" | "2200H" => VALUE,
        "22023" => "an argument is not one that the function takes",
        "25006" => "nothing may be changed here",
        "44000" => "the row would not be one that may be written",
        "40001" | "40P01" => "another change came in between; try again",
        _ => match class {
            "22" => VALUE,
            // one text: told apart, a change that must fail would tell which values are there
            "23" => RULES,
            "53" => return Some(Denial::Busy),
            _ => return None,
        },
    };
    Some(Denial::Unsuitable(text))
}

fn chain(error: &Error) -> String {
    let first: &dyn std::error::Error = error;
    let links = std::iter::successors(Some(first), |e| e.source());
    let links: Vec<String> = links.map(ToString::to_string).collect();
    links.join(": ")
}

const RULES: &str = "the rules of the table do not allow this change";
const TYPES: &str = "the types of two values do not fit each other";
const VALUE: &str = "a value does not fit its type";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_hears_depends_on_the_class_of_the_error_alone() {
        let text = |code| denial(code).map(|denial| denial.to_string());
        assert_eq!(text("22P02").as_deref(), Some(VALUE));
        assert_eq!(text("22ZZZ").as_deref(), Some(VALUE));
        assert_eq!(text("42703").as_deref(), Some("a column is not available"));
        assert_eq!(denial("57014"), Some(Denial::TimedOut));
        assert_eq!(denial("53300"), Some(Denial::Busy));
        for fault in ["XX000", "58030", "08006", "28P01", "", "é"] {
            assert_eq!(denial(fault), None, "{fault}");
        }
    }

    #[test]
    fn a_row_that_is_there_and_one_that_is_missing_are_not_named() {
        for code in ["23505", "23503", "23502", "23514", "23P01"] {
            assert_eq!(denial(code), Some(Denial::Unsuitable(RULES)), "{code}");
        }
    }
}
