//! Against the examples that others published.

use super::*;
use proptest::prelude::*;

/// The documentation of golang.org/x/mod/sumdb/note.
const SIGNING: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const SIGNATURE: &str = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng\
                         otpRZb6KE6RyyBwJnAM=";

/// An example of C2SP `signed-note`.
const SPECIFIED: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn key() -> SigningKey {
    SigningKey::parse(&Secret::new(SIGNING).unwrap()).unwrap()
}

fn asked(note: Note, key: &VerifierKey) -> Said {
    let (origin, size, root) = (String::new(), 0, Hash::of(b""));
    let checkpoint = Checkpoint {
        origin,
        size,
        root,
        note,
    };
    checkpoint.asked(key)
}

#[test]
fn the_published_key_signs_the_published_text_byte_for_byte() {
    let key = key();
    assert_eq!(key.verifier().to_string(), VERIFIER);
    assert_eq!(key.verifier().id(), "c74f20a3");
    assert_eq!(VERIFIER.parse(), Ok(key.verifier().clone()));
    key.to_secret()
        .unwrap()
        .show_to(|text| assert_eq!(text, SIGNING));
    let note = key.sign(TEXT.to_owned());
    let expected = format!("{TEXT}\n\u{2014} PeterNeumann {SIGNATURE}\n");
    assert_eq!(note.to_string(), expected);
    assert_eq!(
        asked(Note::parse(&expected).unwrap(), key.verifier()),
        Said::Yes
    );
    let bent = expected.replacen("you", "one", 1);
    assert_eq!(
        asked(Note::parse(&bent).unwrap(), key.verifier()),
        Said::Forged
    );
    assert!(!format!("{key:?}").contains("AYEK"));
}

#[test]
fn the_example_of_the_specification_verifies() {
    let specified: VerifierKey = SPECIFIED.parse().unwrap();
    let note = Note::parse(EXAMPLE).unwrap();
    assert_eq!(note.to_string(), EXAMPLE);
    assert_eq!(asked(note.clone(), &specified), Said::Yes);
    assert_eq!(asked(note, key().verifier()), Said::Nothing);
}

#[test]
fn a_text_that_is_nearly_a_key_is_none() {
    for (text, error) in [
        ("", KeyError::VerifierForm),
        ("PeterNeumann", KeyError::VerifierForm),
        ("PeterNeumann+c74f20a3+AR", KeyError::VerifierForm),
        (&VERIFIER.replace("+A", "+B"), KeyError::VerifierForm),
        (&VERIFIER.replace("c74f20a3", "C74F20A3"), KeyError::Id),
        (&VERIFIER.replace("c74f20a3", "c74f20a4"), KeyError::Id),
        (&VERIFIER.replace("PeterN", "Peter N"), KeyError::Name),
        (&VERIFIER.replace("PeterN", "Petern"), KeyError::Id),
        // the neutral element: every signature of a certain form fits it
        (
            "x+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            KeyError::Bytes,
        ),
    ] {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
    }
    for text in [
        VERIFIER,
        "x",
        "PRIVATE+KEY+a+b+c",
        &SIGNING.replace("+AY", "+BY"),
    ] {
        let read = SigningKey::parse(&Secret::new(text).unwrap());
        assert_eq!(read.err(), Some(KeyError::SigningForm), "{text}");
    }
    let read = SigningKey::parse(&Secret::new(SIGNING.replace("0a3", "0a4")).unwrap());
    assert_eq!(read.err(), Some(KeyError::Id));
}

#[test]
fn a_checkpoint_has_its_three_lines_and_reads_back() {
    let key = key();
    let mut tree = Tree::default();
    tree.push(Hash::of(b"line"));
    let checkpoint = key.checkpoint("keyhole-audit/0123456789abcdef", &tree, None);
    let text = checkpoint.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["keyhole-audit/0123456789abcdef", "1"]);
    assert_eq!(lines[2], STANDARD.encode(tree.root().bytes()));
    assert_eq!(lines[3], "");
    assert!(lines[4].starts_with("\u{2014} PeterNeumann x08go"));
    assert_eq!(text.parse(), Ok(checkpoint.clone()));
    assert!(checkpoint.is_signed_by(key.verifier()));
    // somebody else's signature beside ours changes nothing, a second one of ours must hold
    let beside = format!("{text}\u{2014} witness AAAAAAAA\n");
    assert!(
        beside
            .parse::<Checkpoint>()
            .unwrap()
            .is_signed_by(key.verifier())
    );
    let forged = format!("{text}\u{2014} PeterNeumann {SIGNATURE}\n");
    assert!(
        !forged
            .parse::<Checkpoint>()
            .unwrap()
            .is_signed_by(key.verifier())
    );
    for bent in [
        text.replacen("\n1\n", "\n01\n", 1),
        text.replacen("\n1\n", "\n-1\n", 1),
        text.replacen("\n1\n", "\n\n", 1),
        text.replacen("keyhole-audit/0123456789abcdef", "", 1),
        text.replacen("\n\n", "\n", 1),
        text.replace('\u{2014}', "-"),
        text.replace('a', "\t"),
        format!("{text}\n"),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(bent.parse::<Checkpoint>(), Err(NotACheckpoint), "{bent}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_parses_as_a_checkpoint_prints_as_it_was(text in "[a-z]{1,8}\n[0-9]{1,3}\n[A-Za-z0-9/=\n\u{2014} +]{0,160}") {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }

    #[test]
    fn no_changed_byte_of_a_checkpoint_stays_signed(at: prop::sample::Index, to in "[ -~\n]") {
        let key = key();
        let text = key.checkpoint("origin", &Tree::default(), Some("more")).to_string();
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        letters[at] = to.chars().next().unwrap();
        let bent: String = letters.into_iter().collect();
        let signed = bent.parse::<Checkpoint>().is_ok_and(|found| found.is_signed_by(key.verifier()));
        prop_assert_eq!(signed, bent == text);
    }

    #[test]
    fn every_key_reads_back(seed: [u8; 32], name in "[a-z/.-]{1,64}") {
        let key = SigningKey::generate(&name, &seed).unwrap();
        let again = SigningKey::parse(&key.to_secret().unwrap()).unwrap();
        prop_assert_eq!(key.verifier(), again.verifier());
        prop_assert_eq!(key.verifier().to_string().parse(), Ok(again.verifier().clone()));
    }
}
