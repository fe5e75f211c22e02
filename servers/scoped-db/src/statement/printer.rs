//! What is known while a statement is printed.

use sqlparser::ast::Ident;
use sqlparser::tokenizer::Location;

use crate::schema::View;
use crate::statement::Bounds;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::name;
use crate::statement::out::Out;
use crate::statement::parse::TOO_DEEP;
use crate::statement::place::Outcome;
use crate::statement::place::START;
use crate::statement::place::denied;
use crate::statement::scope::Field;
use crate::statement::scope::Scope;
use crate::statement::touch::Touch;

/// Prints one statement, or one rule.
#[derive(Debug)]
pub(super) struct Printer<'a> {
    pub(super) view: &'a View,
    pub(super) dialect: Dialect,
    pub(super) bounds: Bounds,
    /// Whether the rows of a table with a rule are chosen before anything else is evaluated.
    pub(super) fenced: bool,
    /// Whether this is a rule: other placeholders, no subqueries.
    pub(super) rule: bool,
    pub(super) out: Out,
    pub(super) scopes: Vec<Scope>,
    /// The WITH queries that are in sight, the innermost last.
    pub(super) ctes: Vec<Cte>,
    pub(super) touch: Touch,
    /// What is bound after the caller's parameters.
    pub(super) inputs: Vec<Input>,
    /// The next select list may be empty.
    pub(super) bare: bool,
    /// A condition was seen that can fail or take long for some values.
    pub(super) stirred: bool,
    /// A table was seen that has a rule.
    pub(super) ruled: bool,
    /// The last place that was known.
    pub(super) at: Location,
    /// Levels that are open.
    pub(super) depth: usize,
    /// WITH queries so far.
    pub(super) withs: usize,
    /// Items of FROM so far.
    pub(super) joins: usize,
}

/// A WITH query.
#[derive(Clone, Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    /// What the database is told: a name that no table has.
    pub(super) printed: String,
    pub(super) fields: Vec<Field>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(view: &'a View, dialect: Dialect, bounds: Bounds, parameters: usize) -> Self {
        Self {
            view,
            dialect,
            bounds,
            fenced: false,
            rule: false,
            out: Out::default(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            touch: Touch::default(),
            inputs: (0..parameters).map(Input::Parameter).collect(),
            bare: false,
            stirred: false,
            ruled: false,
            at: START,
            depth: 0,
            withs: 0,
            joins: 0,
        }
    }

    /// Refuses, at the last place that is known.
    pub(super) fn no<T>(&self, reason: &'static str) -> Outcome<T> {
        Err(denied(reason, self.at))
    }

    /// Refuses if `there`.
    pub(super) fn without(&self, there: bool, reason: &'static str) -> Outcome {
        if there { self.no(reason) } else { Ok(()) }
    }

    /// Adds fixed text.
    pub(super) fn text(&mut self, text: &str) {
        self.out.text(text);
    }

    /// Adds a name.
    pub(super) fn quoted(&mut self, name: &str) {
        self.out.text(&super::literal::quoted(name));
    }

    /// The name that `ident` means.
    pub(super) fn folded(&mut self, ident: &Ident) -> Outcome<String> {
        self.see(ident.span.start);
        name::folded(ident, self.dialect)
    }

    /// Whether two names are one.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        name::same(one, other, self.dialect)
    }

    /// Remembers a place for what comes after it and has none.
    pub(super) fn see(&mut self, place: Location) {
        if place.line > 0 {
            self.at = place;
        }
    }

    /// Runs `print` one level deeper.
    pub(super) fn deeper<T>(&mut self, print: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        if self.depth > self.bounds.depth {
            return self.no(TOO_DEEP);
        }
        let printed = print(self);
        self.depth -= 1;
        printed
    }

    /// Prints apart, for what is read before it is written.
    pub(super) fn apart<T>(
        &mut self,
        print: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<(T, Out)> {
        let before = std::mem::take(&mut self.out);
        let printed = print(self);
        let apart = std::mem::replace(&mut self.out, before);
        printed.map(|printed| (printed, apart))
    }

    /// Prints each of `items`, with commas between.
    pub(super) fn list<T>(
        &mut self,
        items: &[T],
        mut print: impl FnMut(&mut Self, &T) -> Outcome,
    ) -> Outcome {
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.text(", ");
            }
            print(self, item)?;
        }
        Ok(())
    }

    /// Prints the placeholder of `input`, which is bound once however often it is used.
    pub(super) fn input(&mut self, input: Input) {
        let known = self.inputs.iter().position(|known| *known == input);
        let place = known.unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        });
        self.placeholder(place);
    }

    /// Prints the placeholder of the input at `place`.
    pub(super) fn placeholder(&mut self, place: usize) {
        let sign = match self.dialect {
            Dialect::Postgres => '$',
            Dialect::Sqlite => '?',
        };
        self.out.literal(&format!("{sign}{}", place + 1));
    }
}
