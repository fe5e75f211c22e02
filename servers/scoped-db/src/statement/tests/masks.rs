//! Masks: what is printed for each, whatever the type.

use super::*;

/// The types of columns that a mask may meet.
pub(super) const KINDS: &[&str] = &[
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar",
    "bpchar",
    "bool",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "json",
    "jsonb",
    "bytea",
    "inet",
    "_text",
    "_int4",
    "mood",
    "point",
    "xml",
];
pub(super) const MASKS: &[Mask] = &[
    Mask::Null,
    Mask::Redact,
    Mask::Hash,
    Mask::LastFour,
    Mask::Year,
    Mask::EmailDomain,
];

pub(super) fn over(kind: &str, mask: Mask, dialect: Dialect) -> Translated {
    let columns = vec![column("id", "int4"), masked("secret", kind, mask)];
    let schema = match dialect {
        Dialect::Postgres => "public",
        Dialect::Sqlite => "main",
    };
    let tables = vec![table((schema, "things"), columns, None, dialect)];
    let view = View::of(&Schema { tables }, Clearance::up_to(Label::PUBLIC));
    translate("SELECT secret FROM things", &view, dialect, BOUNDS).unwrap()
}

#[test]
fn null_does_not_read_the_column() {
    for kind in KINDS {
        let sql = over(kind, Mask::Null, Dialect::Postgres).sql;
        assert_eq!(sql.matches("\"secret\"").count(), 2, "{sql}");
    }
    let typed = |kind| over(kind, Mask::Null, Dialect::Postgres).sql;
    assert!(typed("int4").contains("(NULL)::pg_catalog.int4 AS \"secret\""));
    assert!(typed("_text").contains("(NULL)::pg_catalog.text[] AS \"secret\""));
    assert!(typed("mood").contains("(NULL)::pg_catalog.text AS \"secret\""));
}

#[test]
fn a_hash_is_keyed_by_what_is_bound() {
    let done = over("text", Mask::Hash, Dialect::Postgres);
    assert_eq!(done.inputs, [Input::MaskKey]);
    assert_eq!(done.sql.matches("($1)::pg_catalog.text").count(), 2);
    let done = over("text", Mask::Hash, Dialect::Sqlite);
    assert!(
        done.sql
            .contains("keyhole_hash(?1, CAST(\"secret\" AS TEXT)) AS \"secret\"")
    );
}

#[test]
fn masked_statements_are_harmless() {
    for kind in KINDS {
        for mask in MASKS {
            over(kind, *mask, Dialect::Postgres);
            over(kind, *mask, Dialect::Sqlite);
        }
    }
}
