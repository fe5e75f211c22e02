//! `list_tables` and `describe_table`: the virtual schema, as it is for the caller.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::call::Caller;
use guard::label::Label;
use guard::label::Labeled;
use guard::label::Taxonomy;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page;
use crate::resources;
use crate::schema::TableName;
use crate::schema::ViewTable;
use crate::schema::Writes;
use crate::server::Inner;
use crate::spelling;

#[derive(Debug, Deserialize)]
struct Described {
    table: String,
}

/// Lists the tables that exist for the caller.
pub(super) fn list(inner: &Inner, call: &Call) -> Outcome<Answer> {
    let view = inner.scope.view(call.caller().clearance);
    let mut tables = Vec::new();
    let mut label = Label::PUBLIC;
    for table in view.tables() {
        let declared = &table.table;
        let mut shown = Map::new();
        shown.insert("table".to_owned(), shown_name(&declared.name).into());
        let text = inner.known.text(declared.label);
        shown.insert("label".to_owned(), text.into());
        shown.insert("columns".to_owned(), table.columns.len().into());
        if let Some(rows) = declared.estimate.filter(|_| !declared.hides_rows()) {
            shown.insert("rows_about".to_owned(), rough(rows).into());
        }
        if let Some(about) = &declared.about {
            shown.insert("about".to_owned(), about.clone().into());
        }
        tables.push(Value::Object(shown));
        label = label.join(declared.label);
        call.touch(&resources::uri(&declared.name.to_string()), declared.label)?;
    }
    for table in inner.scope.counted(call.caller()) {
        let count = table.count.map_or(table.label, |count| count.label);
        tables.push(json!({
            "table": shown_name(&table.name),
            "label": inner.known.text(count),
            "only": "count_rows",
        }));
        label = label.join(count);
        call.touch(&resources::uri(&table.name.to_string()), count)?;
    }
    let items = tables.len() as u64;
    let answer = page::whole(json!({"tables": tables}), items, false, false);
    Ok(Labeled::new(answer, label))
}

/// Describes one table.
pub(super) fn describe(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let Described { table } = arguments.parse()?;
    let view = inner.scope.view(call.caller().clearance);
    let table = inner.scope.table(&view, &table)?;
    let (shown, label) = described(table, call.caller(), &inner.known);
    call.touch(&resources::uri(&table.table.name.to_string()), label)?;
    let items = table.columns.len() as u64;
    Ok(Labeled::new(page::whole(shown, items, false, false), label))
}

/// What is told of one table, and the join of the labels of all columns that are named.
pub(crate) fn described(table: &ViewTable, caller: &Caller, known: &Taxonomy) -> (Value, Label) {
    let declared = &table.table;
    let mut label = declared.label;
    let columns = table.columns().map(|(column, shown)| {
        label = label.join(shown.label);
        let mut told = json!({
            "name": spelling::shown(&column.name),
            "type": spelling::shown(&column.kind),
            "nullable": column.nullable,
            "label": known.text(shown.label),
        });
        if let Some(told) = told.as_object_mut() {
            if let Some(mask) = shown.mask {
                told.insert("mask".to_owned(), mask.name().into());
            }
            if let Some(about) = &column.about {
                told.insert("about".to_owned(), about.clone().into());
            }
        }
        told
    });
    let columns: Vec<Value> = columns.collect();
    let mut told = Map::new();
    told.insert("table".to_owned(), shown_name(&declared.name).into());
    if let Some(about) = &declared.about {
        told.insert("about".to_owned(), about.clone().into());
    }
    told.insert("label".to_owned(), known.text(declared.label).into());
    if let Some(rows) = declared.estimate.filter(|_| !declared.hides_rows()) {
        told.insert("rows_about".to_owned(), rough(rows).into());
    }
    let seen = |name: &String| table.column(name).is_some();
    if !declared.key.is_empty() && declared.key.iter().all(seen) {
        told.insert("key".to_owned(), shown_all(&declared.key).into());
    }
    told.insert("columns".to_owned(), columns.into());
    let writes = writes(&declared.writes, table, caller);
    if !writes.is_empty() {
        told.insert("writes".to_owned(), Value::Object(writes));
    }
    (Value::Object(told), label)
}

/// What the caller may write, by verb: the columns that may be given.
fn writes(writes: &Writes, table: &ViewTable, caller: &Caller) -> Map<String, Value> {
    let verbs = [
        ("insert", "db:insert", &writes.insert),
        ("update", "db:update", &writes.update),
        ("delete", "db:delete", &writes.delete),
    ];
    let mut told = Map::new();
    for (verb, permission, write) in verbs {
        let Some(write) = write else { continue };
        let may = caller.may(Some(permission)) && caller.may(write.permission.as_deref());
        if may {
            let seen = |name: &&String| {
                let shown = table.column(name);
                shown.is_some_and(|(_, shown)| shown.mask.is_none())
            };
            told.insert(
                verb.to_owned(),
                shown_all(write.columns.iter().filter(seen)).into(),
            );
        }
    }
    told
}

/// `SCHEMA.TABLE` as models and people read it.
pub(super) fn shown_name(name: &TableName) -> String {
    spelling::shown(&name.to_string()).into_owned()
}

fn shown_all<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let names = names.into_iter();
    names
        .map(|name| spelling::shown(name).into_owned())
        .collect()
}

/// To two digits: an exact figure would tell of single rows.
fn rough(rows: u64) -> u64 {
    let mut scale = 1;
    while rows / scale >= 100 {
        scale *= 10;
    }
    rows / scale * scale
}
