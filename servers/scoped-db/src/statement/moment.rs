//! Fields of dates, intervals, and collations.

use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::Interval;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::Dialect;
use crate::statement::name;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;

impl Printer<'_> {
    /// Prints an interval.
    pub(super) fn interval(&mut self, interval: &Interval) -> Outcome {
        self.only_postgres()?;
        let Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        let plain = leading_precision.is_none() && fractional_seconds_precision.is_none();
        self.without(!plain, NOT_AVAILABLE)?;
        let Expr::Value(ValueWithSpan { value: text, span }) = value.as_ref() else {
            return self.no("an interval is written as INTERVAL '7 days'");
        };
        self.see(span.start);
        let Value::SingleQuotedString(text) = text else {
            return self.no("an interval is written as INTERVAL '7 days'");
        };
        let fields = match (leading_field, last_field) {
            (None, None) => None,
            (Some(leading), None) => Some((leading, None)),
            (Some(leading), last) => Some((leading, last.as_ref())),
            (None, Some(_)) => return self.no(NOT_AVAILABLE),
        };
        self.text("CAST(");
        self.string(text)?;
        match fields {
            None => self.text(" AS pg_catalog.interval)"),
            Some((leading, last)) => {
                let leading = interval_field(leading);
                let last = last.map(interval_field);
                match (leading, last) {
                    (Some(leading), None) => self.text(&format!(" AS interval {leading})")),
                    (Some(leading), Some(Some(last))) => {
                        self.text(&format!(" AS interval {leading} to {last})"));
                    }
                    _ => return self.no("this field is not available"),
                }
            }
        }
        Ok(())
    }

    /// Prints a collation of the short list that every database has.
    pub(super) fn collate(&mut self, expr: &Expr, collation: &ObjectName) -> Outcome {
        let parts = name::parts(collation)?;
        let name = match parts.as_slice() {
            [only] => self.folded(only)?,
            [schema, name] if self.folded(schema)? == "pg_catalog" => self.folded(name)?,
            _ => return self.no(NO_COLLATION),
        };
        let printed = match self.dialect {
            Dialect::Postgres => ["C", "POSIX", "default", "ucs_basic"]
                .iter()
                .find(|known| **known == name)
                .map(|known| format!("pg_catalog.\"{known}\"")),
            Dialect::Sqlite => ["BINARY", "NOCASE", "RTRIM"]
                .iter()
                .find(|known| known.eq_ignore_ascii_case(&name))
                .map(|known| (*known).to_owned()),
        };
        let Some(printed) = printed else {
            return self.no(NO_COLLATION);
        };
        self.after(expr, &format!("COLLATE {printed}"))
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is let through"
)]
pub(super) fn extracted(field: &DateTimeField) -> Option<&'static str> {
    Some(match field {
        DateTimeField::Year | DateTimeField::Years => "year",
        DateTimeField::Month | DateTimeField::Months => "month",
        DateTimeField::Week(None) | DateTimeField::Weeks => "week",
        DateTimeField::Day | DateTimeField::Days => "day",
        DateTimeField::Hour | DateTimeField::Hours => "hour",
        DateTimeField::Minute | DateTimeField::Minutes => "minute",
        DateTimeField::Second | DateTimeField::Seconds => "second",
        DateTimeField::Century => "century",
        DateTimeField::Decade => "decade",
        DateTimeField::Dow => "dow",
        DateTimeField::Doy => "doy",
        DateTimeField::Epoch => "epoch",
        DateTimeField::Isodow => "isodow",
        DateTimeField::Isoyear => "isoyear",
        DateTimeField::Julian => "julian",
        DateTimeField::Microsecond | DateTimeField::Microseconds => "microseconds",
        DateTimeField::Millennium | DateTimeField::Millenium => "millennium",
        DateTimeField::Millisecond | DateTimeField::Milliseconds => "milliseconds",
        DateTimeField::Quarter => "quarter",
        DateTimeField::Timezone => "timezone",
        DateTimeField::TimezoneHour => "timezone_hour",
        DateTimeField::TimezoneMinute => "timezone_minute",
        _ => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is let through"
)]
fn interval_field(field: &DateTimeField) -> Option<&'static str> {
    Some(match field {
        DateTimeField::Year | DateTimeField::Years => "year",
        DateTimeField::Month | DateTimeField::Months => "month",
        DateTimeField::Day | DateTimeField::Days => "day",
        DateTimeField::Hour | DateTimeField::Hours => "hour",
        DateTimeField::Minute | DateTimeField::Minutes => "minute",
        DateTimeField::Second | DateTimeField::Seconds => "second",
        _ => return None,
    })
}

const NO_COLLATION: &str = "this collation is not available";
