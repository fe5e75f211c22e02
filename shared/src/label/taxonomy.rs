//! The words of a label: which levels and categories there are, and what they are called.

use super::Clearance;
use super::Label;

/// The levels, lowest first, and the categories that this deployment knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Taxonomy {
    levels: Vec<String>,
    categories: Vec<String>,
}

/// A label text that the taxonomy does not know. Says what it knows; never repeats the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown label; known are the levels {levels} and the categories {categories}, joined by `+`"
)]
pub struct UnknownLabel {
    levels: String,
    categories: String,
}

/// Why a list of levels and categories is not a taxonomy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTaxonomy {
    /// The bottom level must be `public`, because that is what the protocol's `public` means.
    #[error("the first level must be `public`, and there must be 2 to 16 levels")]
    Levels,
    /// Too many.
    #[error("at most 63 categories of your own")]
    Categories,
    /// A word that could not be written in a label.
    #[error("levels and categories are 1 to 32 of `a-z 0-9 - _`, each named once")]
    Word,
}

impl Default for Taxonomy {
    fn default() -> Self {
        Self {
            levels: LEVELS.map(str::to_owned).to_vec(),
            categories: vec![PERSONAL.to_owned()],
        }
    }
}

impl Taxonomy {
    /// A taxonomy of `levels`, lowest first, and of `categories` beside the built-in `personal`.
    ///
    /// # Errors
    ///
    /// If a word could not be written in a label, is used twice, or there are too many.
    pub fn new(
        levels: Vec<String>,
        categories: impl IntoIterator<Item = String>,
    ) -> Result<Self, InvalidTaxonomy> {
        if !(2..=16).contains(&levels.len()) || levels.first().is_none_or(|l| l != "public") {
            return Err(InvalidTaxonomy::Levels);
        }
        let mut all = vec![PERSONAL.to_owned()];
        all.extend(categories.into_iter().filter(|c| c != PERSONAL));
        if all.len() > 64 {
            return Err(InvalidTaxonomy::Categories);
        }
        let fine = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let mut words: Vec<&String> = levels.iter().chain(&all).collect();
        let plain = |w: &&String| (1..=32).contains(&w.len()) && w.bytes().all(fine);
        if !words.iter().all(plain) {
            return Err(InvalidTaxonomy::Word);
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        if words.len() != count {
            return Err(InvalidTaxonomy::Word);
        }
        Ok(Self {
            levels,
            categories: all,
        })
    }

    /// Reads `confidential`, `confidential+personal`, or `personal`, which alone means the
    /// level `confidential` (the highest one where there is none of that name) and the category.
    /// The Japanese names of the built-in words are accepted as synonyms.
    ///
    /// # Errors
    ///
    /// [`UnknownLabel`] for any word that the taxonomy does not have.
    pub fn parse(&self, text: &str) -> Result<Label, UnknownLabel> {
        let mut level = None;
        let mut categories = 0_u64;
        for word in text.split('+').map(|word| english(word.trim())) {
            if let Some(at) = self.levels.iter().position(|known| known == word) {
                let at = u8::try_from(at).map_err(|_| self.unknown())?;
                if level.replace(at).is_some() {
                    return Err(self.unknown());
                }
            } else if let Some(at) = self.categories.iter().position(|known| known == word) {
                categories |= 1 << at;
            } else {
                return Err(self.unknown());
            }
        }
        let level = level.unwrap_or_else(|| self.restricted());
        Ok(Label { level, categories })
    }

    /// The label as text that [`Taxonomy::parse`] reads back.
    #[must_use]
    pub fn text(&self, label: Label) -> String {
        let mut text = self.level(label).to_owned();
        for category in self.categories(label) {
            text.push('+');
            text.push_str(category);
        }
        text
    }

    /// The name of the label's level.
    #[must_use]
    pub fn level(&self, label: Label) -> &str {
        // a label of another taxonomy cannot be built; the top is the safe reading all the same
        let own = self.levels.get(usize::from(label.level));
        own.or(self.levels.last())
            .map_or("confidential", String::as_str)
    }

    /// The names of the label's categories, in the taxonomy's order.
    pub fn categories(&self, label: Label) -> impl Iterator<Item = &str> {
        let bits = label.categories;
        let named = self.categories.iter().enumerate();
        named
            .filter(move |(at, _)| bits >> at & 1 == 1)
            .map(|(_, name)| name.as_str())
    }

    /// Whether the label has the built-in category `personal`.
    #[must_use]
    pub const fn is_personal(label: Label) -> bool {
        label.categories & 1 == 1
    }

    /// What unlabelled data is where nothing else is said: `confidential`, or the highest level.
    #[must_use]
    pub fn unlabelled(&self) -> Label {
        Label {
            level: self.restricted(),
            categories: 0,
        }
    }

    /// The clearance that covers every label of this taxonomy.
    #[must_use]
    pub fn everything(&self) -> Clearance {
        let last = self.levels.len().saturating_sub(1);
        let count = u32::try_from(self.categories.len()).unwrap_or(64);
        Clearance::up_to(Label {
            level: u8::try_from(last).unwrap_or(u8::MAX),
            categories: u64::MAX.checked_shr(64 - count.min(64)).unwrap_or(0),
        })
    }

    fn restricted(&self) -> u8 {
        let at = self.levels.iter().position(|level| level == "confidential");
        let at = at.unwrap_or(self.levels.len().saturating_sub(1));
        u8::try_from(at).unwrap_or(u8::MAX)
    }

    fn unknown(&self) -> UnknownLabel {
        UnknownLabel {
            levels: self.levels.join(", "),
            categories: self.categories.join(", "),
        }
    }
}

/// The titles of the built-in words, for people who read Japanese.
#[must_use]
pub fn japanese(word: &str) -> Option<&'static str> {
    JAPANESE
        .iter()
        .find(|(en, _)| *en == word)
        .map(|(_, ja)| *ja)
}

fn english(word: &str) -> &str {
    JAPANESE
        .iter()
        .find(|(_, ja)| *ja == word)
        .map_or(word, |(en, _)| en)
}

const LEVELS: [&str; 3] = ["public", "internal", "confidential"];
const PERSONAL: &str = "personal";
const JAPANESE: [(&str, &str); 4] = [
    ("public", "公開"),
    ("internal", "内部限定"),
    ("confidential", "機密"),
    (PERSONAL, "個人情報"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hospital() -> Taxonomy {
        let levels = ["public", "ward", "sealed"].map(str::to_owned).to_vec();
        Taxonomy::new(levels, ["health".to_owned(), "payment".to_owned()]).unwrap()
    }

    #[test]
    fn personal_alone_means_confidential_and_personal() {
        let known = Taxonomy::default();
        let label = known.parse("personal").unwrap();
        assert_eq!(known.text(label), "confidential+personal");
        assert_eq!(known.parse("個人情報").unwrap(), label);
        assert_eq!(known.parse("機密 + 個人情報").unwrap(), label);
        assert_eq!(
            hospital().text(hospital().parse("health").unwrap()),
            "sealed+health"
        );
    }

    #[test]
    fn unknown_words_are_refused_and_not_repeated() {
        for text in [
            "",
            "secret",
            "internal+",
            "internal+hunter2",
            "internal+public",
            "Public",
        ] {
            let error = Taxonomy::default().parse(text).unwrap_err().to_string();
            assert!(
                text.is_empty() || !error.contains(&format!("`{text}`")),
                "{error}"
            );
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn a_taxonomy_needs_public_at_the_bottom_and_plain_words() {
        let levels = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let refused = |l: &[&str], c: &[&str]| Taxonomy::new(levels(l), levels(c)).unwrap_err();
        assert_eq!(refused(&["low", "high"], &[]), InvalidTaxonomy::Levels);
        assert_eq!(refused(&["public"], &[]), InvalidTaxonomy::Levels);
        assert_eq!(refused(&["public", "a+b"], &[]), InvalidTaxonomy::Word);
        assert_eq!(refused(&["public", "x"], &["x"]), InvalidTaxonomy::Word);
        let many: Vec<String> = (0..64).map(|n| format!("c{n}")).collect();
        let error = Taxonomy::new(levels(&["public", "x"]), many).unwrap_err();
        assert_eq!(error, InvalidTaxonomy::Categories);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(level in 0_u8..3, categories in 0_u64..8) {
            let known = hospital();
            let label = Label { level, categories };
            prop_assert_eq!(known.parse(&known.text(label)).unwrap(), label);
            prop_assert!(label.flows_to(known.everything()));
        }
    }
}
