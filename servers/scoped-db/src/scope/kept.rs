//! What need not be computed for every request: views and translations, by clearance.
//!
//! # Invariants
//!
//! - A key is the whole clearance, so nothing of one reader's view serves another's. What is kept
//!   depends on that, on the text and on the configuration alone: never on who asks or on a value.
//! - Neither the number nor the size of what is kept grows without bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use guard::error::Denial;
use guard::label::Clearance;
use guard::label::Label;

use super::Lineage;
use crate::schema::Schema;
use crate::schema::View;
use crate::statement::Input;

/// Views and translations.
#[derive(Debug, Default)]
pub(super) struct Kept {
    views: Mutex<HashMap<Clearance, Arc<View>>>,
    understood: Mutex<All>,
}

/// A statement as it is for everybody of one clearance.
#[derive(Debug)]
pub(super) struct Understood {
    /// What may be run.
    pub(super) sql: Arc<str>,
    /// What is bound to its placeholders.
    pub(super) inputs: Vec<Input>,
    /// The join of the labels of all that it touches.
    pub(super) label: Label,
    /// Where that comes from.
    pub(super) lineage: Arc<Lineage>,
    /// Whether it touches a table with rows that a reader may not know of.
    pub(super) hides_rows: bool,
}

#[derive(Debug, Default)]
struct All {
    by_clearance: HashMap<Clearance, HashMap<Box<str>, Arc<Understood>>>,
    count: usize,
}

impl Kept {
    pub(super) fn view(&self, clearance: Clearance, schema: &Schema) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(&clearance) {
            return Arc::clone(view);
        }
        if views.len() >= MOST_VIEWS {
            views.clear();
        }
        let view = Arc::new(View::of(schema, clearance));
        views.insert(clearance, Arc::clone(&view));
        view
    }

    pub(super) fn understood(
        &self,
        clearance: Clearance,
        sql: &str,
        understand: impl FnOnce() -> Result<Understood, Denial>,
    ) -> Result<Arc<Understood>, Denial> {
        if sql.len() > WORTH_KEEPING {
            return understand().map(Arc::new);
        }
        let all = self.all();
        let known = all.by_clearance.get(&clearance);
        if let Some(understood) = known.and_then(|known| known.get(sql)) {
            return Ok(Arc::clone(understood));
        }
        drop(all);
        let understood = Arc::new(understand()?);
        let mut all = self.all();
        if all.count >= MOST_STATEMENTS {
            *all = All::default();
        }
        let known = all.by_clearance.entry(clearance).or_default();
        let replaced = known.insert(Box::from(sql), Arc::clone(&understood));
        all.count += usize::from(replaced.is_none());
        Ok(understood)
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.understood
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const MOST_VIEWS: usize = 64;
const MOST_STATEMENTS: usize = 256;
/// Bytes of a statement; longer ones are rarely asked twice.
const WORTH_KEEPING: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(sql: &str) -> Understood {
        Understood {
            sql: Arc::from(sql),
            inputs: Vec::new(),
            label: Label::PUBLIC,
            lineage: Arc::default(),
            hides_rows: false,
        }
    }

    #[test]
    fn what_is_kept_is_found_again_for_the_same_clearance_alone() {
        let kept = Kept::default();
        let low = Clearance::up_to(Label::PUBLIC);
        let known = guard::label::Taxonomy::default();
        let high = Clearance::up_to(known.parse("confidential").unwrap());
        kept.understood(low, "select", || Ok(understood("for the low")))
            .unwrap();
        let again = kept.understood(low, "select", || Err(Denial::NotFound));
        assert_eq!(&*again.unwrap().sql, "for the low");
        let other = kept.understood(high, "select", || Ok(understood("for the high")));
        assert_eq!(&*other.unwrap().sql, "for the high");
        let again = kept.understood(low, "select", || Err(Denial::NotFound));
        assert_eq!(&*again.unwrap().sql, "for the low");
    }

    #[test]
    fn a_refusal_is_not_kept_and_the_number_of_statements_is_bounded() {
        let kept = Kept::default();
        let low = Clearance::up_to(Label::PUBLIC);
        let refused = kept.understood(low, "select", || Err(Denial::NotFound));
        assert_eq!(refused.unwrap_err(), Denial::NotFound);
        for n in 0..10 * MOST_STATEMENTS {
            let sql = format!("select {n}");
            kept.understood(low, &sql, || Ok(understood(&sql))).unwrap();
            let all = kept.all();
            let held: usize = all.by_clearance.values().map(HashMap::len).sum();
            assert_eq!(held, all.count);
            assert!(held <= MOST_STATEMENTS);
        }
        let long = "x".repeat(WORTH_KEEPING + 1);
        let held = kept.all().count;
        kept.understood(low, &long, || Ok(understood(&long)))
            .unwrap();
        assert_eq!(kept.all().count, held);
    }
}
