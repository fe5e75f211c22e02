//! The search against the simplest one that there is, for any text.

use proptest::prelude::*;

use super::super::Search;
use super::super::escapes::Escape;
use super::super::patterns::Patterns;
use super::super::sieve::Sieve;
use super::super::window::Window;
use super::*;

/// Whether one of `patterns` is in `text`, looked for at every place.
fn is_anywhere<'a>(mut patterns: impl Iterator<Item = &'a [u8]>, text: &[u8]) -> bool {
    patterns.any(|pattern| {
        let mut places = text.windows(pattern.len());
        places.any(|place| place.eq_ignore_ascii_case(pattern))
    })
}

fn patterns(secrets: &[Arc<Secret>]) -> Patterns {
    Patterns::of(secrets.iter().map(|secret| &**secret))
}

/// As [`Search::finds`], by the simplest search.
fn is_found_simply(secrets: &[Arc<Secret>], text: &[u8]) -> bool {
    let patterns = patterns(secrets);
    is_anywhere(patterns.iter(), text)
        || Escape::ALL.iter().any(|escape| {
            let mut plain = Vec::new();
            escape.resolve(text, |piece| plain.extend_from_slice(piece));
            is_anywhere(patterns.iter(), &plain)
        })
}

/// `text` in pieces that end where `cuts` say.
fn pieces<'a>(text: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|pair| &text[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    // few letters, so that most texts are full of beginnings of secrets
    #[test]
    fn o4_the_search_finds_what_the_simplest_one_finds_and_nothing_else(
        secrets in prop::collection::vec("[abA]{8,11}|a{8,40}b", 1..4),
        text in "[abA]{0,120}|a{0,300}|(a{7,20}b){0,9}",
    ) {
        let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
        let search = Search::of(secrets.iter().map(|secret| &**secret)).unwrap();
        let simply = is_found_simply(&secrets, text.as_bytes());
        prop_assert_eq!(search.finds(text.as_bytes()), simply);
    }

    #[test]
    fn o4_the_search_finds_what_the_simplest_one_finds_among_escapes(
        secrets in prop::collection::vec("[ab%&\\\\;]{8,10}", 1..3),
        text in "([ab;]|%6[12]|&#9[78];|\\\\u006[12]|\\\\x6[12]|&amp;|\\\\\\\\|%25|[%&\\\\]){0,60}",
    ) {
        let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
        let search = Search::of(secrets.iter().map(|secret| &**secret)).unwrap();
        let simply = is_found_simply(&secrets, text.as_bytes());
        prop_assert_eq!(search.finds(text.as_bytes()), simply);
    }

    #[test]
    fn o4_any_secret_in_any_disguise_is_found_at_any_place_in_any_chunks(
        text in "[ -~]{8,60}",
        others in prop::collection::vec("[ -~]{8,60}", 0..3),
        filler in prop::collection::vec(any::<u8>(), 0..3000),
        place in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        alignment in 0_usize..3,
    ) {
        let secrets: Vec<_> = others.iter().chain([&text]).map(|text| secret(text)).collect();
        let sieve = Sieve::new(patterns(&secrets)).unwrap();
        let search = Search::of(secrets.iter().map(|secret| &**secret)).unwrap();
        let place = place.index(filler.len() + 1);
        for (name, disguised) in disguises(&text, alignment) {
            // a sign before it could be half an escape, which is then another text
            let whole = [&filler[..place], b" ", &disguised, b" ", &filler[place..]].concat();
            prop_assert!(search.finds(&whole), "{:?} as {}", text, name);
            let mut plain = vec![whole.clone()];
            for escape in Escape::ALL {
                let mut undone = Vec::new();
                escape.resolve(&whole, |piece| undone.extend_from_slice(piece));
                plain.push(undone);
            }
            let found = plain.iter().any(|text| {
                let mut window = Window::new(&sieve);
                pieces(text, &cuts).into_iter().for_each(|piece| window.push(piece));
                window.found()
            });
            prop_assert!(found, "{:?} as {} in pieces", text, name);
        }
    }
}

#[test]
fn o4_a_secret_that_begins_before_the_place_where_comparing_was_given_up_is_found() {
    for before in 1..40 {
        for run in 8..40 {
            let watch = watch(&format!("{}b", "a".repeat(run)));
            let text = "a".repeat(run + before) + "b";
            assert!(watch.finds(text.as_bytes()), "{run} after {before}");
        }
    }
}

#[test]
fn o4_a_text_made_of_beginnings_of_a_secret_is_searched_in_linear_time() {
    let beginning = "ab".repeat(2000);
    let watch = watch(&format!("{beginning}!"));
    // a shorter one beside it, so that many places are looked at
    watch.learn(2, &secret("abababac")).unwrap();
    let honest = "x".repeat(1 << 20);
    let hostile = "ab".repeat(1 << 19);
    let time = |text: &str| {
        let start = Instant::now();
        assert!(!watch.finds(text.as_bytes()));
        start.elapsed()
    };
    let (honest, slow) = (time(&honest), time(&hostile));
    // what is quadratic would take thousands of times as long
    assert!(slow < honest * 400, "{slow:?} instead of {honest:?}");
    assert!(watch.finds(format!("{hostile}!").as_bytes()));
    assert!(watch.finds(format!("{hostile}ac").as_bytes()));
}

#[test]
fn debug_shows_nothing_of_what_is_searched_for() {
    let watch = watch("tok-5f0c2a9b7e4d41c8");
    let shown = format!("{watch:?}");
    let hex = "746f6b";
    assert!(
        !shown.contains("tok-") && !shown.contains(hex) && !shown.contains("116"),
        "{shown}"
    );
}
