//! Figures of the configuration: sizes, durations, and limits that only go down.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de;
use serde::de::Unexpected;
use serde::de::Visitor;

/// A number of bytes: `65536`, `"256 KiB"`, `"200 MB"`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Bytes(pub u64);

/// A duration in whole seconds: `90`, `"90 s"`, `"15 min"`, `"8 h"`, `"30 d"`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Seconds(pub u64);

/// A limit that can be configured downwards only: from 1 to `MAX`, which is the default.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Limit<const MAX: u64>(u64);

/// A [`Limit`] in bytes: a number, or a text such as `"256 KiB"`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteLimit<const MAX: u64>(u64);

impl<const MAX: u64> Limit<MAX> {
    /// `figure`, or the nearest that is allowed.
    #[must_use]
    pub const fn near(figure: u64) -> Self {
        Self(if figure == 0 {
            1
        } else if figure > MAX {
            MAX
        } else {
            figure
        })
    }

    /// The figure.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The figure for counting what is in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MAX: u64> ByteLimit<MAX> {
    /// `figure`, or the nearest that is allowed.
    #[must_use]
    pub const fn near(figure: u64) -> Self {
        Self(if figure == 0 {
            1
        } else if figure > MAX {
            MAX
        } else {
            figure
        })
    }

    /// The figure.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The figure for counting what is in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MAX: u64> Default for Limit<MAX> {
    fn default() -> Self {
        Self(MAX)
    }
}

impl<const MAX: u64> Default for ByteLimit<MAX> {
    fn default() -> Self {
        Self(MAX)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Figure {
            units: SIZES,
            range: None,
        })
        .map(Self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Figure {
            units: TIMES,
            range: None,
        })
        .map(Self)
    }
}

impl<'de, const MAX: u64> Deserialize<'de> for Limit<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Figure {
            units: &[],
            range: Some(MAX),
        })
        .map(Self)
    }
}

impl<const MAX: u64> Serialize for Limit<MAX> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de, const MAX: u64> Deserialize<'de> for ByteLimit<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Figure {
            units: SIZES,
            range: Some(MAX),
        })
        .map(Self)
    }
}

/// Reads a whole number, or a text of a whole number and one of the units.
struct Figure {
    units: Units,
    range: Option<u64>,
}

type Units = &'static [(&'static str, u64)];

impl Visitor<'_> for Figure {
    type Value = u64;

    // INVARIANT: no ", expected " in here, or an error would show only what follows it.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some(max) => write!(f, "a whole number from 1 to {max}")?,
            None => f.write_str("a whole number")?,
        }
        if let Some((last, rest)) = self.units.split_last() {
            f.write_str(", or a text of a number and one of the units ")?;
            rest.iter()
                .try_for_each(|(unit, _)| write!(f, "{unit}, "))?;
            f.write_str(last.0)?;
        }
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
        if self.range.is_some_and(|max| !(1..=max).contains(&value)) {
            return Err(E::invalid_value(
                Unexpected::Other("a number out of range"),
                &self,
            ));
        }
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(
                Unexpected::Other("a negative number"),
                &self,
            )),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        match figure(text, self.units) {
            Some(value) => self.visit_u64(value),
            None => Err(E::invalid_value(Unexpected::Other("a text"), &self)),
        }
    }
}

/// `"200 MB"`: digits, perhaps a space, a unit.
fn figure(text: &str, units: Units) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(end)?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*size)
}

const SIZES: Units = &[
    ("B", 1),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

const TIMES: Units = &[("s", 1), ("min", 60), ("h", 3600), ("d", 86_400)];
