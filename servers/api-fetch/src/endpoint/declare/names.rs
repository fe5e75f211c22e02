//! What goes under which name: things that are always the same, and no two under one.

use guard::config::Spanned;

use super::super::Endpoint;
use super::super::Pagination;
use crate::config::ByName;
use crate::config::EndpointConfig;
use crate::effects::upstream::Credential;
use crate::effects::upstream::Upstream;
use crate::parameters::Place;
use crate::parameters::declare::Trouble;
use crate::parameters::is_header_fit;

/// What is always the same, checked: its name by `name`, its value for control characters.
pub(super) fn fixed(
    table: &ByName<Spanned<String>>,
    name: impl Fn(&str, &str) -> Option<String>,
    value: impl Fn(&str) -> String,
) -> Result<Vec<(String, String)>, Trouble> {
    let mut all = Vec::with_capacity(table.len());
    for (key, text) in table {
        let plain = !text.get_ref().chars().any(char::is_control);
        let name = name(key.get_ref(), text.get_ref()).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Trouble::at(key, FIXED))?;
        if !plain {
            return Err(Trouble::at(text, "expected no control characters"));
        }
        all.push((name, value(text.get_ref())));
    }
    Ok(all)
}

pub(super) fn header(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let plain = value.bytes().all(|b| matches!(b, b' '..=b'~')) && value.trim() == value;
    (plain && is_header_fit(&name)).then_some(name)
}

/// Two things under one name, or one under the name of the credential.
pub(super) fn collisions(
    config: &EndpointConfig,
    endpoint: &Endpoint,
    upstream: Option<&Upstream>,
) -> Result<(), Trouble> {
    let credential = upstream.and_then(|upstream| match &upstream.credential {
        Some(Credential::Header { name, .. }) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let context = upstream.and_then(|u| u.user_context.as_ref());
    let context = context.map(|context| context.header.to_ascii_lowercase());
    let closed =
        |name: &str| Some(name) == credential.as_deref() || Some(name) == context.as_deref();
    let guarded = |name: &str| {
        let own = endpoint.guarded.as_deref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    let mut taken: Vec<(Place, String)> = Vec::new();
    if let Some(name) = endpoint.pagination.as_ref().and_then(Pagination::fills) {
        taken.push((Place::Query, name.to_owned()));
    }
    let headers = config.headers.keys();
    let headers = headers.map(|at| (Place::Header, at.get_ref().to_ascii_lowercase(), at));
    let query = config.query.keys();
    let query = query.map(|at| (Place::Query, at.get_ref().clone(), at));
    let parameters = config.parameters.keys().filter_map(|at| {
        let declared = endpoint.parameters.iter().find(|p| p.name == *at.get_ref());
        declared.map(|p| (p.place, p.wire.clone(), at))
    });
    for (place, name, at) in headers.chain(query).chain(parameters) {
        let secret = match place {
            Place::Header => closed(&name),
            Place::Query => guarded(&name),
            Place::Path | Place::Body => false,
        };
        if secret {
            let reason = "this name is the credential's or the user context's";
            return Err(Trouble::at(at, reason));
        }
        let this = (place, name);
        if place != Place::Path && taken.contains(&this) {
            return Err(Trouble::at(
                at,
                "something else goes under this name already",
            ));
        }
        taken.push(this);
    }
    let filled = endpoint.pagination.as_ref().and_then(Pagination::fills);
    match (filled, &config.pagination) {
        (Some(name), Some(at)) if guarded(name) => {
            Err(Trouble::at(at, "this name is the credential's"))
        }
        _ => Ok(()),
    }
}

const FIXED: &str = "expected a name, and for a header one that neither frames a message nor says \
                     who asks, with a plain value";
