//! The members of a JSON body, and those of the objects in it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::parameter::Drafted;
use super::parameter::name_for;
use super::schema::Reader;
use super::schema::Simple;
use super::text::said;

/// The members of the body that `given` declares.
pub(super) fn read<'a>(
    reader: &Reader<'a>,
    given: &'a Value,
) -> Result<Vec<Drafted>, &'static str> {
    let body = reader
        .resolve(given)
        .ok_or("a reference that leads nowhere")?;
    let Some(schema) = json_schema(body) else {
        let needed = body.get("required").and_then(Value::as_bool) == Some(true);
        let any = body.get("content").and_then(Value::as_object);
        let any = any.is_some_and(|content| !content.is_empty());
        return if needed || any {
            Err("a body that is not JSON")
        } else {
            Ok(Vec::new())
        };
    };
    let schema = reader
        .schema(schema)
        .ok_or("a reference that leads nowhere")?;
    let mut all = members(reader, schema, 1)?;
    for member in &mut all {
        member.place = "body";
    }
    Ok(all)
}

/// The schema of what is JSON in a request or response.
pub(super) fn json_schema(of: &Value) -> Option<&Value> {
    of.get("content")?.get("application/json")?.get("schema")
}

/// The members of an object, at `depth`.
pub(super) fn members<'a>(
    reader: &Reader<'a>,
    schema: &'a Value,
    depth: usize,
) -> Result<Vec<Drafted>, &'static str> {
    let (mut found, mut needed) = (BTreeMap::new(), BTreeSet::new());
    gather(reader, schema, 0, &mut found, &mut needed)?;
    if found.is_empty() {
        return Err("an object without named members");
    }
    let mut all: Vec<Drafted> = Vec::new();
    for (wire, member) in found {
        let required = needed.contains(wire);
        let answered_only = member.get("readOnly").and_then(Value::as_bool) == Some(true);
        if answered_only && !required {
            continue;
        }
        let place = if depth == 1 { "body" } else { "" };
        match (Simple::read(reader, member, depth), name_for(wire, place)) {
            (Ok(simple), Some(name)) => {
                if all.iter().any(|other| other.name == name) {
                    return Err("two members of one name");
                }
                all.push(Drafted {
                    wire: (name != wire).then(|| wire.to_owned()),
                    name,
                    place: "",
                    required,
                    about: said(member, &["description"]),
                    simple,
                    joined: false,
                });
            }
            // an optional member is left to the upstream
            (Err(_), _) | (_, None) if !required => {}
            (Err(why), _) => return Err(why),
            (Ok(_), None) => return Err("a member whose name cannot be one here"),
        }
    }
    if all.is_empty() {
        return Err("an object of which nothing can be declared");
    }
    Ok(all)
}

/// Members of an object and of all that it is made of.
fn gather<'a>(
    reader: &Reader<'a>,
    schema: &'a Value,
    depth: usize,
    found: &mut BTreeMap<&'a str, &'a Value>,
    needed: &mut BTreeSet<&'a str>,
) -> Result<(), &'static str> {
    let schema = reader
        .resolve(schema)
        .ok_or("a reference that leads nowhere")?;
    let own = schema.get("properties").and_then(Value::as_object);
    for (name, member) in own.into_iter().flatten() {
        if found
            .insert(name, member)
            .is_some_and(|other| other != member)
        {
            return Err("a member that is declared in two ways");
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    needed.extend(required.into_iter().flatten().filter_map(Value::as_str));
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        if depth >= PARTS {
            return Err("an object of too many parts");
        }
        gather(reader, part, depth + 1, found, needed)?;
    }
    Ok(())
}

/// Levels of `allOf` in `allOf`.
const PARTS: usize = 4;
