//! One operation of a document, and the endpoint that it would be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::Named;
use super::body;
use super::parameter;
use super::parameter::Drafted;
use super::schema::Reader;
use super::text::said;
use crate::endpoint::Template;
use crate::endpoint::is_name;

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
pub(super) struct Endpoint {
    pub(super) name: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) about: String,
    pub(super) answer: Named,
    pub(super) parameters: Vec<Drafted>,
}

impl<'a> Operation<'a> {
    /// All operations of `document`.
    pub(super) fn all(document: &'a Value) -> Vec<Self> {
        let paths = document.get("paths").and_then(Value::as_object);
        let items = paths.into_iter().flatten().filter_map(|(path, item)| {
            let item = Reader::new(document).resolve(item)?;
            Some((path.as_str(), item))
        });
        items
            .flat_map(|(path, item)| {
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

    /// Its id, if that is one that a person can tell from others.
    pub(super) fn id(&self) -> Option<&'a str> {
        let id = self.own.get("operationId").and_then(Value::as_str)?;
        let plain = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        plain.then_some(id)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &'a str> {
        let tags = self.own.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str)
    }

    /// `GET /customers/{id}`, as it may be shown.
    pub(super) fn form(&self) -> String {
        let path = self.path.chars().filter(|c| matches!(c, '!'..='~'));
        let path: String = path.take(200).collect();
        format!("{} {path}", self.method.to_ascii_uppercase())
    }

    /// The endpoint that this is, under a name that none of `names` is. `ids` are those that
    /// several operations have.
    pub(super) fn endpoint(
        &self,
        document: &'a Value,
        ids: &BTreeSet<&str>,
        names: &mut BTreeSet<String>,
    ) -> Result<Endpoint, &'static str> {
        let reader = Reader::new(document);
        if self.id().is_some_and(|id| ids.contains(id)) {
            return Err("an operation id that another operation has as well");
        }
        if [self.own, self.item]
            .iter()
            .any(|at| at.get("servers").is_some())
        {
            return Err("a server of its own, which the upstream is not");
        }
        let template = Template::parse(self.path).map_err(|_| "a path that is not plain")?;
        let parameters = self.parameters(&reader, &template)?;
        let name = self.name(names)?;
        names.insert(name.clone());
        Ok(Endpoint {
            name,
            method: self.method,
            path: self.path.to_owned(),
            about: said(self.own, &["summary", "description"]),
            answer: self.answer(&reader),
            parameters,
        })
    }

    fn parameters(
        &self,
        reader: &Reader<'a>,
        template: &Template,
    ) -> Result<Vec<Drafted>, &'static str> {
        let of = |value: &'a Value| value.get("parameters").and_then(Value::as_array);
        let given = of(self.item).into_iter().chain(of(self.own)).flatten();
        let mut all: Vec<Drafted> = Vec::new();
        for given in given {
            if let Some(parameter) = parameter::read(reader, given)? {
                // one of the operation replaces one of the path
                all.retain(|other| {
                    (other.place, other.wire()) != (parameter.place, parameter.wire())
                });
                all.push(parameter);
            }
            if all.len() > MOST {
                return Err("more parameters than a caller can be told");
            }
        }
        if let Some(body) = self.own.get("requestBody") {
            if self.reads() {
                return Err("a body of what only reads");
            }
            all.extend(body::read(reader, body)?);
        }
        // what no place of the path takes is never sent
        all.retain(|p| p.place != "path" || template.names().any(|name| name == p.name));
        let in_path = |name: &str| all.iter().any(|p| p.place == "path" && p.name == name);
        if !template.names().all(in_path) {
            return Err("a name in the path that no parameter explains");
        }
        let mut taken: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
        taken.sort_unstable();
        if taken.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("two parameters of one name");
        }
        Ok(all)
    }

    /// Its id as the name of a tool, or its method and path.
    fn name(&self, names: &BTreeSet<String>) -> Result<String, &'static str> {
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
        let numbered = (2..=99).map(|number| format!("{name}-{number}"));
        let mut all = std::iter::once(name.clone()).chain(numbered);
        let free = all.find(|name| !names.contains(name));
        free.ok_or("a name that a hundred others have as well")
    }

    /// What a good answer holds.
    fn answer(&self, reader: &Reader<'a>) -> Named {
        let responses = self.own.get("responses");
        let good = ["200", "201", "2XX", "default"].iter();
        let good = good.filter_map(|status| responses?.get(*status)).next();
        let schema = good
            .and_then(|response| reader.resolve(response))
            .and_then(body::json_schema);
        schema.map_or_else(Named::default, |schema| Named::read(reader, schema))
    }
}

pub(super) const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];
/// Parameters of one operation.
const MOST: usize = 100;
