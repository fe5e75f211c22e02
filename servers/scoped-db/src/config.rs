//! The configuration file as the operator writes it.
//!
//! # Invariants
//!
//! - A key that is not known is refused, so a misspelt mask cannot go unnoticed.
//! - A limit is configured downwards only.
//! - No password can stand here: what is not a reference to one is refused and not repeated.

mod columns;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use guard::config::ByteLimit;
use guard::config::Common;
use guard::config::Limit;
use guard::config::Spanned;
use guard::secret::SecretRef;

use crate::permit::RowLimits;
use crate::schema::Mask;
use crate::statement::Bounds;

pub use columns::ColumnConfig;
pub use columns::Columns;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// `[guard]`: what all servers have in common.
    pub guard: Common,
    /// `[database]`: where it is.
    pub database: DatabaseConfig,
    /// `[context]`: what the database is told of the caller.
    pub context: ContextConfig,
    /// `[masks]`: what masks need.
    pub masks: MasksConfig,
    /// `[[tables]]`: what exists.
    pub tables: Vec<TableConfig>,
    /// `[limits]`: how much one statement may take.
    pub limits: Limits,
}

/// `[database]`: where it is and how to get in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DatabaseConfig {
    /// A PostgreSQL connection, as `postgres://USER@HOST/DATABASE` or `host=... user=...`,
    /// without a password.
    pub connection: Option<Spanned<String>>,
    /// A SQLite file instead; relative to the configuration file.
    pub sqlite: Option<Spanned<PathBuf>>,
    /// Where the password is kept.
    pub password: Option<SecretRef>,
    /// Whether what the database holds is the operator's own. Otherwise it is declared untrusted.
    pub trusted: bool,
}

/// `[context]`: the settings by which row-level security may know the caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ContextConfig {
    /// The setting that holds the caller's subject.
    pub subject: Spanned<String>,
    /// The setting that holds the caller's roles, joined by commas.
    pub roles: Spanned<String>,
}

/// `[masks]`: what masks need.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MasksConfig {
    /// Where the key of `hash` masks is kept. Without one each process makes its own, and hashes
    /// of two processes cannot be compared.
    pub key: Option<SecretRef>,
}

/// `[[tables]]`: one table that exists.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableConfig {
    /// `TABLE` or `SCHEMA.TABLE`, as the database writes it.
    pub name: Spanned<String>,
    /// What it holds, for the model.
    pub about: Option<String>,
    /// The label of its rows. Without one it is the default for unlabelled data.
    pub label: Option<Spanned<String>>,
    /// The condition that every row must meet.
    pub rows: Option<Spanned<String>>,
    /// Whether the database must hold each caller to their rows by row-level security: then the
    /// start fails where that is off.
    pub row_security: Option<Spanned<bool>>,
    /// The columns that name one row; without them, the primary key.
    pub key: Option<Spanned<Vec<String>>>,
    /// Counts for those who may not see rows.
    pub count: Option<CountConfig>,
    /// The columns that exist.
    pub columns: Columns,
    /// `[tables.insert]`.
    pub insert: Option<InsertConfig>,
    /// `[tables.update]`.
    pub update: Option<UpdateConfig>,
    /// `[tables.delete]`.
    pub delete: Option<DeleteConfig>,
}

/// `count = { label = "...", min-group = N }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CountConfig {
    /// The label of a count.
    pub label: Spanned<String>,
    /// The least number that a count tells; below it, only that it is below.
    #[serde(default = "CountConfig::usual_group")]
    pub min_group: u64,
}

/// `[tables.insert]`: new rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct InsertConfig {
    /// The columns that a caller may give.
    pub columns: Spanned<Vec<String>>,
    /// The column that is filled with the caller's subject.
    pub subject_column: Option<Spanned<String>>,
    /// A permission that is needed beside `db:insert`.
    pub permission: Option<String>,
}

/// `[tables.update]`: changed rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UpdateConfig {
    /// The columns that a caller may change.
    pub columns: Spanned<Vec<String>>,
    /// The column that is filled with the caller's subject.
    pub subject_column: Option<Spanned<String>>,
    /// A permission that is needed beside `db:update`.
    pub permission: Option<String>,
    /// The most rows of one call.
    #[serde(default)]
    pub most: Most,
}

/// `[tables.delete]`: rows that go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeleteConfig {
    /// A permission that is needed beside `db:delete`.
    pub permission: Option<String>,
    /// The most rows of one call.
    #[serde(default)]
    pub most: Most,
}

/// The most rows that one call may change: one, unless said otherwise; at most 1000.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct Most(Limit<1000>);

/// `[limits]`: the most that one statement may take and give.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Rows on one page.
    pub rows: Limit<10_000>,
    /// Bytes of values on one page.
    pub bytes: ByteLimit<{ 4 << 20 }>,
    /// Characters of one value; longer ones are cut and counted.
    pub cell_chars: Limit<65_536>,
    /// Columns of one outcome.
    pub columns: Limit<200>,
    /// Bytes of one statement.
    pub statement_bytes: ByteLimit<{ 64 << 10 }>,
    /// Joins in one statement.
    pub joins: Limit<16>,
    /// Levels of nesting in one statement.
    pub depth: Limit<60>,
    /// Seconds of one statement.
    pub statement_seconds: Limit<30>,
    /// The highest cost that the planner may expect, in its own units.
    pub cost: Limit<1_000_000_000>,
    /// Connections to the database.
    pub connections: Limit<32>,
}

impl Default for ContextConfig {
    fn default() -> Self {
        Self {
            subject: Spanned::new(0..0, "app.user_id".to_owned()),
            roles: Spanned::new(0..0, "app.roles".to_owned()),
        }
    }
}

impl Default for Most {
    fn default() -> Self {
        Self(Limit::near(1))
    }
}

impl Most {
    /// The figure.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl CountConfig {
    const fn usual_group() -> u64 {
        10
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: Limit::near(10_000),
            bytes: ByteLimit::near(2 << 20),
            cell_chars: Limit::near(65_536),
            columns: Limit::near(100),
            statement_bytes: ByteLimit::near(10_000),
            joins: Limit::near(8),
            depth: Limit::near(40),
            statement_seconds: Limit::near(10),
            cost: Limit::near(10_000_000),
            connections: Limit::near(8),
        }
    }
}

impl Limits {
    /// What a statement may be.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            bytes: self.statement_bytes.count(),
            joins: self.joins.count(),
            depth: self.depth.count(),
            columns: self.columns.count(),
        }
    }

    /// What a page may take.
    #[must_use]
    pub fn rows(&self) -> RowLimits {
        RowLimits {
            rows: self.rows.get(),
            bytes: self.bytes.get(),
            cell: self.cell_chars.get(),
            time: Duration::from_secs(self.statement_seconds.get()),
            cost: Some(self.cost.get()),
        }
    }
}

impl<'de> Deserialize<'de> for Mask {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::named(&word).ok_or_else(|| {
            let all = "`null`, `redact`, `hash`, `last-4`, `year` or `email-domain`";
            guard::config::expected(&all)
        })
    }
}

#[cfg(test)]
mod literals;
