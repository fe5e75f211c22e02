//! Turns what SQLite says into what may be said.
//!
//! # Invariants
//!
//! - A [`Denial`] has no word of SQLite's message: it may hold a value, or the name of a column
//!   that its reader may not know.

use guard::error::Denial;
use guard::error::Refusal;
use guard::error::fault;
use rusqlite::Error;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why the file cannot be used. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenTrouble {
    /// No such file or directory, or no right to look at it.
    #[error("cannot be found: {0}")]
    Missing(std::io::Error),
    /// The name leads elsewhere.
    #[error("is a symbolic link: name the file itself")]
    Link,
    /// A directory, a device, a pipe.
    #[error("is not a regular file")]
    NotAFile,
    /// There is another file of that name by now.
    #[error("was replaced by another file: start the server again")]
    Replaced,
    /// Something else than a database, or an encrypted one.
    #[error("is not a SQLite database, or is encrypted")]
    NotADatabase,
    /// SQLite may not open it, or one of the files that belong to it.
    #[error(
        "cannot be opened for reading: its rights forbid it, or it is in WAL mode and its \
         `-wal` and `-shm` files can be neither opened nor made (let its owner run \
         `PRAGMA journal_mode = DELETE`, or make the directory writable for this user)"
    )]
    CannotOpen(#[source] Error),
    /// A writer crashed and left a journal that a reader may not roll back.
    #[error("has an unfinished change in its journal: open it once with a program that writes")]
    Unfinished(#[source] Error),
    /// Rows are to be changed, and the file cannot be written to.
    #[error("cannot be written to, and the configuration declares changes")]
    NotWritable,
    /// A table is not there, or not as it was declared.
    #[error("table `{table}`: {cause}")]
    Table {
        /// Which one.
        table: String,
        /// What SQLite says of it.
        cause: String,
    },
    /// Anything else that SQLite says.
    #[error("{0}")]
    Sqlite(#[source] Error),
}

impl OpenTrouble {
    pub(super) fn of(cause: Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::CannotOpen(cause),
            Some(ErrorCode::ReadOnly) => Self::Unfinished(cause),
            _ => Self::Sqlite(cause),
        }
    }

    pub(super) fn table(table: &str, cause: Error) -> Self {
        Self::Table {
            table: table.to_owned(),
            cause: shown(cause).to_string(),
        }
    }
}

/// Why a statement cannot be prepared. `refused` says whether it was the wall.
pub(super) fn preparing(cause: Error, refused: bool) -> Refusal {
    if refused {
        return Denial::Unsuitable(UNAVAILABLE).into();
    }
    common(&cause).map_or_else(
        || fault("prepare the statement")(shown(cause)).into(),
        Refusal::Denied,
    )
}

/// Why a statement that was prepared did not run to its end.
pub(super) fn running(step: &'static str) -> impl FnOnce(Error) -> Refusal {
    move |cause| {
        if let Some(denial) = common(&cause) {
            return denial.into();
        }
        match extended(&cause) {
            // what functions and arithmetic find wrong with a value
            Some(ffi::SQLITE_ERROR) => Denial::Unsuitable(UNFIT).into(),
            _ => fault(step)(shown(cause)).into(),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not listed is a fault"
)]
fn common(cause: &Error) -> Option<Denial> {
    match cause.sqlite_error_code()? {
        ErrorCode::AuthorizationForStatementDenied => Some(Denial::Unsuitable(UNAVAILABLE)),
        ErrorCode::OperationInterrupted => Some(Denial::TimedOut),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Denial::Busy),
        ErrorCode::TooBig => Some(Denial::TooLarge("bytes of one value")),
        ErrorCode::OutOfMemory => Some(Denial::TooLarge("memory for sorting and grouping")),
        ErrorCode::TypeMismatch => Some(Denial::Unsuitable(UNFIT)),
        ErrorCode::ConstraintViolation => Some(Denial::Unsuitable(
            if extended(cause) == Some(ffi::SQLITE_CONSTRAINT_DATATYPE) {
                UNFIT
            } else {
                FORBIDDEN
            },
        )),
        _ => None,
    }
}

fn extended(cause: &Error) -> Option<i32> {
    cause.sqlite_error().map(|error| error.extended_code)
}

/// Without the statement: its literals are values.
fn shown(cause: Error) -> Error {
    if let Error::SqlInputError { error, msg, .. } = cause {
        Error::SqliteFailure(error, Some(msg))
    } else {
        cause
    }
}

/// What the wall says: to whoever asked, a hidden column is none.
pub(super) const UNAVAILABLE: &str = "a column is not available";
const UNFIT: &str = "a value does not fit its type";
const FORBIDDEN: &str = "the rules of the table do not allow this change";
