//! What need not be computed for every request: views and translations, by clearance.
//!
//! # Invariants
//!
//! - A key is the whole clearance, so nothing of one reader's view serves another's.
//! - Neither the number nor the size of what is kept grows without bound.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use guard::error::Denial;
use guard::label::Clearance;

use crate::schema::Schema;
use crate::schema::View;
use crate::statement::Translated;

/// Views and translations.
#[derive(Debug, Default)]
pub(super) struct Kept {
    views: Mutex<HashMap<Clearance, Arc<View>>>,
    translations: Mutex<Translations>,
}

type Translations = HashMap<(Clearance, String), Arc<Translated>>;

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

    pub(super) fn translated(
        &self,
        clearance: Clearance,
        sql: &str,
        translate: impl FnOnce() -> Result<Translated, Denial>,
    ) -> Result<Arc<Translated>, Denial> {
        if sql.len() > WORTH_KEEPING {
            return translate().map(Arc::new);
        }
        let key = (clearance, sql.to_owned());
        if let Some(translated) = self.translations().get(&key) {
            return Ok(Arc::clone(translated));
        }
        let translated = Arc::new(translate()?);
        let mut all = self.translations();
        if all.len() >= MOST_TRANSLATIONS {
            all.clear();
        }
        all.insert(key, Arc::clone(&translated));
        Ok(translated)
    }

    fn translations(&self) -> MutexGuard<'_, Translations> {
        self.translations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const MOST_VIEWS: usize = 64;
const MOST_TRANSLATIONS: usize = 256;
/// Bytes of a statement; longer ones are rarely asked twice.
const WORTH_KEEPING: usize = 2048;
