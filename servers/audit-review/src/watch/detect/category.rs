//! Notices the first access to data of a category by whoever is known for a week.

use serde::Deserialize;
use serde::Serialize;

/// The categories that a principal has had access to.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Categories(Vec<String>);

impl Categories {
    /// Notes `category`; whether it is the first time.
    pub fn is_new(&mut self, category: &str) -> bool {
        if self.0.iter().any(|known| known == category) {
            return false;
        }
        if self.0.len() < MOST {
            self.0.push(category.to_owned());
        }
        true
    }
}

/// A taxonomy has fewer.
const MOST: usize = 64;
