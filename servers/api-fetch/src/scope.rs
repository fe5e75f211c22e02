//! Decides what may be sent. Pure: nothing is resolved, read or connected here.
//!
//! # Invariants
//!
//! - The caller's permission and clearance are asked before anything of the call is looked at.
//! - A [`Permit`] is made only here, of checked and encoded parts, for the endpoint's own upstream,
//!   method and path.
//! - What is not declared is refused: a name, a value, a page of another origin.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use guard::call::Caller;
use guard::error::Denial;
use guard::label::Label;

use crate::endpoint::Endpoint;
use crate::endpoint::Onward;
use crate::parameters::Parameter;
use crate::parameters::Place;
use crate::parameters::decoded;
use crate::parameters::encoded;
use crate::permit::Keep;
use crate::permit::Method;
use crate::permit::Permit;

/// What is decided about all endpoints.
///
/// They live as long as the process: their names are those of tools, and refusals quote them,
/// which a [`Denial`] lets nothing do that could be a caller's text.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    endpoints: &'static [Endpoint],
}

impl Scope {
    /// Decides over `endpoints`, which are sorted by name. They are never freed: there is one set
    /// of them in a process, as large as its configuration.
    #[must_use]
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints: Box::leak(endpoints.into_boxed_slice()),
        }
    }

    /// All endpoints.
    #[must_use]
    pub const fn endpoints(&self) -> &'static [Endpoint] {
        self.endpoints
    }

    /// The endpoint of this name, whoever asks.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&'static Endpoint> {
        self.endpoints.iter().find(|e| e.name == name)
    }

    /// The endpoints that `caller` may call.
    pub fn open_to<'a>(&self, caller: &'a Caller) -> impl Iterator<Item = &'static Endpoint> + 'a {
        self.endpoints
            .iter()
            .filter(|endpoint| is_open(caller, endpoint).is_ok())
    }

    /// The endpoint of this name, if `caller` may call it.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`], and for what is not for them a denial that looks the same.
    pub fn find(&self, caller: &Caller, name: &str) -> Result<&'static Endpoint, Denial> {
        let endpoint = self.endpoint(name).ok_or(Denial::NotFound)?;
        match is_open(caller, endpoint) {
            Ok(()) => Ok(endpoint),
            Err(Denial::NotCleared) => Err(Denial::NotCleared),
            Err(_) => Err(Denial::OutOfScope),
        }
    }

    /// Leave to ask `endpoint` what `given` says, or to go `onward` from there.
    ///
    /// # Errors
    ///
    /// [`Denial::NotPermitted`] and [`Denial::NotCleared`] before anything else, then
    /// [`Denial::Malformed`] with the first argument that does not fit.
    pub fn permit(
        &self,
        caller: &Caller,
        endpoint: &'static Endpoint,
        given: &Map<String, Value>,
        onward: Option<&Onward>,
    ) -> Result<Permit, Denial> {
        is_open(caller, endpoint)?;
        let mut written = Written::default();
        for parameter in &endpoint.parameters {
            match given.get(&parameter.name) {
                Some(value) => written.add(parameter, value)?,
                None if parameter.required => return Err(parameter.malformed()),
                None => {}
            }
        }
        let declared = |name: &String| endpoint.parameters.iter().any(|p| p.name == *name);
        if !given.keys().all(declared) {
            return Err(Denial::Malformed {
                argument: "arguments",
                expected: "only names that the schema has",
            });
        }
        written.permit(endpoint, onward)
    }

    /// Whether `caller` may be led from `endpoint` to `path`, which is below the same base: only
    /// to what they may GET themselves, and what comes from there is no more sensitive.
    #[must_use]
    pub fn leads(&self, caller: &Caller, endpoint: &Endpoint, path: &str) -> bool {
        self.open_to(caller).any(|other| {
            let fits = |name: &str, value: &str| {
                let value = decoded(value);
                let parameter = other.in_path(name);
                parameter.is_some_and(|p| value.is_some_and(|value| p.accepts_text(&value)))
            };
            other.upstream == endpoint.upstream
                && other.method == Method::Get
                && other.highest().is_below(endpoint.label)
                && other.template.matches(path, fits)
        })
    }

    /// The most sensitive of all that can come back.
    #[must_use]
    pub fn highest(&self) -> Label {
        let labels = self.endpoints.iter().map(Endpoint::highest);
        labels.fold(Label::PUBLIC, Label::join)
    }
}

/// Whether `caller` may call `endpoint` at all.
fn is_open(caller: &Caller, endpoint: &Endpoint) -> Result<(), Denial> {
    if !caller.may(endpoint.permission.as_deref()) {
        return Err(Denial::NotPermitted);
    }
    if !caller.may_see(endpoint.label) {
        return Err(Denial::NotCleared);
    }
    Ok(())
}

/// Arguments as they go to the upstream.
#[derive(Debug, Default)]
struct Written {
    path: BTreeMap<&'static str, String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Map<String, Value>,
}

impl Written {
    fn add(&mut self, parameter: &'static Parameter, value: &Value) -> Result<(), Denial> {
        let texts = parameter.read(value)?;
        match parameter.place {
            Place::Path => {
                let text = encoded(&texts.concat());
                self.path.insert(&parameter.name, text);
            }
            Place::Query => {
                let name = encoded(&parameter.wire);
                let pairs = texts.iter().map(|text| (name.clone(), encoded(text)));
                self.query.extend(pairs);
            }
            Place::Header => {
                let one = (parameter.wire.clone(), texts.concat());
                self.headers.push(one);
            }
            Place::Body => {
                let own = parameter.written(value);
                self.body.insert(parameter.wire.clone(), own);
            }
        }
        Ok(())
    }

    fn permit(self, endpoint: &Endpoint, onward: Option<&Onward>) -> Result<Permit, Denial> {
        let fill = |name: &str| self.path.get(name).map(String::as_str);
        let path = endpoint.template.build(fill);
        let path = path.ok_or(Denial::Unsuitable("these values make no path"))?;
        let mut query = endpoint.query.clone();
        query.extend(self.query);
        if let (Some(onward), Some(pagination)) = (onward, &endpoint.pagination) {
            let guarded = endpoint.guarded.as_deref().map(encoded);
            let mut pairs = pagination.query(onward);
            pairs.retain(|(name, _)| {
                let own = guarded.as_deref();
                own.is_none_or(|own| !own.eq_ignore_ascii_case(name))
            });
            query.retain(|(name, _)| !pairs.iter().any(|(other, _)| other == name));
            query.extend(pairs);
        }
        let mut headers = endpoint.headers.clone();
        headers.extend(self.headers);
        let has_body = endpoint.parameters.iter().any(|p| p.place == Place::Body);
        let body = has_body.then(|| Value::Object(self.body).to_string().into_bytes());
        let size: usize = query
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if size > QUERY {
            return Err(Denial::TooLarge("what goes into the query"));
        }
        if body.as_ref().is_some_and(|body| body.len() > BODY) {
            return Err(Denial::TooLarge("what goes into the body"));
        }
        Ok(Permit {
            endpoint: endpoint.name.clone(),
            upstream: endpoint.upstream,
            method: endpoint.method,
            path,
            query,
            headers,
            body,
            limits: endpoint.limits,
            keep: endpoint.cache.map(|most| Keep {
                most,
                label: endpoint.label,
            }),
        })
    }
}

/// Bytes of a query; servers take 8 KiB of a whole request line.
const QUERY: usize = 6 << 10;
/// Bytes of a body.
const BODY: usize = 256 << 10;

#[cfg(test)]
mod laws;
