//! From the configuration to endpoints and upstreams, with the place of whatever is wrong.

mod upstream;

use std::time::Duration;

use guard::config::ConfigError;
use guard::config::Source;
use guard::config::Spanned;
use guard::label::Label;
use guard::label::Taxonomy;

use super::Endpoint;
use super::Pagination;
use super::Template;
use super::is_name;
use crate::config::ByName;
use crate::config::Config;
use crate::config::EndpointConfig;
use crate::config::Limits;
use crate::effects::upstream::Credential;
use crate::effects::upstream::Upstream;
use crate::parameters;
use crate::parameters::Parameter;
use crate::parameters::Place;
use crate::parameters::declare::Trouble;
use crate::parameters::encoded;
use crate::parameters::is_header_fit;
use crate::permit::Budget;
use crate::permit::Method;
use crate::select::Fields;
use crate::select::Path;
use crate::tools::TRIO;

/// All that a configuration declares.
#[derive(Debug)]
pub struct Declared {
    /// The hosts, as the network side wants them.
    pub upstreams: Vec<Upstream>,
    /// What may be asked of them, sorted by name.
    pub endpoints: Vec<Endpoint>,
}

/// Checks all of `config`, which `source` holds.
///
/// # Errors
///
/// The first place that is wrong.
pub fn declare(
    config: &Config,
    source: &Source,
    known: &Taxonomy,
    unlabelled: Label,
) -> Result<Declared, ConfigError> {
    let at = |trouble: Trouble| source.error_at(trouble.span, trouble.reason);
    let mut upstreams = Vec::with_capacity(config.upstreams.len());
    for (name, upstream) in &config.upstreams {
        upstreams.push(upstream::declare(name, upstream, source)?);
    }
    let mut endpoints = Vec::with_capacity(config.endpoints.len());
    for (name, endpoint) in &config.endpoints {
        let label = |text: &Spanned<String>| {
            let parsed = known.parse(text.get_ref());
            parsed.map_err(|reason| source.error_at(text.span(), reason))
        };
        let own = endpoint.label.as_ref().map_or(Ok(unlabelled), label)?;
        let mut field_labels = Vec::with_capacity(endpoint.field_labels.len());
        for (path, text) in &endpoint.field_labels {
            let parsed = Path::parse(path.get_ref());
            let parsed = parsed.map_err(|reason| source.error_at(path.span(), reason))?;
            // a field is never less sensitive than what it is part of
            field_labels.push((parsed, label(text)?.join(own)));
        }
        let mut declared =
            self::endpoint(name, endpoint, &upstreams, &config.limits).map_err(at)?;
        declared.label = own;
        declared.field_labels = field_labels;
        endpoints.push(declared);
    }
    Ok(Declared {
        upstreams,
        endpoints,
    })
}

fn endpoint(
    name: &Spanned<String>,
    config: &EndpointConfig,
    upstreams: &[Upstream],
    limits: &Limits,
) -> Result<Endpoint, Trouble> {
    if !is_name(name.get_ref()) || TRIO.contains(&name.get_ref().as_str()) {
        return Err(Trouble::at(name, NAME));
    }
    let wanted = config.upstream.get_ref();
    let number = upstreams.iter().position(|u| u.name == *wanted);
    let number = number.ok_or_else(|| {
        let reason = "no upstream of this name is declared under [upstreams]";
        Trouble::at(&config.upstream, reason)
    })?;
    let upstream = upstreams.get(number);
    let (method, path) = method(name, config)?;
    let template = Template::parse(path.get_ref());
    let template = template.map_err(|why| Trouble::at(path, why.reason()))?;
    let writes = !matches!(method, Method::Get | Method::Head);
    let permission = config.permission.as_ref();
    if let Some(at) = permission.filter(|text| !is_permission(text.get_ref())) {
        return Err(Trouble::at(at, "expected a word such as `customer:read`"));
    }
    if writes && permission.is_none() {
        let reason = "what is not GET or HEAD needs a permission";
        return Err(Trouble::at(path, reason));
    }
    let parameters = parameters(config, &template, path, writes)?;
    let guarded = upstream.and_then(|upstream| match &upstream.credential {
        Some(Credential::Query { name, .. }) => Some(name.clone()),
        _ => None,
    });
    let mut endpoint = Endpoint {
        name: name.get_ref().clone(),
        title: config.title.clone().unwrap_or_default(),
        about: config.about.clone().unwrap_or_default(),
        upstream: number,
        upstream_name: wanted.clone(),
        method,
        template,
        permission: permission.map(|text| text.get_ref().clone()),
        label: Label::PUBLIC,
        parameters,
        fields: fields(config)?,
        field_labels: Vec::new(),
        pagination: pagination(config, method)?,
        untrusted: !config.trusted,
        query: fixed(&config.query, |name, _| Some(encoded(name)), encoded)?,
        headers: fixed(&config.headers, header, str::to_owned)?,
        guarded,
        limits: budget(config, limits, method),
        cache: config.cached(method)?,
        answer_bytes: limits.answer_bytes.count(),
        depth: limits.depth.count(),
    };
    if endpoint.about.is_empty() {
        endpoint.about = format!("{} of {}.", endpoint.form(), endpoint.upstream_name);
    }
    collisions(config, &endpoint, upstream)?;
    Ok(endpoint)
}

fn method<'a>(
    name: &Spanned<String>,
    config: &'a EndpointConfig,
) -> Result<(Method, &'a Spanned<String>), Trouble> {
    let all = [
        (Method::Get, &config.get),
        (Method::Head, &config.head),
        (Method::Post, &config.post),
        (Method::Put, &config.put),
        (Method::Patch, &config.patch),
        (Method::Delete, &config.delete),
    ];
    let mut given = all
        .into_iter()
        .filter_map(|(method, path)| Some((method, path.as_ref()?)));
    let first = given.next();
    match (first, given.next()) {
        (Some(one), None) => Ok(one),
        (_, Some((_, second))) => Err(Trouble::at(second, METHOD)),
        (None, None) => Err(Trouble::at(name, METHOD)),
    }
}

fn parameters(
    config: &EndpointConfig,
    template: &Template,
    path: &Spanned<String>,
    writes: bool,
) -> Result<Vec<Parameter>, Trouble> {
    let mut all = Vec::with_capacity(config.parameters.len());
    for (name, parameter) in &config.parameters {
        let declared = parameters::declare(name, parameter)?;
        if declared.place == Place::Body && !writes {
            let reason = "expected no body of GET and HEAD";
            return Err(Trouble::at(&parameter.place, reason));
        }
        if declared.place == Place::Path && !template.names().any(|n| n == declared.name) {
            return Err(Trouble::at(name, "expected a name that the path has"));
        }
        all.push(declared);
    }
    let in_path = |name: &str| {
        let mut all = all.iter();
        all.any(|p| p.place == Place::Path && p.name == name)
    };
    if !template.names().all(in_path) {
        let reason = "each {name} in the path needs a parameter with in = \"path\"";
        return Err(Trouble::at(path, reason));
    }
    Ok(all)
}

fn fields(config: &EndpointConfig) -> Result<Option<Fields>, Trouble> {
    let Some(paths) = &config.fields else {
        return Ok(None);
    };
    for path in paths {
        if Fields::parse([path.get_ref().as_str()]).is_err() {
            return Err(Trouble::at(path, FIELD));
        }
    }
    let all = Fields::parse(paths.iter().map(|path| path.get_ref().as_str()));
    // each was read just now
    Ok(Some(all.unwrap_or_default()))
}

fn pagination(config: &EndpointConfig, method: Method) -> Result<Option<Pagination>, Trouble> {
    let Some(at) = &config.pagination else {
        return Ok(None);
    };
    if method != Method::Get {
        return Err(Trouble::at(at, "expected pages only of GET"));
    }
    let declared = Pagination::declare(at.get_ref());
    declared.map(Some).map_err(|reason| Trouble::at(at, reason))
}

/// What is always the same, checked: its name by `name`, its value for control characters.
fn fixed(
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

fn header(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let plain = value.bytes().all(|b| matches!(b, b' '..=b'~')) && value.trim() == value;
    (plain && is_header_fit(&name)).then_some(name)
}

fn budget(config: &EndpointConfig, limits: &Limits, method: Method) -> Budget {
    let seconds = config.seconds.map_or(limits.seconds.get(), |own| own.get());
    let repeatable = matches!(
        method,
        Method::Get | Method::Head | Method::Put | Method::Delete
    );
    let redirects = config.redirects.map_or(0, |most| most.get());
    Budget {
        body: config
            .max_bytes
            .map_or(limits.max_bytes.get(), |own| own.get()),
        headers: limits.header_bytes.get(),
        time: Duration::from_secs(seconds),
        silence: Duration::from_secs(limits.silence_seconds.get()),
        redirects: u8::try_from(redirects).unwrap_or(0),
        retry: config.retry.unwrap_or(repeatable),
    }
}

/// Two things under one name, or one under the name of the credential.
fn collisions(
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

fn is_permission(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fine)
}

const NAME: &str = "expected a name of letters, digits, `_`, `-` and `.` that begins with a letter, \
                    up to 64, and is none of the tools' own";
const METHOD: &str =
    "expected exactly one of get, head, post, put, patch, delete, with the path below the base";
const FIELD: &str = "expected dot paths such as `id`, `plan.name` or `items[*].{id,name}`";
const FIXED: &str = "expected a name, and for a header one that neither frames a message nor says \
                     who asks, with a plain value";
