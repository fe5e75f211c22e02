//! One thing that may be asked of an upstream, as it was declared: checked once, at start.
//!
//! # Invariants
//!
//! - What is not GET or HEAD has a permission of its own.
//! - Each place of the path has exactly one parameter, and each parameter of the path has its place.
//! - No parameter, and nothing that is always the same, goes under the name of the credential or of
//!   the user context.

mod declare;
mod pagination;
mod returns;
mod template;

use std::time::Duration;

use guard::label::Label;

use crate::parameters::Parameter;
use crate::parameters::Place;
use crate::permit::Budget;
use crate::permit::Method;
use crate::select::Fields;
use crate::select::Path;

pub use declare::Declared;
pub use declare::declare;
pub use pagination::Onward;
pub use pagination::Pagination;
pub use returns::Returns;
pub use template::NotATemplate;
pub use template::Template;
pub(crate) use template::is_name;

/// One thing that may be asked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name, which is that of its tool.
    pub name: String,
    /// For people.
    pub title: String,
    /// For the model.
    pub about: String,
    /// Which upstream, by its place in the list of them.
    pub upstream: usize,
    /// The upstream's name.
    pub upstream_name: String,
    /// How it is asked.
    pub method: Method,
    /// The path below the upstream's base.
    pub template: Template,
    /// What a caller must have.
    pub permission: Option<String>,
    /// The label of what comes back.
    pub label: Label,
    /// What a caller may say, sorted by name.
    pub parameters: Vec<Parameter>,
    /// The fields that exist.
    pub fields: Option<Fields>,
    /// What they hold, as far as it is declared.
    pub returns: Option<Returns>,
    /// Fields that are more sensitive than the rest.
    pub field_labels: Vec<(Path, Label)>,
    /// How a list goes on.
    pub pagination: Option<Pagination>,
    /// Whether others than the operator write what comes back.
    pub untrusted: bool,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    /// The parameter of the query that holds the credential, which no page may set.
    pub(crate) guarded: Option<String>,
    pub(crate) limits: Budget,
    /// How long an answer may be kept for the one who asked, if it may.
    pub(crate) cache: Option<Duration>,
    pub(crate) answer_bytes: usize,
    pub(crate) depth: usize,
}

impl Endpoint {
    /// Whether it changes anything.
    #[must_use]
    pub const fn writes(&self) -> bool {
        !matches!(self.method, Method::Get | Method::Head)
    }

    /// The most sensitive that an answer can be.
    #[must_use]
    pub fn highest(&self) -> Label {
        let labels = self.field_labels.iter().map(|(_, label)| *label);
        labels.fold(self.label, Label::join)
    }

    /// Whether a list of it can be cut into pages.
    #[must_use]
    pub const fn has_pages(&self) -> bool {
        !matches!(self.method, Method::Head) && !self.writes()
    }

    /// The parameter of the path with this name.
    pub(crate) fn in_path(&self, name: &str) -> Option<&Parameter> {
        let mut all = self.parameters.iter();
        all.find(|p| p.place == Place::Path && p.name == name)
    }

    /// `GET /customers/{id}`.
    #[must_use]
    pub fn form(&self) -> String {
        format!("{} {}", self.method.word(), self.template.text())
    }
}

impl Method {
    /// As it is sent.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}
