//! Names of columns, literals, and parameters.

use sqlparser::ast::DollarQuotedString;
use sqlparser::ast::Ident;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::Dialect;
use crate::statement::expr::NO_COLUMN;
use crate::statement::literal;
use crate::statement::parse;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::rule::MARK;
use crate::statement::scope;
use crate::statement::scope::Meaning;

impl Printer<'_> {
    /// Prints a name without a dot.
    pub(super) fn identifier(&mut self, ident: &Ident) -> Outcome {
        let name = self.folded(ident)?;
        if self.rule {
            return self.rule_column(&name);
        }
        let Some(meaning) = scope::plain(&self.scopes, &name, self.dialect) else {
            return self.no(NO_COLUMN);
        };
        if meaning == Meaning::Whole {
            self.without(self.dialect == Dialect::Sqlite, NO_COLUMN)?;
        }
        self.touch.name(None, &name);
        self.quoted(&name);
        Ok(())
    }

    /// Prints a name with dots.
    pub(super) fn compound(&mut self, parts: &[Ident]) -> Outcome {
        let names: Outcome<Vec<String>> = parts.iter().map(|part| self.folded(part)).collect();
        let names = names?;
        if let Some(first) = parts.first() {
            self.see(first.span.start);
        }
        self.without(self.rule, "a rule names the columns of its table alone")?;
        let (schema, relation, column) = match names.as_slice() {
            [relation, column] => (None, relation, column),
            [schema, relation, column] => (Some(schema.as_str()), relation, column),
            _ => return self.no(NO_COLUMN),
        };
        if scope::qualified(&self.scopes, schema, relation, column, self.dialect).is_none() {
            return self.no(NO_COLUMN);
        }
        self.touch.name(Some(relation), column);
        // whichever schema it is from, it is called by its alias now
        self.quoted(relation);
        self.text(".");
        self.quoted(column);
        Ok(())
    }

    fn rule_column(&mut self, name: &str) -> Outcome {
        self.without(name.contains(MARK), "not a name")?;
        self.text(&format!("{MARK}c{name}{MARK}"));
        Ok(())
    }

    /// Prints a literal or a parameter.
    pub(super) fn value(&mut self, value: &ValueWithSpan) -> Outcome {
        let ValueWithSpan { value, span } = value;
        self.see(span.start);
        match value {
            Value::Number(text, false) if literal::is_number(text) => {
                self.out.literal(text);
                Ok(())
            }
            Value::SingleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::DollarQuotedString(DollarQuotedString {
                value: text,
                tag: _,
            }) => self.string(text),
            Value::Boolean(true) => {
                self.out.literal("TRUE");
                Ok(())
            }
            Value::Boolean(false) => {
                self.out.literal("FALSE");
                Ok(())
            }
            Value::Null => {
                self.text("NULL");
                Ok(())
            }
            Value::Placeholder(text) => self.parameter(text),
            Value::Number(..)
            | Value::TripleSingleQuotedString(_)
            | Value::TripleDoubleQuotedString(_)
            | Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_)
            | Value::SingleQuotedRawStringLiteral(_)
            | Value::DoubleQuotedRawStringLiteral(_)
            | Value::TripleSingleQuotedRawStringLiteral(_)
            | Value::TripleDoubleQuotedRawStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::QuoteDelimitedStringLiteral(_)
            | Value::NationalQuoteDelimitedStringLiteral(_)
            | Value::HexStringLiteral(_)
            | Value::DoubleQuotedString(_) => self.no("this form of a literal is not available"),
        }
    }

    /// Prints a string.
    pub(super) fn string(&mut self, text: &str) -> Outcome {
        self.without(
            self.rule && text.contains(MARK),
            "a control character in a rule",
        )?;
        let Some(quoted) = literal::string(text, self.dialect) else {
            return self.no("a string has no NUL");
        };
        self.out.literal(&quoted);
        Ok(())
    }

    fn parameter(&mut self, text: &str) -> Outcome {
        if self.rule {
            let mark = match text {
                ":subject" => 's',
                // SQLite has no arrays: they are a list there, and asked by `= ANY` alone
                ":roles" if self.dialect == Dialect::Postgres => 'r',
                _ => return self.no("a rule has :subject and = ANY(:roles)"),
            };
            self.text(&format!("{MARK}{mark}{MARK}"));
            return Ok(());
        }
        match parse::parameter(text) {
            Some(place) if place < self.inputs.len() => {
                self.placeholder(place);
                Ok(())
            }
            _ => self.no("parameters are $1, $2 and so on"),
        }
    }
}
