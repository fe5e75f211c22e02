//! `[imports.NAME]` as the operator writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use guard::config::ByteLimit;
use guard::config::Limit;
use guard::config::Spanned;

use super::ByName;
use super::CacheConfig;
use super::PaginationConfig;
use super::Shape;

/// A document that declares endpoints, and what is taken of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportConfig {
    /// The OpenAPI document.
    pub document: Spanned<PathBuf>,
    /// Its SHA-256, in hex. Another document is not read.
    pub sha256: Spanned<String>,
    /// The upstream that is called, whatever servers the document names.
    pub upstream: Spanned<String>,
    /// What is taken: operation ids, `tag:NAME`, `method:NAME`, paths, methods with paths. What is
    /// not GET or HEAD must be named.
    pub include: Vec<Spanned<String>>,
    /// What is not, whatever includes it.
    #[serde(default)]
    pub exclude: Vec<Spanned<String>>,
    /// What a caller must have to read.
    pub permission: Spanned<String>,
    /// What a caller must have to change something.
    pub write_permission: Option<Spanned<String>>,
    /// The label of what comes back. Without one it is the default for unlabelled data.
    pub label: Option<Spanned<String>>,
    /// What the names of the endpoints begin with.
    #[serde(default)]
    pub prefix: String,
    /// Whether the model reads what the document's author wrote about operations and parameters,
    /// as a quotation.
    #[serde(default)]
    pub texts: bool,
    /// Whether answers must be of the form that the document says.
    #[serde(default)]
    pub returns: bool,
    /// What is different for one operation, by its id or by its method and path.
    #[serde(default)]
    pub overrides: ByName<OverrideConfig>,
}

/// What is different for one operation. What is not said is as the import and the document say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OverrideConfig {
    /// The endpoint's name.
    pub name: Option<Spanned<String>>,
    /// What a caller must have.
    pub permission: Option<Spanned<String>>,
    /// The label of what comes back.
    pub label: Option<Spanned<String>>,
    /// For people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub about: Option<String>,
    /// The fields of the answer that exist.
    pub fields: Option<Vec<Spanned<String>>>,
    /// What they hold.
    pub returns: Option<BTreeMap<Spanned<String>, Shape>>,
    /// Fields that are more sensitive than the rest.
    pub field_labels: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Parameters that a caller may not give, of those that are not required.
    pub without: Vec<Spanned<String>>,
    /// The most bytes of a body that comes back.
    pub max_bytes: Option<ByteLimit<{ 4 << 20 }>>,
    /// The most seconds of one exchange.
    pub seconds: Option<Limit<30>>,
    /// Redirects that are followed.
    pub redirects: Option<Limit<3>>,
    /// Whether one retry is allowed.
    pub retry: Option<bool>,
    /// Parameters of the query that are always the same.
    pub query: ByName<Spanned<String>>,
    /// Headers that are always the same.
    pub headers: ByName<Spanned<String>>,
    /// How a list goes on.
    pub pagination: Option<Spanned<PaginationConfig>>,
    /// Whether and how long its answers are kept for who asked.
    pub cache: Option<Spanned<CacheConfig>>,
    /// Whether what comes back is the operator's own.
    pub trusted: bool,
}
