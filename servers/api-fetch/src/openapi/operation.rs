//! One operation of a document, and the endpoint that it would be.

use serde_json::Value;

use super::schema::Simple;
use super::schema::fields;
use super::schema::resolve;
use super::write::turns;
use crate::endpoint::Template;
use crate::endpoint::is_name;
use crate::parameters::declare::OWN;
use crate::parameters::is_header_fit;

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    item: &'a Value,
    own: &'a Value,
}

/// An endpoint, to be written.
#[derive(Clone, Debug)]
pub(super) struct Drafted {
    pub(super) name: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) about: String,
    pub(super) fields: Vec<String>,
    pub(super) parameters: Vec<DraftedParameter>,
}

/// One of its parameters.
#[derive(Clone, Debug)]
pub(super) struct DraftedParameter {
    pub(super) name: String,
    /// What the upstream calls it, where that differs.
    pub(super) wire: Option<String>,
    pub(super) place: &'static str,
    pub(super) required: bool,
    pub(super) about: String,
    pub(super) simple: Simple,
    pub(super) joined: bool,
}

impl<'a> Operation<'a> {
    /// All operations at `path`.
    pub(super) fn all(document: &'a Value, path: &'a str, item: &'a Value) -> Vec<Self> {
        let item = resolve(document, item);
        let item = item.into_iter();
        item.flat_map(|item| {
            METHODS.iter().filter_map(move |method| {
                let own = item.get(*method)?;
                Some(Self {
                    path,
                    method,
                    item,
                    own,
                })
            })
        })
        .collect()
    }

    pub(super) fn reads(&self) -> bool {
        matches!(self.method, "get" | "head")
    }

    pub(super) fn id(&self) -> Option<&'a str> {
        self.own.get("operationId").and_then(Value::as_str)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &'a str> {
        let tags = self.own.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The endpoint that this is, under a name that none of `names` is.
    pub(super) fn endpoint(
        &self,
        document: &Value,
        names: &mut Vec<String>,
    ) -> Result<Drafted, &'static str> {
        let template = Template::parse(self.path).map_err(|_| "a path that is not plain")?;
        let mut parameters = Vec::new();
        for given in self.parameters() {
            let given = resolve(document, given).ok_or("a reference that leads nowhere")?;
            if let Some(parameter) = parameter(document, given)? {
                // one of the operation replaces one of the path
                parameters.retain(|other: &DraftedParameter| {
                    (other.place, &other.name) != (parameter.place, &parameter.name)
                });
                parameters.push(parameter);
            }
        }
        if let Some(body) = self.own.get("requestBody") {
            parameters.extend(self::body(document, body)?);
        }
        let in_path = |name: &str| {
            let mut all = parameters.iter();
            all.any(|p| p.place == "path" && p.name == name)
        };
        if !template.names().all(in_path) {
            return Err("a name in the path that no parameter explains");
        }
        let mut taken: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        taken.sort_unstable();
        if taken.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("two parameters of one name");
        }
        let name = self.name(names);
        names.push(name.clone());
        Ok(Drafted {
            name,
            method: self.method,
            path: self.path.to_owned(),
            about: said(self.own, &["summary", "description"]),
            fields: self.fields(document),
            parameters,
        })
    }

    fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        let of = |value: &'a Value| value.get("parameters").and_then(Value::as_array);
        let all = of(self.item).into_iter().chain(of(self.own));
        all.flatten()
    }

    /// Its id as the name of a tool, or its method and path.
    fn name(&self, names: &[String]) -> String {
        let text = self
            .id()
            .map_or_else(|| format!("{}-{}", self.method, self.path), str::to_owned);
        let mut name = String::new();
        for c in text.chars() {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') {
                name.push(c);
            } else if !name.ends_with('-') {
                name.push('-');
            }
        }
        let mut name: String = name.trim_matches('-').chars().take(48).collect();
        if !is_name(&name) || crate::tools::TRIO.contains(&name.as_str()) {
            name = format!("{}-{name}", self.method);
        }
        name.truncate(name.trim_end_matches('-').len());
        let base = name.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{base}-{number}");
            number += 1;
        }
        name
    }

    /// The fields of a good answer.
    fn fields(&self, document: &Value) -> Vec<String> {
        let responses = self.own.get("responses");
        let good = ["200", "201", "2XX", "default"].iter();
        let good = good.filter_map(|status| responses?.get(*status)).next();
        let schema = good
            .and_then(|response| resolve(document, response))
            .and_then(json_schema);
        schema.map_or_else(Vec::new, |schema| fields(document, schema))
    }
}

/// The schema of what is JSON in a request or response.
fn json_schema(of: &Value) -> Option<&Value> {
    of.get("content")?.get("application/json")?.get("schema")
}

/// A parameter; none for an optional one that may not be opened.
fn parameter(document: &Value, given: &Value) -> Result<Option<DraftedParameter>, &'static str> {
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let wire = text("name").ok_or("a parameter without a name")?;
    let required = given.get("required").and_then(Value::as_bool) == Some(true);
    let place = match text("in") {
        Some("path") => "path",
        Some("query") => "query",
        Some("header") if is_header_fit(&wire.to_ascii_lowercase()) => "header",
        Some("header" | "cookie") if !required => return Ok(None),
        Some("header" | "cookie") => return Err("a header or cookie that stays closed"),
        Some(_) | None => return Err("a parameter without a place"),
    };
    let schema = given.get("schema").ok_or("a parameter without a schema")?;
    let simple = match Simple::read(document, schema) {
        Ok(simple) => simple,
        Err(_) if !required && place != "path" => return Ok(None),
        Err(why) => return Err(why),
    };
    let list = simple.kind.ends_with("[]");
    if list && place != "query" {
        return if required {
            Err("a list outside of the query")
        } else {
            Ok(None)
        };
    }
    if place == "path" && !matches!(simple.kind.as_str(), "string" | "integer") {
        return Err("a parameter of the path that is neither text nor a whole number");
    }
    // in a query, `form` with `explode` is what nothing said means
    let explode = given.get("explode").and_then(Value::as_bool) != Some(false);
    let plain = text("style").is_none_or(|style| matches!(style, "form" | "simple"));
    if list && !plain {
        return Err("a list of an unusual style");
    }
    let Some(name) = name_for(wire, place) else {
        let why = "a parameter whose name cannot be one here";
        return if required { Err(why) } else { Ok(None) };
    };
    Ok(Some(DraftedParameter {
        wire: (name != wire).then(|| wire.to_owned()),
        name,
        place,
        required: required && place != "path",
        about: said(given, &["description"]),
        simple,
        joined: list && !explode,
    }))
}

/// The members of a JSON body.
fn body(document: &Value, body: &Value) -> Result<Vec<DraftedParameter>, &'static str> {
    let body = resolve(document, body).ok_or("a reference that leads nowhere")?;
    let schema = json_schema(body).ok_or("a body that is not JSON")?;
    let schema = resolve(document, schema).ok_or("a reference that leads nowhere")?;
    let members = schema.get("properties").and_then(Value::as_object);
    let members = members.ok_or("a body that is no object with named members")?;
    let needed = schema.get("required").and_then(Value::as_array);
    let needed: Vec<&str> = needed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut all = Vec::new();
    for (wire, member) in members {
        let required = needed.contains(&wire.as_str());
        let simple = Simple::read(document, member);
        match (simple, name_for(wire, "body")) {
            (Ok(simple), Some(name)) => all.push(DraftedParameter {
                wire: (name != *wire).then(|| wire.clone()),
                name,
                place: "body",
                required,
                about: said(member, &["description"]),
                simple,
                joined: false,
            }),
            // an optional member is left to the upstream
            (Err(_), _) | (_, None) if !required => {}
            (Err(why), _) => return Err(why),
            (Ok(_), None) => return Err("a member whose name cannot be one here"),
        }
    }
    Ok(all)
}

/// A name for the model: the upstream's own, as far as it is one.
fn name_for(wire: &str, place: &str) -> Option<String> {
    if place == "path" {
        // the name in the template and that of its parameter are one
        return (is_name(wire) && !OWN.contains(&wire)).then(|| wire.to_owned());
    }
    if !(1..=128).contains(&wire.len()) || wire.chars().any(|c| c.is_control() || turns(c)) {
        return None;
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut name: String = wire
        .chars()
        .map(|c| if fine(c) { c } else { '_' })
        .take(60)
        .collect();
    if OWN.contains(&name.as_str()) {
        name = format!("api_{name}");
    }
    is_name(&name).then_some(name)
}

/// What the document says of something: one line, short, for a person to read before a model does.
fn said(value: &Value, names: &[&str]) -> String {
    let text = names.iter().find_map(|name| value.get(*name)?.as_str());
    let text = text.unwrap_or_default();
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .take(600)
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(120).collect()
}

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];
