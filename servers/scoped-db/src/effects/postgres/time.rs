//! Writes dates and times as ISO 8601 has them, and so that PostgreSQL reads them back.
//!
//! Years before the first are written as PostgreSQL does, with `BC` at the end: what a model
//! reads in one answer it gives back as a parameter of the next statement.

/// The text for a `date`: days since 2000-01-01.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (date, era) = civil(i64::from(days));
            date + era
        }
    }
}

/// The text for a `timestamp`: microseconds since 2000-01-01. `zone` is written behind it.
pub(super) fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => {
            let (date, era) = civil(micros.div_euclid(DAY));
            let time = time(micros.rem_euclid(DAY));
            format!("{date}T{time}{zone}{era}")
        }
    }
}

/// The text for a `time`: microseconds since midnight, up to `24:00:00`.
pub(super) fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND));
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let whole = format!("{hour:02}:{minute:02}:{second:02}");
    if fraction == 0 {
        return whole;
    }
    let fraction = format!("{fraction:06}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// The day of the Gregorian calendar, and what stands behind it.
fn civil(days: i64) -> (String, &'static str) {
    // Counted from 0000-03-01, so that the leap day is the last of its year.
    let days = days + 730_425;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(date(0), "2000-01-01");
        assert_eq!(date(59), "2000-02-29");
        assert_eq!(date(-1), "1999-12-31");
        assert_eq!(date(9_828), "2026-11-28");
        assert_eq!(date(-730_119), "0001-01-01");
        assert_eq!(date(-730_120), "0001-12-31 BC");
        assert_eq!(date(-746_117), "0044-03-15 BC");
        assert_eq!(date(i32::MAX), "infinity");
        assert_eq!(date(i32::MIN), "-infinity");
    }

    #[test]
    fn fractions_are_written_as_far_as_they_go() {
        assert_eq!(timestamp(0, "Z"), "2000-01-01T00:00:00Z");
        assert_eq!(timestamp(-1, ""), "1999-12-31T23:59:59.999999");
        assert_eq!(timestamp(1_500_000, ""), "2000-01-01T00:00:01.5");
        assert_eq!(timestamp(i64::MIN, "Z"), "-infinity");
        assert_eq!(time(DAY), "24:00:00");
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(days: i32, micros: i64) {
            prop_assert!(!date(days).is_empty());
            prop_assert!(!timestamp(micros, "Z").is_empty());
            prop_assert!(!time(micros).is_empty());
        }
    }
}
