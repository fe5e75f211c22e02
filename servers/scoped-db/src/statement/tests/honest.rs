//! What analysts and agents write every day.

use super::*;

/// One a line.
pub(super) fn honest() -> impl Iterator<Item = &'static str> {
    include_str!("../corpus/honest.sql").lines()
}

#[test]
fn what_analysts_write_is_translated() {
    let refused = honest().filter_map(|sql| Some((sql, postgres(sql).err()?)));
    assert_eq!(refused.collect::<Vec<_>>(), []);
    assert!(honest().count() > 100);
}

#[test]
fn what_analysts_write_is_harmless() {
    let view = shop(Dialect::Postgres);
    for sql in honest() {
        laws::harmless(&postgres(sql).unwrap(), &view);
    }
}

#[test]
fn statements_have_one_shape_whatever_their_literals() {
    let shape = |sql| postgres(sql).unwrap().shape;
    assert_eq!(
        shape("SELECT id FROM orders WHERE status = 'a' AND id IN (1, 2) LIMIT 3"),
        shape("SELECT id FROM orders WHERE status = 'it''s' AND id IN (5) LIMIT 99"),
    );
    assert_ne!(
        shape("SELECT id FROM orders WHERE status = 'a'"),
        shape("SELECT id FROM orders WHERE status <> 'a'"),
    );
    assert!(!shape("SELECT 'secret', 4711").contains("secret"));
}
