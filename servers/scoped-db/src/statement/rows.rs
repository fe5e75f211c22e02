//! Functions in FROM.

use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::TableAlias;

use crate::statement::from::TOO_MANY_NAMES;
use crate::statement::function;
use crate::statement::function::Kind;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::query::renamed;
use crate::statement::scope::Field;

impl Printer<'_> {
    /// A function in FROM.
    pub(super) fn rows_of(
        &mut self,
        name: &ObjectName,
        args: &[FunctionArg],
        ordinality: bool,
        alias: Option<&TableAlias>,
    ) -> Outcome<Vec<Field>> {
        let function = self.function_name(name)?;
        let Kind::Rows(columns) = function.kind else {
            return self.no(function::NOT_AVAILABLE);
        };
        self.text(&format!("pg_catalog.\"{}\"(", function.name));
        self.list(args, |printer, arg| printer.plain_argument(arg))?;
        self.text(")");
        let columns = match columns {
            [] => vec![function.name.to_owned()],
            columns => columns.iter().map(|name| (*name).to_owned()).collect(),
        };
        self.rows(function.name, columns, ordinality, alias)
    }

    /// Ends a function in FROM.
    pub(super) fn rows(
        &mut self,
        function: &str,
        mut columns: Vec<String>,
        ordinality: bool,
        alias: Option<&TableAlias>,
    ) -> Outcome<Vec<Field>> {
        let (name, given) = match alias {
            Some(alias) => self.alias(alias)?,
            None => (function.to_owned(), Vec::new()),
        };
        // the one column of a function is called as the function is
        if let ([only], Some(_)) = (columns.as_mut_slice(), alias) {
            only.clone_from(&name);
        }
        if ordinality {
            self.text(" WITH ORDINALITY");
            columns.push("ordinality".to_owned());
        }
        let fields = renamed(Field::stirring(columns), &given);
        self.without(given.len() > fields.len(), TOO_MANY_NAMES)?;
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        self.there(name, None, fields, None, &names)
    }

    /// An argument that is an expression.
    pub(super) fn plain_argument(&mut self, arg: &FunctionArg) -> Outcome {
        match self.argument(arg)? {
            Some(expr) => self.expr(expr),
            None => self.no(NOT_AVAILABLE),
        }
    }

    fn argument<'e>(&self, arg: &'e FunctionArg) -> Outcome<Option<&'e Expr>> {
        Ok(match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            FunctionArg::Unnamed(
                FunctionArgExpr::QualifiedWildcard(_)
                | FunctionArgExpr::Wildcard
                | FunctionArgExpr::WildcardWithOptions(_),
            )
            | FunctionArg::Named { .. }
            | FunctionArg::ExprNamed { .. } => None,
        })
    }
}
