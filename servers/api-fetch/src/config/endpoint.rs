//! `[endpoints.NAME]` as the operator writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use guard::config::ByteLimit;
use guard::config::Limit;
use guard::config::Spanned;

use super::ByName;
use super::CacheConfig;

/// One thing that may be asked of an upstream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EndpointConfig {
    /// The upstream's name.
    pub upstream: Spanned<String>,
    /// The path for GET; exactly one of these six is given.
    pub get: Option<Spanned<String>>,
    /// The path for HEAD.
    pub head: Option<Spanned<String>>,
    /// The path for POST.
    pub post: Option<Spanned<String>>,
    /// The path for PUT.
    pub put: Option<Spanned<String>>,
    /// The path for PATCH.
    pub patch: Option<Spanned<String>>,
    /// The path for DELETE.
    pub delete: Option<Spanned<String>>,
    /// What a caller must have. What is not GET or HEAD needs one.
    pub permission: Option<Spanned<String>>,
    /// The label of what comes back. Without one it is the default for unlabelled data.
    pub label: Option<Spanned<String>>,
    /// For people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub about: Option<String>,
    /// The fields of the answer that exist, as dot paths. Without them, all do.
    pub fields: Option<Vec<Spanned<String>>>,
    /// What fields of the answer hold, as dot paths. With it, an answer of another form is kept back.
    #[serde(default)]
    pub returns: BTreeMap<Spanned<String>, Shape>,
    /// Fields that are more sensitive than the rest.
    #[serde(default)]
    pub field_labels: BTreeMap<Spanned<String>, Spanned<String>>,
    /// The most bytes of a body that comes back.
    pub max_bytes: Option<ByteLimit<{ 4 << 20 }>>,
    /// The most seconds of one exchange.
    pub seconds: Option<Limit<30>>,
    /// Redirects that are followed, to other endpoints of the same upstream. None unless given.
    pub redirects: Option<Limit<3>>,
    /// Whether one retry is allowed after 429, 503 or a connection that could not be made.
    /// Without it: for what may be repeated.
    pub retry: Option<bool>,
    /// Parameters of the query that are always the same.
    #[serde(default)]
    pub query: ByName<Spanned<String>>,
    /// Headers that are always the same.
    #[serde(default)]
    pub headers: ByName<Spanned<String>>,
    /// What a caller may say.
    #[serde(default)]
    pub parameters: ByName<ParameterConfig>,
    /// How a list goes on.
    pub pagination: Option<Spanned<PaginationConfig>>,
    /// Whether, and for how long, answers are kept for the one who asked.
    pub cache: Option<Spanned<CacheConfig>>,
    /// Whether what comes back is the operator's own. Otherwise it is declared untrusted.
    #[serde(default)]
    pub trusted: bool,
}

/// One thing that a caller may say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ParameterConfig {
    /// Where it goes. A member of an object says nothing: it goes where the object does.
    #[serde(rename = "in")]
    pub place: Option<Spanned<In>>,
    /// What it is.
    #[serde(rename = "type", default = "ParameterConfig::usual_type")]
    pub kind: Spanned<Type>,
    /// What the upstream calls it, where that is another name.
    pub name: Option<Spanned<String>>,
    /// For the model.
    pub about: Option<String>,
    /// Whether a call without it is refused. Parameters of the path always are required.
    #[serde(default)]
    pub required: bool,
    /// What a whole text must match.
    pub pattern: Option<Spanned<String>>,
    /// The only values, of a text.
    pub one_of: Option<Spanned<Vec<String>>>,
    /// The longest text, in characters.
    pub max_length: Option<Limit<65_536>>,
    /// The least number.
    pub min: Option<Spanned<f64>>,
    /// The greatest number.
    pub max: Option<Spanned<f64>>,
    /// Characters that a text in a path may have beside `A-Z a-z 0-9 . _ ~ -`; they are encoded.
    pub reserved: Option<Spanned<String>>,
    /// Whether a text in a body may have several lines.
    #[serde(default)]
    pub lines: bool,
    /// The most items of a list.
    pub max_items: Option<Limit<1000>>,
    /// What stands between the items of a list in the query. Without it the name is repeated.
    pub join: Option<Spanned<String>>,
    /// The members of an object, or of each object of a list.
    #[serde(default)]
    pub members: ByName<Self>,
}

impl ParameterConfig {
    fn usual_type() -> Spanned<Type> {
        Spanned::new(0..0, Type::Text)
    }
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum In {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// Into the body, which is a JSON object.
    Body,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
pub enum Type {
    /// A text.
    #[default]
    #[serde(rename = "string")]
    Text,
    /// A whole number.
    #[serde(rename = "integer")]
    Integer,
    /// A number.
    #[serde(rename = "number")]
    Number,
    /// `true` or `false`.
    #[serde(rename = "boolean")]
    Flag,
    /// A list of texts.
    #[serde(rename = "string[]")]
    Texts,
    /// A list of whole numbers.
    #[serde(rename = "integer[]")]
    Integers,
    /// A list of numbers.
    #[serde(rename = "number[]")]
    Numbers,
    /// A list of `true` or `false`.
    #[serde(rename = "boolean[]")]
    Flags,
    /// An object with `members`, in a body.
    #[serde(rename = "object")]
    Object,
    /// A list of such objects.
    #[serde(rename = "object[]")]
    Objects,
}

/// What a field of an answer holds, or `null`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum Shape {
    /// A text.
    #[serde(rename = "string")]
    Text,
    /// A whole number.
    #[serde(rename = "integer")]
    Integer,
    /// A number.
    #[serde(rename = "number")]
    Number,
    /// `true` or `false`.
    #[serde(rename = "boolean")]
    Flag,
    /// Anything.
    #[serde(rename = "any")]
    Any,
}

/// How a list goes on: one of the ways that APIs have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PaginationConfig {
    /// The field that holds the address of the next page.
    pub next: Option<String>,
    /// The field that holds a cursor, for `parameter`.
    pub cursor: Option<String>,
    /// The parameter of the query that takes the cursor.
    pub parameter: Option<String>,
    /// The field that says whether there is more, beside `cursor`.
    pub more: Option<String>,
    /// The parameter of the query that takes the number of the page.
    pub page: Option<String>,
    /// The number of the first page.
    pub first: Option<u32>,
    /// The parameter of the query that takes how many items to pass over.
    pub offset: Option<String>,
    /// The field that holds the list, beside `page` and `offset`; without it the whole body is.
    pub items: Option<String>,
    /// Whether the address of the next page is in the header `Link`.
    pub link_header: bool,
}
