//! The functions of numbers that this build of SQLite lacks, as its documentation has them.
//!
//! What is no number has no result, and neither has what is out of a function's domain: both are
//! null, never an error.

use rusqlite::Connection;
use rusqlite::functions::Context;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;

/// Gives `db` the functions.
pub(super) fn add_to(db: &Connection) -> rusqlite::Result<()> {
    of_one(db, "exp", f64::exp)?;
    of_one(db, "ln", f64::ln)?;
    of_one(db, "log", f64::log10)?;
    of_one(db, "log10", f64::log10)?;
    of_one(db, "log2", f64::log2)?;
    of_one(db, "sqrt", f64::sqrt)?;
    of_two(db, "log", |base, x| x.ln() / base.ln())?;
    of_two(db, "mod", |x, y| x % y)?;
    of_two(db, "pow", f64::powf)?;
    of_two(db, "power", f64::powf)?;
    to_whole(db, "ceil", f64::ceil)?;
    to_whole(db, "ceiling", f64::ceil)?;
    to_whole(db, "floor", f64::floor)?;
    to_whole(db, "trunc", f64::trunc)?;
    db.create_scalar_function("pi", 0, FLAGS, |_| Ok(std::f64::consts::PI))
}

fn of_one(db: &Connection, name: &str, function: fn(f64) -> f64) -> rusqlite::Result<()> {
    db.create_scalar_function(name, 1, FLAGS, move |given| {
        Ok(real(given, 0).map(function).and_then(finite))
    })
}

fn of_two(db: &Connection, name: &str, function: fn(f64, f64) -> f64) -> rusqlite::Result<()> {
    db.create_scalar_function(name, 2, FLAGS, move |given| {
        let both = real(given, 0).zip(real(given, 1));
        Ok(both.and_then(|(x, y)| finite(function(x, y))))
    })
}

/// An integer stays one.
fn to_whole(db: &Connection, name: &str, function: fn(f64) -> f64) -> rusqlite::Result<()> {
    db.create_scalar_function(name, 1, FLAGS, move |given| {
        Ok(if let ValueRef::Integer(whole) = given.get_raw(0) {
            Value::Integer(whole)
        } else {
            let whole = real(given, 0).map(function).and_then(finite);
            whole.map_or(Value::Null, Value::Real)
        })
    })
}

fn real(given: &Context<'_>, at: usize) -> Option<f64> {
    match given.get_raw(at) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "SQLite does the same with integers that a real cannot hold"
        )]
        ValueRef::Integer(whole) => Some(whole as f64),
        ValueRef::Real(real) => Some(real),
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_result_for_numbers_and_null_for_all_else() {
        let db = Connection::open_in_memory().unwrap();
        add_to(&db).unwrap();
        for (sql, result) in [
            ("ceil(1.2)", "2.0"),
            ("floor(-1.2)", "-2.0"),
            ("trunc(-1.7)", "-1.0"),
            ("ceiling(7)", "7"),
            ("sqrt(9)", "3.0"),
            ("pow(2, 10)", "1024.0"),
            ("mod(7, 4)", "3.0"),
            ("log(100)", "2.0"),
            ("log(2, 8)", "3.0"),
            ("round(ln(exp(2)))", "2.0"),
            ("sqrt('16')", "4.0"),
            ("sqrt(-1)", "NULL"),
            ("ln(0)", "NULL"),
            ("mod(1, 0)", "NULL"),
            ("pow('x', 2)", "NULL"),
            ("floor(NULL)", "NULL"),
            ("round(pi(), 2)", "3.14"),
        ] {
            let sql = format!("SELECT quote({sql})");
            let said: String = db.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(said, result, "{sql}");
        }
    }
}
