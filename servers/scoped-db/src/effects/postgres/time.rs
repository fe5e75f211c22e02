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
            let mut text = String::with_capacity(10);
            let era = push_day(&mut text, i64::from(days));
            text.push_str(era);
            text
        }
    }
}

/// The text for a `timestamp`: microseconds since 2000-01-01. `zone` is written behind it.
pub(super) fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => {
            let mut text = String::with_capacity(27);
            let era = push_day(&mut text, micros.div_euclid(DAY));
            text.push('T');
            push_time(&mut text, micros.rem_euclid(DAY));
            text.push_str(zone);
            text.push_str(era);
            text
        }
    }
}

/// The text for a `time`: microseconds since midnight, up to `24:00:00`.
pub(super) fn time(micros: i64) -> String {
    let mut text = String::with_capacity(15);
    push_time(&mut text, micros);
    text
}

fn push_time(text: &mut String, micros: i64) {
    let (seconds, fraction) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND));
    push(text, 2, seconds.div_euclid(3600));
    text.push(':');
    push(text, 2, seconds.div_euclid(60).rem_euclid(60));
    text.push(':');
    push(text, 2, seconds.rem_euclid(60));
    if fraction != 0 {
        text.push('.');
        push(text, 6, fraction);
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// Writes the day of the Gregorian calendar, and says what stands behind it.
fn push_day(text: &mut String, days: i64) -> &'static str {
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
    push(text, 4, year);
    text.push('-');
    push(text, 2, month);
    text.push('-');
    push(text, 2, day);
    era
}

/// Writes a number with zeros before it. By hand: an answer may have ten thousand times in it.
fn push(text: &mut String, width: u32, number: i64) {
    let number = number.unsigned_abs();
    let mut unit = 10_u64.pow(width.saturating_sub(1));
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        let digit = (number / unit % 10) as u8;
        text.push(char::from(b'0' + digit));
        unit /= 10;
    }
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
