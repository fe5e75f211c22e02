//! What is sent at a time: lines as they stand in the trail, and notices of what is not there.
//!
//! # Invariants
//!
//! - A batch is full after its bound of bytes; it is larger by one record at most.
//! - Every item is one line of printable ASCII.

use serde_json::json;

use guard::audit::Event;

use super::weight::Weight;

/// Records in their order.
#[derive(Debug, Default)]
pub struct Batch {
    items: Vec<Item>,
    bytes: usize,
}

/// One line.
#[derive(Debug)]
pub enum Item {
    /// Of the trail.
    Line(String),
    /// In place of what is not there.
    Notice(Notice),
}

/// What a receiver does not get, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// Lines are not there any more: retention removed them, or they were lost.
    Gap {
        /// The last line that was sent; 0 for none.
        after: u64,
        /// The next that is there.
        next: u64,
    },
    /// A line that is not what must stand there.
    Bad {
        /// In which file.
        file: String,
        /// The byte at which it begins.
        byte: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The file ends before the place up to which it was sent; what stands in it is sent anew.
    Shortened {
        /// The number of the segment.
        segment: u64,
        /// How far it was sent.
        sent: u64,
        /// How long it is.
        bytes: u64,
    },
}

impl Batch {
    /// Adds one.
    pub fn push(&mut self, item: Item) {
        self.bytes += item.text().len() + 1;
        self.items.push(item);
    }

    /// Whether it has `bytes` bytes or more, or many records.
    #[must_use]
    pub fn is_full(&self, bytes: usize) -> bool {
        self.bytes >= bytes || self.items.len() >= MOST
    }

    /// The records.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many bytes its lines have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Item {
    /// As a line, without its line feed: an object of JSON.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Line(line) => line.into(),
            Self::Notice(notice) => notice.json().into(),
        }
    }
}

impl Notice {
    /// As an object of JSON. Its `t` is none that a line of the trail has.
    #[must_use]
    pub fn json(&self) -> String {
        let said = self.said();
        let mut object = match self {
            Self::Gap { after, next } => json!({"after": after, "next": next}),
            Self::Bad { file, byte, why } => json!({"file": file, "byte": byte, "why": why}),
            Self::Shortened {
                segment,
                sent,
                bytes,
            } => json!({"segment": segment, "sent": sent, "bytes": bytes}),
        };
        if let Some(object) = object.as_object_mut() {
            object.insert("t".to_owned(), "notice".into());
            object.insert("notice".to_owned(), self.name().into());
            object.insert("said".to_owned(), said.into());
        }
        object.to_string()
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::Bad { .. } => "bad",
            Self::Shortened { .. } => "shortened",
        }
    }

    /// In words.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Gap { after, next } => {
                let lost = next.saturating_sub(*after).saturating_sub(1);
                format!("{lost} lines between {after} and {next} are not in the trail any more")
            }
            Self::Bad { file, byte, why } => format!("{file} at byte {byte}: {why}"),
            Self::Shortened {
                segment,
                sent,
                bytes,
            } => format!(
                "segment {segment} was sent up to byte {sent} and has {bytes}: it was cut off"
            ),
        }
    }
}

/// How grave `item` is, where `event` is what it says.
#[must_use]
pub fn weight(event: Option<&Event<'_>>) -> Weight {
    event.map_or(Weight::Error, Weight::of)
}

/// The most records of a batch: more than a receiver needs at a time.
const MOST: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_after_its_bound() {
        let mut batch = Batch::default();
        for _ in 0..3 {
            assert!(!batch.is_full(17));
            batch.push(Item::Line("{\"v\":1}".to_owned()));
        }
        assert_eq!((batch.bytes(), batch.is_full(24)), (24, true));
    }

    #[test]
    fn a_notice_is_one_line_of_ascii_whatever_it_tells() {
        let notice = Notice::Bad {
            file: "00-000001.jsonl".to_owned(),
            byte: 7,
            why: "a\nb".to_owned(),
        };
        let json = notice.json();
        assert!(
            json.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{json}"
        );
        let gap = Notice::Gap { after: 7, next: 12 };
        assert!(
            gap.json().contains("\"said\":\"4 lines between 7 and 12"),
            "{}",
            gap.json()
        );
    }
}
