//! Errors that happen for hidden rows only, in every place of a statement where an expression can
//! stand. A database is free to evaluate them before it has sorted the hidden rows out; then the
//! error tells of a row.
//!
//! # Invariants
//!
//! - Whether a row that a rule, row-level security or a mask hides has some value makes no
//!   difference to any answer.

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;
use super::collection::Entry;
use super::hostile::Faults;

/// Numbers that cannot be computed where `{c}` begins with `{p}`, and are 1 elsewhere.
const FAILING: [&str; 10] = [
    "(1 / (CASE WHEN {c} LIKE '{p}%' THEN 0 ELSE 1 END))",
    "(CASE WHEN {c} LIKE '{p}%' THEN 'x' ELSE '1' END)::integer",
    "(2147483646 + (CASE WHEN {c} >= '{p}' AND {c} < '{q}' THEN 2147483647 ELSE -2147483645 END))",
    "sqrt(CASE WHEN starts_with({c}, '{p}') THEN -1 ELSE 1 END)::integer",
    "length(substring('x', 1, CASE WHEN {c} LIKE '{p}%' THEN -1 ELSE 1 END))",
    "(CASE WHEN 'x' ~ (CASE WHEN {c} LIKE '{p}%' THEN '[' ELSE 'x' END) THEN 1 ELSE 2 END)",
    "(CASE WHEN {c} LIKE '_{t}\\' THEN 2 ELSE 1 END)",
    "extract(month FROM make_date(2000, CASE WHEN {c} LIKE '{p}%' THEN 99 ELSE 1 END, 1))::integer",
    "jsonb_array_length((CASE WHEN {c} LIKE '{p}%' THEN '{\"a\"' ELSE '[1]' END)::jsonb)",
    "(1 + ascii(chr(CASE WHEN {c} LIKE '{p}%' THEN 0 ELSE 32 END)) - 32)",
];

/// Statements with a number `{e}` over the column `{c}` of the table `{t}`, called `x`.
const PLACES: [&str; 34] = [
    "SELECT {e} FROM {t} x",
    "SELECT count(*) FROM {t} x WHERE {e} = 1",
    "SELECT count(*) FROM {t} x WHERE x.id > 0 AND {e} = 1",
    "SELECT count(*) FROM {t} x WHERE x.id < 0 OR {e} = 1",
    "SELECT count(*) FROM {t} x WHERE NOT ({e} = 2)",
    "SELECT count(*) FROM {t} x WHERE ({e} = 1) IS TRUE",
    "SELECT count(*) FROM {t} x WHERE {e} IN (1, 2)",
    "SELECT count(*) FROM {t} x WHERE {e} BETWEEN 0 AND 2",
    "SELECT count(*) FROM {t} x WHERE {e} = ANY (ARRAY[1, 2])",
    "SELECT count(*) FROM {t} x WHERE {e} = (SELECT 1)",
    "SELECT count(*) FROM {t} x WHERE CASE WHEN x.id > 0 THEN {e} = 1 END",
    "SELECT count(*) FROM {t} x WHERE EXISTS (SELECT 1 FROM base b WHERE b.id = {e})",
    "SELECT count(*) FROM {t} x WHERE x.id IN (SELECT b.id FROM base b WHERE {e} = 1)",
    "SELECT count(*) FROM {t} x WHERE {e} NOT IN (SELECT b.id + 5 FROM base b)",
    "SELECT count(*) FROM {t} x WHERE (x.id, {e}) > (0, 0)",
    "SELECT count(*) FROM base b JOIN {t} x ON {e} = b.id",
    "SELECT count(*) FROM base b LEFT JOIN {t} x ON {e} = b.id",
    "SELECT count(*) FROM {t} x LEFT JOIN base b ON {e} = b.id",
    "SELECT count(*) FROM {t} x FULL JOIN base b ON {e} = b.id",
    "SELECT count(*) FROM base b, {t} x WHERE {e} = b.id",
    "SELECT count(*) FROM {t} x CROSS JOIN LATERAL (SELECT {e} AS n) l WHERE l.n = 1",
    "SELECT count(*) FROM {t} x CROSS JOIN LATERAL generate_series(1, {e}) g",
    "SELECT count(*) FROM (SELECT {e} AS n FROM {t} x) y WHERE y.n = 1",
    "SELECT count(*) FROM (SELECT {e} AS n FROM {t} x) y JOIN base b USING (id) WHERE y.n = 1",
    "SELECT count(*) FROM (SELECT {e} AS id FROM {t} x) y JOIN base b USING (id)",
    "SELECT count(*) FROM (SELECT {e} AS id FROM {t} x) y NATURAL JOIN base b",
    "WITH y AS (SELECT {e} AS n FROM {t} x) SELECT count(*) FROM y WHERE y.n = 1",
    "WITH y AS NOT MATERIALIZED (SELECT {e} AS n FROM {t} x) SELECT count(*) FROM y WHERE n = 1",
    "SELECT {e}, count(*) FROM {t} x GROUP BY 1 ORDER BY 1",
    "SELECT {c} IS NULL, count(*) FROM {t} x GROUP BY {c}, {e} HAVING {e} = 1 ORDER BY 2 LIMIT 1",
    "SELECT count(*) FILTER (WHERE {e} = 1), max({e}) FROM {t} x",
    "SELECT DISTINCT ON ({e}) 1 FROM {t} x ORDER BY {e}",
    "SELECT rank() OVER (PARTITION BY {e} ORDER BY {e}) FROM {t} x ORDER BY 1 LIMIT 2",
    "SELECT 1 FROM {t} x UNION SELECT {e} FROM {t} x INTERSECT SELECT {e} FROM {t} x",
];

/// Tables and columns with hidden rows or values, and how those of variant A begin.
const HIDDEN: [(&str, &str, &str); 6] = [
    ("acme", "x.name", "zq7-name-a"),
    ("customers", "x.name", "zq7-name-a"),
    ("customers", "x.city", "zq7-city-a"),
    ("notes", "x.text", "zq7-notes-a"),
    ("documents", "x.title", "zq7-title-a"),
    ("customers", "x.email", "zq7-local-a"),
];

fn probes() -> Vec<Entry> {
    let mut probes = Vec::new();
    for (number, (table, column, begins)) in HIDDEN.into_iter().enumerate() {
        // what comes right after all that begins so
        let after = begins.replace("-a", "-b");
        for (at, place) in PLACES.into_iter().enumerate() {
            for (kind, failing) in FAILING.into_iter().enumerate() {
                // all for the first two, and a third of all for each of the others
                if number > 1 && (number + at + kind) % 3 > 0 {
                    continue;
                }
                let tail = begins.strip_prefix('z').expect("it begins with z");
                let expr = failing.replace("{c}", column).replace("{p}", begins);
                let expr = expr.replace("{q}", &after).replace("{t}", tail);
                let sql = place.replace("{e}", &expr).replace("{c}", column);
                probes.push(Entry {
                    class: "probes".to_owned(),
                    what: place.to_owned(),
                    sql: sql.replace("{t}", table),
                    params: None,
                });
            }
        }
    }
    probes
}

#[test]
fn no_error_tells_of_a_hidden_row_wherever_it_may_happen() {
    let Some(cluster) = cluster() else { return };
    let beds = [Variant::A, Variant::B].map(|variant| Bed::new(cluster, variant, "scoped"));
    let before = beds.each_ref().map(Bed::digest);
    let mut raws = beds.each_ref().map(|bed| bed.serve("ann"));
    let mut faults = Faults::default();
    let (all, mut answered) = (probes(), 0);
    for probe in &all {
        answered += faults.ask(&mut raws, "query_rows", std::slice::from_ref(probe));
    }
    for raw in raws {
        assert_eq!(raw.close().code, Some(0));
    }
    assert_eq!(before, beds.each_ref().map(Bed::digest));
    faults.none("scoped");
    // or else there would be nothing that was tried
    assert!(
        answered * 2 > all.len(),
        "only {answered} ran of {}",
        all.len()
    );
}
