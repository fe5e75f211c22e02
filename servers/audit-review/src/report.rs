//! A report on a trail: who accessed what, what was refused, which rights go unused.
//!
//! | module      | answers                                                     |
//! |-------------|-------------------------------------------------------------|
//! | `tally`     | what is counted while the trail goes by?                    |
//! | `counter`   | how does a count stay bounded?                              |
//! | `sections`  | what does the report say of it?                             |
//! | `profile`   | which duty is it evidence for, and what does it not show?   |
//! | `markdown`  | how is it written as text?                                  |
//! | `html`      | how is it written as one page?                              |
//! | `chart`     | how is a count drawn?                                       |
//!
//! # Invariants
//!
//! - Memory does not grow with the trail: what is counted by a name is counted for a bounded
//!   number of names, and what is left out is told as a number.
//! - Both forms are written from one [`Document`], so that they say the same.
//! - A text of a record is escaped where it is written; the page has no script and loads nothing.

mod chart;
mod counter;
mod html;
mod markdown;
mod profile;
mod sections;
mod tally;
#[cfg(test)]
mod tests;

use chrono::DateTime;
use chrono::Utc;

pub use profile::Profile;
pub use tally::Tally;

/// What a report is made from, beside what was counted.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When it is made.
    pub now: DateTime<Utc>,
    /// Not before this instant.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// What the verification of the trail said, and what it cannot exclude.
    pub verdict: Vec<String>,
    /// What the policy gives; `None` if the report was made without one.
    pub rights: Option<Rights>,
}

/// What a policy gives.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// The roles, each with its permissions.
    pub roles: Vec<(String, Vec<String>)>,
    /// The grants: place in the file, subject, role, end.
    pub grants: Vec<(String, String, String, DateTime<Utc>)>,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Form {
    /// Text.
    #[default]
    Markdown,
    /// One page that needs nothing else.
    Html,
}

/// A report, before it is written in a form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    title: String,
    about: Vec<String>,
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Section {
    title: String,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Block {
    Text(String),
    /// A list of statements.
    List(Vec<String>),
    Table(Table),
    /// Numbers beside each other, each with its name and a part of it that is told apart.
    Bars {
        about: String,
        bars: Vec<Bar>,
    },
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Bar {
    name: String,
    allowed: u64,
    other: u64,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// What is not in it, in words.
    more: String,
}

impl Document {
    /// The report on what `tally` counted, for `profile`.
    #[must_use]
    pub fn new(tally: &Tally, facts: &Facts, profile: Profile) -> Self {
        sections::document(tally, facts, profile)
    }

    /// The report in `form`.
    #[must_use]
    pub fn write(&self, form: Form) -> String {
        match form {
            Form::Markdown => markdown::write(self),
            Form::Html => html::write(self),
        }
    }
}
