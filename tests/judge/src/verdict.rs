//! Walks PostgreSQL's own tree and finds what should not be there.
//!
//! Every node must be of a kind that is listed, and every field that is filled in must be listed
//! for its kind: what is new to this list is a finding.

use pg_query::ParserOptions;
use scoped_db::statement::Translated;
use serde_json::Map;
use serde_json::Value;

use crate::shop;

type Verdict = Result<(), String>;

/// Fails with what is wrong.
pub fn judge(done: &Translated) -> Verdict {
    let tree = read(&done.sql, ParserOptions::DEFAULT)?;
    // a setting of the connection decides what a backslash means in a plain string
    if read(
        &done.sql,
        ParserOptions::DISABLE_STANDARD_CONFORMING_STRINGS,
    )? != tree
    {
        return Err("strings mean two things".to_owned());
    }
    let statements = tree["stmts"].as_array().ok_or("no statements")?;
    let [statement] = statements.as_slice() else {
        return Err(format!("{} statements", statements.len()));
    };
    let node = &statement["stmt"]["node"];
    if node.get("SelectStmt").is_none() {
        return Err("not a SELECT".to_owned());
    }
    kind(node, done)
}

fn read(sql: &str, options: ParserOptions) -> Result<Value, String> {
    let parsed = pg_query::parse(sql, options).map_err(|error| format!("not read: {error}"))?;
    serde_json::to_value(&parsed.protobuf).map_err(|error| error.to_string())
}

/// A wrapped node: an object with its kind as the only key.
fn kind(node: &Value, done: &Translated) -> Verdict {
    let object = node.as_object().ok_or("a node without a kind")?;
    for (kind, fields) in object {
        let Some((_, known)) = KINDS.iter().find(|(known, _)| *known == kind.as_str()) else {
            return Err(format!("node {kind}"));
        };
        match fields {
            Value::Object(fields) => within(kind, fields, known, done)?,
            other => return Err(format!("{kind}: {other}")),
        }
    }
    Ok(())
}

fn within(kind: &str, fields: &Map<String, Value>, known: &str, done: &Translated) -> Verdict {
    for (name, value) in fields {
        let listed = known.split(' ').any(|known| known == name);
        let place = PLACES.iter().any(|place| name.ends_with(place));
        if !listed && !place && !is_empty(value) {
            return Err(format!("{kind}.{name}: {value}"));
        }
    }
    check(kind, fields, done)?;
    fields
        .iter()
        .try_for_each(|(name, value)| descend(name, value, done))
}

fn descend(name: &str, value: &Value, done: &Translated) -> Verdict {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| descend(name, item, done)),
        Value::Object(fields) => {
            if fields.is_empty() {
                return Ok(());
            }
            if let (Some(node), 1) = (fields.get("node"), fields.len()) {
                return if node.is_null() {
                    Ok(())
                } else {
                    kind(node, done)
                };
            }
            let known = PLAIN.iter().find(|(known, _, _)| *known == name);
            match known {
                Some((_, kind, known)) => within(kind, fields, known, done),
                None => Err(format!("{name}: {value}")),
            }
        }
        _ => Ok(()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
    }
}

/// The texts of a list of names.
fn names(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |item: &Value| {
        let text = item["node"]["String"]["sval"].as_str();
        text.unwrap_or("*").to_owned()
    };
    items.iter().map(text).collect()
}

fn check(kind: &str, fields: &Map<String, Value>, done: &Translated) -> Verdict {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or_default();
    let list = |name: &str| names(fields.get(name).unwrap_or(&Value::Null));
    let must = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("{kind}: {what}"))
        }
    };
    match kind {
        "SelectStmt" => base(fields),
        "RangeVar" => {
            let (schema, table) = (text("schemaname"), text("relname"));
            let ours = table
                .strip_prefix("with ")
                .is_some_and(|number| number.parse::<u8>().is_ok());
            let known = shop::TABLES.iter().any(|(known, ..)| *known == table);
            must(
                (schema.is_empty() && ours) || (schema == "public" && known),
                table,
            )?;
            must(
                text("relpersistence") == "p" && fields["inh"] == true,
                "kind of table",
            )
        }
        "FuncCall" => match list("funcname").as_slice() {
            [schema, name] if schema == "pg_catalog" => {
                let known = shop::FUNCTIONS.lines().any(|known| known == name);
                must(known || GRAMMAR.contains(&name.as_str()), name)
            }
            other => must(false, &other.join(".")),
        },
        "TypeName" => match list("names").as_slice() {
            [schema, name] if schema == "pg_catalog" => must(TYPES.contains(&name.as_str()), name),
            other => must(false, &other.join(".")),
        },
        "AExpr" => match list("name").as_slice() {
            [schema, _] => must(schema == "pg_catalog", schema),
            // the grammar's own: IN, BETWEEN, IS DISTINCT FROM, NULLIF
            [_] => must(
                number("kind") >= 4 && number("kind") != 8 && number("kind") != 9,
                "operator without a schema",
            ),
            other => must(false, &other.join(".")),
        },
        "SubLink" => {
            let operator = list("oper_name");
            must(
                operator.is_empty() || operator[0] == "pg_catalog",
                "operator of ANY",
            )
        }
        "SortBy" => must(list("use_op").is_empty(), "USING"),
        "CollateClause" => must(list("collname")[0] == "pg_catalog", "collation"),
        // 1 to 9: dates and times; above are names of users and schemas
        "SqlvalueFunction" => must((1..=10).contains(&number("op")), "who or where"),
        "ParamRef" => {
            let most = i64::try_from(done.inputs.len()).unwrap_or(0);
            must((1..=most).contains(&number("number")), "parameter")
        }
        "AIndirection" => {
            let items = fields["indirection"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let subscripts = items
                .iter()
                .all(|item| item["node"].get("AIndices").is_some());
            must(subscripts, "a field of a row")
        }
        "ResTarget" => must(list("indirection").is_empty(), "indirection"),
        _ => Ok(()),
    }
}

/// A SELECT from a table of the database has the columns of the view, and nothing else.
fn base(fields: &Map<String, Value>) -> Verdict {
    let from = fields["from_clause"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let table = from.iter().find_map(|item| {
        let table = &item["node"]["RangeVar"];
        let named = table["schemaname"].as_str() == Some("public");
        named.then(|| table["relname"].as_str().unwrap_or_default())
    });
    let Some(table) = table else {
        return Ok(());
    };
    let (_, shown, masked) = shop::TABLES
        .iter()
        .find(|(known, ..)| *known == table)
        .ok_or("a table")?;
    if from.len() != 1 {
        return Err("a table beside others".to_owned());
    }
    let targets = fields["target_list"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut all = Vec::new();
    for target in targets {
        let target = &target["node"]["ResTarget"];
        let column = names(&target["val"]["node"]["ColumnRef"]["fields"]);
        let alias = target["name"].as_str().unwrap_or_default();
        match column.as_slice() {
            [column] if alias.is_empty() => all.push(column.clone()),
            _ if masked.contains(&alias) => all.push(alias.to_owned()),
            _ => return Err(format!("a column of {table}")),
        }
    }
    let wanted: Vec<&str> = shown.iter().chain(*masked).copied().collect();
    if all != wanted {
        return Err(format!("columns of {table}: {all:?}"));
    }
    let ruled = !fields["where_clause"].is_null();
    if ruled != (table == "documents") {
        return Err(format!("the rule of {table}"));
    }
    let plain = [
        "group_clause",
        "having_clause",
        "window_clause",
        "sort_clause",
        "limit_count",
        "with_clause",
        "distinct_clause",
    ];
    match plain.iter().find(|name| !is_empty(&fields[**name])) {
        Some(name) => Err(format!("{name} of {table}")),
        None => Ok(()),
    }
}

/// What the grammar and the printer call by themselves.
const GRAMMAR: &[&str] = &[
    "extract",
    "timezone",
    "overlaps",
    "like_escape",
    "similar_to_escape",
    "btrim",
    "convert_to",
];
const TYPES: &[&str] = &[
    "bool",
    "bpchar",
    "bytea",
    "cidr",
    "date",
    "daterange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int4range",
    "int8",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "macaddr",
    "numeric",
    "numrange",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsrange",
    "tstzrange",
    "uuid",
    "varchar",
];

/// Fields that say where something stands in the text.
const PLACES: &[&str] = &["location", "list_start", "list_end"];

/// Kinds of nodes, and the fields that each may have.
const KINDS: &[(&str, &str)] = &[
    (
        "SelectStmt",
        "distinct_clause target_list from_clause where_clause group_clause having_clause window_clause values_lists sort_clause \
         limit_offset limit_count limit_option with_clause op all larg rarg",
    ),
    ("ResTarget", "name val"),
    ("ColumnRef", "fields"),
    ("String", "sval"),
    ("Integer", "ival"),
    ("Float", "fval"),
    ("Boolean", "boolval"),
    ("List", "items"),
    ("AStar", ""),
    ("AConst", "isnull val"),
    ("AExpr", "kind name lexpr rexpr"),
    ("BoolExpr", "boolop args"),
    ("NullTest", "arg nulltesttype"),
    ("BooleanTest", "arg booltesttype"),
    (
        "FuncCall",
        "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct funcformat",
    ),
    ("NamedArgExpr", "arg name argnumber"),
    ("CoalesceExpr", "args"),
    ("MinMaxExpr", "op args"),
    ("SqlvalueFunction", "op typmod"),
    ("CaseExpr", "arg args defresult"),
    ("CaseWhen", "expr result"),
    ("TypeCast", "arg type_name"),
    ("CollateClause", "arg collname"),
    ("ParamRef", "number"),
    ("SubLink", "sub_link_type testexpr oper_name subselect"),
    ("AArrayExpr", "elements"),
    ("RowExpr", "args row_format"),
    ("AIndirection", "arg indirection"),
    ("AIndices", "is_slice lidx uidx"),
    ("GroupingSet", "kind content"),
    ("GroupingFunc", "args"),
    ("SortBy", "node sortby_dir sortby_nulls"),
    (
        "WindowDef",
        "name refname partition_clause order_clause frame_options start_offset end_offset",
    ),
    ("RangeVar", "schemaname relname inh relpersistence alias"),
    ("RangeSubselect", "lateral subquery alias"),
    ("RangeFunction", "lateral ordinality functions alias"),
    (
        "JoinExpr",
        "jointype is_natural larg rarg using_clause quals",
    ),
    (
        "CommonTableExpr",
        "ctename aliascolnames ctematerialized ctequery",
    ),
];

/// Fields that hold a node without its kind: the field, the kind, and its fields.
const PLAIN: &[(&str, &str, &str)] = &[
    ("larg", "SelectStmt", KINDS[0].1),
    ("rarg", "SelectStmt", KINDS[0].1),
    ("alias", "Alias", "aliasname colnames"),
    ("with_clause", "WithClause", "ctes recursive"),
    (
        "type_name",
        "TypeName",
        "names typmods typemod array_bounds",
    ),
    (
        "over",
        "WindowDef",
        "name refname partition_clause order_clause frame_options start_offset end_offset",
    ),
    ("collname", "List", ""),
    ("val", "Constant", "Ival Fval Boolval Sval"),
    ("Ival", "Integer", "ival"),
    ("Fval", "Float", "fval"),
    ("Boolval", "Boolean", "boolval"),
    ("Sval", "String", "sval"),
];
