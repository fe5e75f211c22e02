//! What headers say about keeping, read as narrowly as they can be meant.

use proptest::prelude::*;

use super::*;

const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn headers(lines: &str) -> HeaderMap {
    let mut all = HeaderMap::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        all.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    all
}

fn terms(lines: &str) -> Option<Terms> {
    let around = Around {
        now: date(&NOW.parse().unwrap()).unwrap(),
        took: Duration::from_secs(2),
        most: Duration::from_secs(300),
        unkeyed: &[HeaderName::from_static("x-asks")],
    };
    Terms::of(&headers(lines), around)
}

/// Seconds for which it is fresh; None if it is not kept.
fn fresh(lines: &str) -> Option<u64> {
    terms(lines).map(|terms| terms.fresh.as_secs())
}

#[test]
fn how_long_it_is_fresh_is_what_it_says_less_its_age_and_the_way() {
    assert_eq!(fresh("cache-control: max-age=100"), Some(98));
    assert_eq!(
        fresh("cache-control: private, Max-Age=\"100\" , x"),
        Some(98)
    );
    assert_eq!(fresh("cache-control: max-age=100\nage: 40"), Some(58));
    let old = "cache-control: max-age=100\ndate: Sun, 06 Nov 1994 08:49:07 GMT";
    assert_eq!(fresh(old), Some(68));
    assert_eq!(fresh(&format!("{old}\nage: 10")), Some(68));
    let ahead = "cache-control: max-age=100\ndate: Sat, 06 Nov 2094 08:49:07 GMT";
    assert_eq!(fresh(ahead), Some(98));
    let expires = format!("date: {NOW}\nexpires: Sun, 06 Nov 1994 08:50:37 GMT");
    assert_eq!(fresh(&expires), Some(58));
    assert_eq!(
        fresh(&format!("{expires}\ncache-control: max-age=10")),
        Some(8)
    );
    assert_eq!(
        fresh(&format!("{expires}\ncache-control: s-maxage=200")),
        Some(58)
    );
}

#[test]
fn o4_no_upstream_makes_an_answer_last_longer_than_the_operator_allows() {
    for age in [
        "301",
        "31536000",
        "4294967296",
        "99999999999999999999999999",
    ] {
        assert!(
            fresh(&format!("cache-control: max-age={age}")) <= Some(300),
            "{age}"
        );
    }
    let far = format!("date: {NOW}\nexpires: Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(fresh(&far), Some(300));
    assert_eq!(fresh("cache-control: immutable, max-age=900"), Some(300));
}

#[test]
fn o4_what_is_not_to_be_kept_or_cannot_be_read_is_not_kept() {
    for lines in [
        "",
        "cache-control: public",
        "cache-control: no-store\netag: \"a\"",
        "cache-control: max-age=100, No-Store",
        "cache-control: max-age=100\ncache-control: no-store",
        "cache-control: max-age=100 no-store",
        "cache-control: max-age=100, x=\"no-store",
        "cache-control: max-age=100, x=\"a\\\"b\"",
        "cache-control: max-age=100, =x",
        "cache-control: max-age=100;no-store",
        "cache-control: max-age=100\u{e9}",
        "cache-control: max-age=100\nset-cookie: a=b",
        "cache-control: max-age=100\nvary: *",
        "cache-control: max-age=100\nvary: accept, *",
        "cache-control: max-age=100\nvary: accept\nvary: *",
        "cache-control: max-age=100\nvary: X-Asks",
        "cache-control: max-age=100\nvary: if-none-match",
        "cache-control: max-age=100\nvary: a b",
        "cache-control: max-age=100\nvary: accept;x",
        "cache-control: max-age=100\nvary: \u{e9}",
    ] {
        assert_eq!(terms(lines), None, "{lines}");
    }
    let kept =
        "cache-control: max-age=100\nvary: Accept, ,authorization,X-Y\nvary: accept-encoding";
    assert_eq!(fresh(kept), Some(98));
}

#[test]
fn o4_what_is_said_twice_or_badly_is_stale() {
    for lines in [
        "",
        "cache-control: no-cache, max-age=100",
        "cache-control: no-cache=\"set-cookie\", max-age=100",
        "cache-control: max-age=100, max-age=100",
        "cache-control: max-age=10, max-age=100",
        "cache-control: max-age=-1",
        "cache-control: max-age=1.5",
        "cache-control: max-age=+100",
        "cache-control: max-age=",
        "cache-control: max-age",
        "cache-control: max-age=0x64",
        "cache-control: max-age=2",
        "cache-control: max-age=100\nage: 100",
        "cache-control: max-age=100\nage: soon",
        "cache-control: max-age=100\nage: 0\nage: 0",
        "cache-control: max-age=100\ndate: today",
        "cache-control: max-age=100\ndate: Sun, 06 Nov 1904 08:49:07 GMT",
        "expires: 0",
        "expires: Sun, 06 Nov 1994 08:00:00 GMT",
        "expires: Sat, 06 Nov 2094 08:00:00 GMT\nexpires: Sat, 06 Nov 2094 08:00:00 GMT",
    ] {
        // `max-age=` with nothing behind it cannot be read, so it is not kept at all
        let with_tag = fresh(&format!("{lines}\netag: \"a\""));
        assert!(matches!(with_tag, Some(0) | None), "{lines}: {with_tag:?}");
        assert_eq!(fresh(lines), None, "{lines}");
    }
}

#[test]
fn only_what_has_the_form_of_a_validator_goes_back() {
    let conditions = |lines: &str| terms(lines).map_or(Vec::new(), |terms| terms.conditions);
    let both = conditions("etag: W/\"a-1\"\nlast-modified: Sun, 06 Nov 1994 08:49:37 +0000");
    let wanted = [
        (header::IF_NONE_MATCH, HeaderValue::from_static("W/\"a-1\"")),
        (header::IF_MODIFIED_SINCE, HeaderValue::from_static(NOW)),
    ];
    assert_eq!(both, wanted);
    let long = format!("etag: \"{}\"", "a".repeat(512));
    for odd in [
        "etag: a",
        "etag: \"a",
        "etag: \"a\", \"b\"",
        "etag: w/\"a\"",
        "etag: \"a b\"",
        "etag: *",
        "etag: \"a\"\netag: \"b\"",
        "last-modified: yesterday",
        &long,
    ] {
        assert_eq!(conditions(odd), [], "{odd}");
    }
}

proptest! {
    #[test]
    fn o4_no_header_is_read_as_more_than_the_limit_and_none_makes_the_reader_fail(
        control in "([a-z=,\" \\\\0-9*-]|max-age=|no-store|no-cache){0,12}",
        age in "[0-9a-z -]{0,22}",
        vary in "[a-z*, ]{0,12}",
    ) {
        let lines = format!("cache-control: x,{control}\nage: 0{age}\nvary: x,{vary}");
        if let Some(terms) = terms(&lines) {
            prop_assert!(terms.fresh <= Duration::from_secs(300));
            prop_assert!(!vary.contains('*'));
            // what it forbids it may have forbidden within a text in quotes
            prop_assert!(control.contains('"') || !control.split(',').any(|it| it.trim() == "no-store"));
        }
    }
}
