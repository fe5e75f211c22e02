//! The tools as the model sees them.
//!
//! # Invariants
//!
//! - All definitions together take less than 6 kB, those without writes less than 5 kB.
//! - Tools that write are not there at all unless the configuration opens a table for them.
//! - Nothing in an answer depends on a table, column or row that the caller may not see.

mod count;
mod describe;
mod explain;
mod page;
mod query;
mod sample;
mod write;

use guard::call::Call;
use guard::error::Denial;
use guard::schema::Arguments;
use guard::schema::Kind;
use guard::schema::Parameter;
use guard::server::Answer;
use guard::server::Outcome;
use guard::server::Tool;

use crate::schema::Schema;
use crate::scope::Operator;
use crate::scope::Verb;
use crate::server::Inner;

pub(crate) use describe::described;

/// The tools over `schema`, sorted by name.
pub(crate) fn tools(schema: &Schema) -> Vec<Tool> {
    let open = |tool: &&Tool| match tool.name {
        INSERT => schema.tables.iter().any(|t| t.writes.insert.is_some()),
        UPDATE => schema.tables.iter().any(|t| t.writes.update.is_some()),
        DELETE => schema.tables.iter().any(|t| t.writes.delete.is_some()),
        _ => true,
    };
    ALL.iter().filter(open).copied().collect()
}

const ALL: [Tool; 9] = [
    Tool {
        about: "Count rows of a table, for each value of `group_by` if given.",
        parameters: &[
            TABLE,
            WHERE,
            Parameter::new("group_by", Kind::Texts(8, NAME), ""),
        ],
        output: ROWS,
        ..tool("count_rows")
    },
    Tool {
        about: "Delete the rows that `key` names, if they are exactly `expect`.",
        parameters: &[TABLE, KEY, EXPECT],
        permission: Some("db:delete"),
        writes: true,
        output: CHANGED,
        ..tool(DELETE)
    },
    Tool {
        about: "Columns of a table: types, labels, masks, key, what may be written.",
        parameters: &[TABLE],
        output: r#"{"type":"object","properties":{"table":{"type":"string"},"columns":{"type":"array"}}}"#,
        ..tool("describe_table")
    },
    Tool {
        about: "The plan of a statement: steps, tables, rough rows and cost.",
        parameters: &[SQL, PARAMS],
        output: r#"{"type":"object","properties":{"plan":{"type":"array"}}}"#,
        ..tool("explain_query")
    },
    Tool {
        about: "Insert one row.",
        parameters: &[
            TABLE,
            Parameter::new("values", Kind::Row(100, VALUE), "column: value").required(),
        ],
        permission: Some("db:insert"),
        writes: true,
        output: CHANGED,
        ..tool(INSERT)
    },
    Tool {
        about: "The tables that exist here.",
        parameters: &[],
        output: r#"{"type":"object","properties":{"tables":{"type":"array"}}}"#,
        ..tool("list_tables")
    },
    Tool {
        about: "Run one SELECT over the tables of list_tables. Give values as $1, $2 in `params`. \
                Only ordinary functions; no catalogs. More rows: same call with `cursor`.",
        parameters: &[SQL, PARAMS, LIMIT, CURSOR],
        output: ROWS,
        ..tool("query_rows")
    },
    Tool {
        about: "Rows of one table without SQL.",
        parameters: &[
            TABLE,
            Parameter::new("columns", Kind::Texts(100, NAME), ""),
            WHERE,
            Parameter::new("order_by", Kind::Texts(8, NAME), ""),
            Parameter::new("descending", Kind::Flag, ""),
            LIMIT,
            CURSOR,
        ],
        output: ROWS,
        ..tool("sample_rows")
    },
    Tool {
        about: "Set values in the rows that `key` names, if they are exactly `expect`.",
        parameters: &[
            TABLE,
            KEY,
            Parameter::new("set", Kind::Row(100, VALUE), "column: value").required(),
            EXPECT,
        ],
        permission: Some("db:update"),
        writes: true,
        output: CHANGED,
        ..tool(UPDATE)
    },
];

const fn tool(name: &'static str) -> Tool {
    Tool {
        name,
        title: "",
        about: "",
        parameters: &[],
        output: "",
        permission: None,
        open_world: false,
        writes: false,
    }
}

const INSERT: &str = "insert_row";
const UPDATE: &str = "update_rows";
const DELETE: &str = "delete_rows";
const TABLE: Parameter = Parameter::new("table", Kind::Text(NAME), "").required();
const SQL: Parameter = Parameter::new("sql", Kind::Text(STATEMENT), "").required();
const PARAMS: Parameter = Parameter::new("params", Kind::Scalars(100, VALUE), "");
const LIMIT: Parameter = Parameter::new("limit", Kind::Whole(1, 10_000), "rows; 1000");
const CURSOR: Parameter = Parameter::new("cursor", Kind::Text(512), "from `next`");
const KEY: Parameter = Parameter::new("key", Kind::Row(16, VALUE), "column: value").required();
const EXPECT: Parameter = Parameter::new("expect", Kind::Whole(1, 1000), "1");
const WHERE: Parameter = Parameter::new(
    "where",
    Kind::Items(
        16,
        &[
            Parameter::new("column", Kind::Text(NAME), "").required(),
            Parameter::new("op", Kind::Choice(&Operator::WORDS), "").required(),
            Parameter::new("value", Kind::Scalar(VALUE), ""),
            Parameter::new("values", Kind::Scalars(100, VALUE), "for in"),
        ],
    ),
    "all must hold",
);
const ROWS: &str = r#"{"type":"object","properties":{"columns":{"type":"array"},"rows":{"type":"array"},"truncated":{"type":"boolean"},"next":{"type":"string"}}}"#;
const CHANGED: &str = r#"{"type":"object","properties":{"changed":{"type":"integer"}}}"#;
/// Two names of 63 bytes, each character quoted, and a dot; PostgreSQL allows no longer ones.
const NAME: usize = 260;
/// Bytes of one value that goes in.
const VALUE: usize = 65_536;
/// More than any configuration allows.
const STATEMENT: usize = 65_536;

/// Answers a call of one of [`tools`].
pub(crate) async fn call(
    inner: &Inner,
    call: Call,
    tool: &'static str,
    arguments: Arguments,
) -> Outcome<Answer> {
    if inner.excess {
        call.allowed_by("dangerous_excess_privileges");
    }
    match tool {
        "count_rows" => count::count(inner, &call, arguments).await,
        "describe_table" => describe::describe(inner, &call, arguments),
        "explain_query" => explain::explain(inner, &call, arguments).await,
        "list_tables" => describe::list(inner, &call),
        "query_rows" => query::query(inner, &call, arguments).await,
        "sample_rows" => sample::sample(inner, &call, arguments).await,
        INSERT => write::write(inner, &call, Verb::Insert, arguments).await,
        UPDATE => write::write(inner, &call, Verb::Update, arguments).await,
        DELETE => write::write(inner, &call, Verb::Delete, arguments).await,
        _ => Err(Denial::UnknownTool.into()),
    }
}
