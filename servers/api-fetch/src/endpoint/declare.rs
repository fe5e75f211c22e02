//! From the configuration to endpoints and upstreams, with the place of whatever is wrong.

mod names;
mod upstream;

use std::time::Duration;

use guard::config::ConfigError;
use guard::config::Source;
use guard::config::Spanned;
use guard::label::Label;
use guard::label::Taxonomy;

use super::Endpoint;
use super::Pagination;
use super::Returns;
use super::Template;
use super::is_name;
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
use crate::permit::Budget;
use crate::permit::Method;
use crate::select::Fields;
use crate::select::Path;
use crate::tools::TRIO;
use names::collisions;
use names::fixed;
use names::header;

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
    let fields = fields(config)?;
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
        returns: Returns::declare(&config.returns, fields.as_ref())?,
        fields,
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
            let at = parameter.place.as_ref().map(Spanned::span);
            return Err(Trouble {
                span: at.unwrap_or_else(|| name.span()),
                reason,
            });
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

fn is_permission(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fine)
}

const NAME: &str = "expected a name of letters, digits, `_`, `-` and `.` that begins with a letter, \
                    up to 64, and is none of the tools' own";
const METHOD: &str =
    "expected exactly one of get, head, post, put, patch, delete, with the path below the base";
const FIELD: &str = "expected dot paths such as `id`, `plan.name` or `items[*].{id,name}`";
