//! The text that is being printed, and beside it the same text without its literals.

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Out {
    /// What the database will read.
    pub(super) sql: String,
    /// The same for all statements that differ in literals only.
    pub(super) shape: String,
}

impl Out {
    /// Adds fixed text, or text that was quoted.
    pub(super) fn text(&mut self, text: &str) {
        self.sql.push_str(text);
        self.shape.push_str(text);
    }

    /// Adds a literal, or the number of a parameter.
    pub(super) fn literal(&mut self, text: &str) {
        self.sql.push_str(text);
        self.shape.push('?');
    }

    /// Adds what was printed apart.
    pub(super) fn append(&mut self, other: &Self) {
        self.sql.push_str(&other.sql);
        self.shape.push_str(&other.shape);
    }

    /// Adds a list that was printed apart, of literals only: one shape for all lengths.
    pub(super) fn collapsed(&mut self, list: &Self) {
        self.sql.push_str(&list.sql);
        self.shape.push('?');
    }
}
