//! From `[imports.NAME]` to endpoints, as if the operator had written them.
//!
//! # Invariants
//!
//! - A document is read only if it has the SHA-256 that the operator wrote: one that changed is
//!   refused, not served.
//! - What a document declares passes every check that a written endpoint passes; its addresses and
//!   security schemes are not looked at, and its words reach the model only as a quotation, where the
//!   operator opened them.
//! - A rule or an override that fits nothing is refused at its place.

mod endpoint;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use guard::config::ConfigError;
use guard::config::Source;
use guard::config::Spanned;

use super::Rule;
use super::Trouble;
use super::document;
use super::operation::Operation;
use crate::config::ByName;
use crate::config::Config;
use crate::config::EndpointConfig;
use crate::config::ImportConfig;
use crate::config::OverrideConfig;
use crate::config::UpstreamConfig;
use crate::endpoint::Returns;

/// What was chosen and is not served, or not all of it. For the operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeftOut {
    /// The import's name.
    pub import: String,
    /// `GET /customers/{id}`.
    pub form: String,
    /// Why.
    pub why: &'static str,
}

/// Why the file of a document cannot be read: words for the operator.
pub type Unread = String;

/// Adds to `config` the endpoints of its imports, whose documents `read` gives, and tells what was
/// left out of them.
///
/// # Errors
///
/// The first place of `source` that is wrong.
pub fn expand(
    config: &mut Config,
    source: &Source,
    read: &dyn Fn(&Path) -> Result<Vec<u8>, Unread>,
) -> Result<Vec<LeftOut>, ConfigError> {
    let mut left_out = Vec::new();
    for (name, import) in &std::mem::take(&mut config.imports) {
        let bytes = read(&source.resolve(import.document.get_ref()));
        let bytes = bytes.map_err(|why| source.error_at(import.document.span(), why))?;
        pinned(import, &bytes, source)?;
        let document = document::read(&bytes)
            .map_err(|trouble| source.error_at(import.document.span(), trouble))?;
        drop(bytes);
        let one = One {
            name,
            import,
            source,
            upstream: config.upstreams.get(&import.upstream),
        };
        one.expand(&document, &mut config.endpoints, &mut left_out)?;
    }
    Ok(left_out)
}

fn pinned(import: &ImportConfig, bytes: &[u8], source: &Source) -> Result<(), ConfigError> {
    let wanted = import.sha256.get_ref();
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if wanted.len() != 64 || !wanted.bytes().all(hex) {
        let reason = "expected a SHA-256 as 64 hexadecimal digits in lower case";
        return Err(source.error_at(import.sha256.span(), reason));
    }
    let found: String = Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if found == *wanted {
        return Ok(());
    }
    let reason = format!(
        "this is not the document's SHA-256, which is {found}: see what changed before you write \
         it here"
    );
    Err(source.error_at(import.sha256.span(), reason))
}

/// Each with its place, by a method and a path.
type Overrides<'a, 'd> =
    BTreeMap<(&'static str, &'d str), (&'a Spanned<String>, &'a OverrideConfig)>;

/// One import.
struct One<'a> {
    name: &'a Spanned<String>,
    import: &'a ImportConfig,
    source: &'a Source,
    upstream: Option<&'a UpstreamConfig>,
}

impl<'a> One<'a> {
    fn expand(
        &self,
        document: &Value,
        endpoints: &mut ByName<EndpointConfig>,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<(), ConfigError> {
        let include = self.rules(&self.import.include)?;
        let exclude = self.rules(&self.import.exclude)?;
        if include.is_empty() {
            let reason = "expected at least one rule under `include`";
            return Err(self.source.error_at(self.name.span(), reason));
        }
        let taken = super::taken(document, &include, &exclude);
        let taken = taken.map_err(|trouble| self.trouble(&trouble))?;
        let mut overrides = self.overrides(&taken)?;
        for (operation, endpoint) in &taken {
            let own = overrides.remove(&(operation.method, operation.path));
            let endpoint = match endpoint {
                Ok(endpoint) => endpoint,
                Err(why) => match self.named(operation, &include, own) {
                    Some(at) => {
                        let reason = format!("this cannot be declared: {why}");
                        return Err(self.source.error_at(at, reason));
                    }
                    None => {
                        left_out.push(self.left_out(operation, why));
                        continue;
                    }
                },
            };
            let usual = OverrideConfig::default();
            let (at, own) = own.map_or((self.name, &usual), |(at, own)| (at, own));
            if own.fields.is_none() && endpoint.answer.more {
                left_out.push(self.left_out(operation, MORE));
            }
            let (name, mut config) = self.endpoint(at, own, endpoint)?;
            if own.returns.is_none() && Returns::declare(&config.returns, None).is_err() {
                config.returns.clear();
                left_out.push(self.left_out(operation, TWO_FORMS));
            }
            let place = name.span();
            if endpoints.insert(name, config).is_some() {
                let reason = "this declares an endpoint under a name that is taken";
                return Err(self.source.error_at(place, reason));
            }
        }
        Ok(())
    }

    fn left_out(&self, operation: &Operation<'_>, why: &'static str) -> LeftOut {
        LeftOut {
            import: self.name.get_ref().clone(),
            form: operation.form(),
            why,
        }
    }

    fn rules(&self, texts: &[Spanned<String>]) -> Result<Vec<Rule>, ConfigError> {
        let one = |text: &Spanned<String>| {
            let rule = Rule::parse(text.get_ref());
            rule.map_err(|reason| self.source.error_at(text.span(), reason))
        };
        texts.iter().map(one).collect()
    }

    /// A trouble at the place of the rule that has it.
    fn trouble(&self, trouble: &Trouble) -> ConfigError {
        let rules = self.import.include.iter().chain(&self.import.exclude);
        let of_rule = |rule: &Rule| {
            let mut rules = rules;
            rules.find(|text| *text.get_ref() == rule.text())
        };
        if let Trouble::Unmatched(rule) = trouble {
            let at = of_rule(rule).map_or_else(|| self.name.span(), Spanned::span);
            let reason = "this fits no operation of the document";
            return self.source.error_at(at, reason);
        }
        self.source.error_at(self.import.document.span(), trouble)
    }

    /// The overrides by the method and the path of the operation that each is for.
    fn overrides<'d>(&self, taken: &super::Taken<'d>) -> Result<Overrides<'a, 'd>, ConfigError> {
        let mut all = BTreeMap::new();
        for (at, own) in &self.import.overrides {
            let rule = Rule::parse(at.get_ref());
            let rule = rule.map_err(|reason| self.source.error_at(at.span(), reason))?;
            let mut operations = taken.iter().map(|(operation, _)| operation);
            let Some(operation) = operations.find(|operation| rule.names(operation)) else {
                let reason = "this names no operation that is taken: expected an operation id, or \
                              a method and a path";
                return Err(self.source.error_at(at.span(), reason));
            };
            let place = (operation.method, operation.path);
            if all.insert(place, (at, own)).is_some() {
                let reason = "this operation has another override";
                return Err(self.source.error_at(at.span(), reason));
            }
        }
        Ok(all)
    }

    /// Where the operator named `operation` itself, if they did.
    fn named(
        &self,
        operation: &Operation<'_>,
        include: &[Rule],
        own: Option<(&Spanned<String>, &OverrideConfig)>,
    ) -> Option<Range<usize>> {
        let mut rules = include.iter().zip(&self.import.include);
        let by_rule = rules.find_map(|(rule, at)| rule.names(operation).then(|| at.span()));
        by_rule.or_else(|| own.map(|(at, _)| at.span()))
    }
}

const TWO_FORMS: &str = "its answer is declared in two ways: it is not held to either";
const MORE: &str = "its answer has more fields than are taken; an override may list them";

#[cfg(test)]
mod tests;
