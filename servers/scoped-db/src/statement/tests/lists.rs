//! The lists of what is let through, pinned: a change of them shows here.

use super::*;

/// Functions that must never be on the list, of PostgreSQL and its usual extensions.
const DANGEROUS: &str = include_str!("dangerous.txt");

#[test]
fn the_functions_are_those_that_were_looked_at() {
    let groups = function::groups(Dialect::Postgres).iter();
    let mut listed: Vec<&str> = groups
        .filter(|(kind, _)| *kind != function::Kind::Keyword)
        .flat_map(|(_, names)| names.iter().copied())
        .collect();
    listed.sort_unstable();
    let pinned: Vec<&str> = include_str!("allowed.txt").lines().collect();
    assert_eq!(listed, pinned);
    let keywords = function::groups(Dialect::Postgres)[0];
    assert_eq!(
        keywords,
        (
            function::Kind::Keyword,
            ["coalesce", "greatest", "grouping", "least", "nullif", "row"].as_slice()
        )
    );
}

#[test]
fn dangerous_functions_are_refused_however_they_are_called() {
    assert!(DANGEROUS.lines().count() >= 200);
    for name in DANGEROUS.lines() {
        for call in [
            format!("SELECT {name}()"),
            format!("SELECT {name}('x', 1)"),
            format!("SELECT pg_catalog.{name}('x')"),
            format!("SELECT \"{name}\"('x')"),
            format!("SELECT * FROM {name}('x') AS t"),
            format!("SELECT x.{name} FROM (SELECT 1 AS y) x"),
            format!("SELECT customers.{name} FROM customers"),
        ] {
            assert!(postgres(&call).is_err(), "{call}");
        }
        assert!(sqlite(&format!("SELECT {name}('x')")).is_err(), "{name}");
    }
}

#[test]
fn every_listed_function_can_be_called() {
    for (kind, names) in function::groups(Dialect::Postgres) {
        for name in *names {
            let call = match kind {
                function::Kind::Window => format!("SELECT {name}() OVER () FROM orders"),
                function::Kind::Rows(_) => format!("SELECT * FROM {name}('x') AS t"),
                function::Kind::Aggregate => format!("SELECT {name}(DISTINCT id) FROM orders"),
                // the grammar has a form of its own for these
                _ if matches!(
                    *name,
                    "nullif" | "overlay" | "position" | "substr" | "substring"
                ) =>
                {
                    continue;
                }
                function::Kind::Scalar | function::Kind::Keyword => {
                    format!("SELECT {name}('x') FROM orders")
                }
            };
            assert!(postgres(&call).is_ok(), "{call}");
        }
    }
}

#[test]
fn the_operators_and_types_are_those_that_were_looked_at() {
    let operators = "+ - * / % ^ = <> < <= > >= || ~ ~* !~ !~* ~~ ~~* !~~ !~~* -> ->> #> #>> #- @> <@ && ? ?| ?& @? | & # << >> ^@";
    assert_eq!(operator::POSTGRES.join(" "), operators);
    for symbol in operator::POSTGRES {
        let sql = format!("SELECT id {symbol} id FROM orders");
        assert!(postgres(&sql).is_ok(), "{sql}");
        let sql = format!("SELECT id OPERATOR(pg_catalog.{symbol}) id FROM orders");
        assert!(postgres(&sql).is_ok(), "{sql}");
    }
    assert_eq!(
        operator::SQLITE.join(" "),
        "+ - * / % = <> < <= > >= || -> ->> | & << >>"
    );
    let types = "bool bpchar bytea cidr date daterange float4 float8 inet int2 int4 int4range int8 int8range interval json jsonb \
                 jsonpath macaddr numeric numrange text time timestamp timestamptz timetz tsrange tstzrange uuid varchar";
    assert_eq!(types::TYPES.join(" "), types);
    for kind in types::TYPES {
        let sql = format!("SELECT CAST('x' AS {kind}), CAST('x' AS {kind}[])");
        assert!(postgres(&sql).is_ok(), "{sql}");
    }
}

/// Types whose input or output looks something up, runs code, or shows what the system holds.
const DANGEROUS_TYPES: &str = "regclass regcollation regconfig regdictionary regnamespace regoper \
    regoperator regproc regprocedure regrole regtype oid oidvector tid xid xid8 cid name aclitem \
    pg_lsn pg_snapshot txid_snapshot refcursor record anyelement cstring internal void trigger xml \
    tsquery tsvector pg_node_tree pg_class customers citext hstore lo";
/// Operators that are other than what was looked at.
const DANGEROUS_OPERATORS: &str = "@@ @@@ <-> <=> <#> <% %> <<-> |/ ||/ !! @-@ ## ~= #=# *= >>>";

#[test]
fn nothing_that_is_known_to_be_dangerous_could_be_listed_unnoticed() {
    let groups = function::groups(Dialect::Postgres).iter();
    let groups = groups.chain(function::groups(Dialect::Sqlite));
    let functions: Vec<&str> = groups.flat_map(|(_, names)| *names).copied().collect();
    let operators = [operator::POSTGRES, operator::SQLITE].concat();
    let types = types::TYPES;
    for name in DANGEROUS.lines() {
        assert!(!functions.contains(&name), "{name}");
    }
    for kind in DANGEROUS_TYPES.split_whitespace() {
        assert!(!types.contains(&kind), "{kind}");
        for cast in [
            format!("SELECT CAST('x' AS {kind})"),
            format!("SELECT 'x'::{kind}"),
            format!("SELECT 'x'::pg_catalog.{kind}"),
            format!("SELECT '{{x}}'::{kind}[]"),
            format!("SELECT {kind} 'x'"),
        ] {
            assert!(postgres(&cast).is_err(), "{cast}");
        }
    }
    for symbol in DANGEROUS_OPERATORS.split_whitespace() {
        assert!(!operators.contains(&symbol), "{symbol}");
        for sql in [
            format!("SELECT id {symbol} id FROM orders"),
            format!("SELECT {symbol} id FROM orders"),
            format!("SELECT id OPERATOR(pg_catalog.{symbol}) id FROM orders"),
            format!("SELECT id OPERATOR({symbol}) id FROM orders"),
        ] {
            assert!(postgres(&sql).is_err(), "{sql}");
        }
    }
}
