//! Tables as resources: `db://SCHEMA/TABLE` is what `describe_table` tells.
//!
//! # Invariants
//!
//! - What is listed, read and completed is looked up in the caller's view, as for the tools.

use guard::call::Call;
use guard::error::Denial;
use guard::label::Label;
use guard::label::Labeled;
use guard::server::Body;
use guard::server::Contents;
use guard::server::Outcome;
use guard::server::Page;
use guard::server::Resource;
use guard::server::Template;

use crate::schema::View;
use crate::schema::ViewTable;
use crate::server::Inner;
use crate::spelling;
use crate::tools::described;

/// By what a table is addressed.
const TEMPLATE: &str = "db://{schema}/{table}";
const SCHEME: &str = "db://";

/// The address of `SCHEMA.TABLE`, with everything but letters, digits and `-_~` escaped
/// (RFC 3986 section 2.1).
pub(crate) fn uri(table: &str) -> String {
    let (schema, table) = table.split_once('.').unwrap_or(("", table));
    format!("{SCHEME}{}/{}", escaped(schema), escaped(table))
}

/// The templates.
pub(crate) fn templates() -> Vec<Template> {
    vec![Template {
        uri: TEMPLATE,
        name: "table",
        about: "The columns of a table, as they are for you.",
    }]
}

/// Lists the tables that exist for the caller. All are one page.
pub(crate) fn list(inner: &Inner, call: &Call, after: Option<&str>) -> Outcome<Page> {
    if after.is_some() {
        return Err(Denial::StaleCursor.into());
    }
    let view = inner.scope.view(call.caller().clearance);
    let mut label = Label::PUBLIC;
    let mut page = Page::default();
    for table in view.tables() {
        let declared = &table.table;
        label = label.join(declared.label);
        page.items.push(Resource {
            uri: address(table),
            name: spelling::shown(&declared.name.to_string()).into_owned(),
            mime: Some(JSON.to_owned()),
            size: None,
            modified: None,
            label: declared.label,
        });
    }
    Ok(Labeled::new(page, label))
}

/// Reads one.
pub(crate) fn read(inner: &Inner, call: &Call, uri: &str) -> Outcome<Vec<Contents>> {
    let view = inner.scope.view(call.caller().clearance);
    let found = view.tables().iter().find(|table| address(table) == uri);
    let Some(table) = found else {
        let hidden = inner.scope.schema().tables.iter();
        let mut hidden = hidden.map(|table| self::uri(&table.name.to_string()));
        let hidden = hidden.any(|address| address == uri);
        return Err(if hidden {
            Denial::NotCleared.into()
        } else {
            Denial::NotFound.into()
        });
    };
    let (shown, label) = described(table, call.caller(), &inner.known);
    call.touch(uri, label)?;
    let contents = Contents {
        uri: uri.to_owned(),
        mime: Some(JSON.to_owned()),
        body: Body::Text(shown.to_string()),
        label,
        untrusted: false,
    };
    Ok(Labeled::new(vec![contents], label))
}

/// Proposes schemas, and tables of a schema.
pub(crate) fn complete(
    inner: &Inner,
    call: &Call,
    template: &str,
    variable: &str,
    typed: &str,
    known: &[(String, String)],
) -> Outcome<Vec<String>> {
    if template != TEMPLATE {
        return Err(Denial::NotFound.into());
    }
    let view: &View = &inner.scope.view(call.caller().clearance);
    let schema = known.iter().find(|(name, _)| name == "schema");
    let mut label = Label::PUBLIC;
    let mut values = Vec::new();
    for table in view.tables() {
        let name = &table.table.name;
        let value = match variable {
            "schema" => &name.schema,
            "table" if schema.is_none_or(|(_, schema)| *schema == name.schema) => &name.table,
            "table" => continue,
            _ => return Err(Denial::NotFound.into()),
        };
        // whether one is left out because of what was typed is told by every table there is
        label = label.join(table.table.label);
        if value.starts_with(typed) && !values.contains(value) {
            values.push(value.clone());
        }
    }
    values.sort();
    values.truncate(MOST);
    Ok(Labeled::new(values, label))
}

fn address(table: &ViewTable) -> String {
    uri(&table.table.name.to_string())
}

fn escaped(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~".contains(&b);
    name.bytes().fold(String::new(), |mut text, byte| {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

const JSON: &str = "application/json";
/// As many as the protocol allows.
const MOST: usize = 100;
