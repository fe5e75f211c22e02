//! Calls of functions, with all that can stand around them, and windows.

use sqlparser::ast::DuplicateTreatment;
use sqlparser::ast::Expr;
use sqlparser::ast::Function as Call;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArgOperator;
use sqlparser::ast::FunctionArgumentClause;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident;
use sqlparser::ast::NamedWindowDefinition;
use sqlparser::ast::NamedWindowExpr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::WindowFrame;
use sqlparser::ast::WindowFrameBound;
use sqlparser::ast::WindowFrameUnits;
use sqlparser::ast::WindowSpec;
use sqlparser::ast::WindowType;

use crate::statement::Dialect;
use crate::statement::function;
use crate::statement::function::Function;
use crate::statement::function::Kind;
use crate::statement::name;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;

impl Printer<'_> {
    /// Prints a call.
    pub(super) fn call(&mut self, call: &Call) -> Outcome {
        let Call {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = call;
        self.see(name::start(name));
        let foreign = *uses_odbc_syntax || null_treatment.is_some();
        self.without(foreign, NOT_AVAILABLE)?;
        self.without(
            !matches!(parameters, FunctionArguments::None),
            NOT_AVAILABLE,
        )?;
        let bare = within_group.is_empty() && filter.is_none() && over.is_none();
        let list = match args {
            FunctionArguments::List(list) => list,
            FunctionArguments::None if bare => return self.clock(name),
            FunctionArguments::Subquery(query) if bare => {
                let array = self.folded(name::single(name)?)? == "array";
                self.without(
                    !array || self.dialect == Dialect::Sqlite,
                    function::NOT_AVAILABLE,
                )?;
                self.text("ARRAY(");
                self.query(query)?;
                self.text(")");
                return Ok(());
            }
            FunctionArguments::None | FunctionArguments::Subquery(_) => {
                return self.no(NOT_AVAILABLE);
            }
        };
        let function = self.function_name(name)?;
        self.fits(function, !bare, over.is_some())?;
        self.opening(function);
        self.arguments(function, list)?;
        self.text(")");
        if !within_group.is_empty() {
            let double = list.duplicate_treatment.is_some() || !list.clauses.is_empty();
            self.without(double || self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
            self.text(" WITHIN GROUP (ORDER BY ");
            self.order(within_group)?;
            self.text(")");
        }
        if let Some(filter) = filter {
            // of rows that are already there
            self.text(" FILTER (WHERE ");
            self.expr(filter)?;
            self.text(")");
        }
        match over {
            None => {}
            Some(WindowType::WindowSpec(window)) => {
                self.text(" OVER (");
                self.window(window)?;
                self.text(")");
            }
            Some(WindowType::NamedWindow(name)) => {
                self.text(" OVER ");
                self.window_name(name)?;
            }
        }
        Ok(())
    }

    /// The function of this name, if it is available.
    pub(super) fn function_name(&mut self, name: &ObjectName) -> Outcome<Function> {
        self.see(name::start(name));
        let name = match *name::parts(name)? {
            [name] => self.folded(name)?,
            [schema, name] if self.folded(schema)? == "pg_catalog" => self.folded(name)?,
            _ => return self.no(function::NOT_AVAILABLE),
        };
        let name = match self.dialect {
            Dialect::Postgres => name,
            Dialect::Sqlite => name.to_ascii_lowercase(),
        };
        match function::find(&name, self.dialect) {
            Some(function) => Ok(function),
            None => self.no(function::NOT_AVAILABLE),
        }
    }

    fn fits(&self, function: Function, dressed: bool, over: bool) -> Outcome {
        match function.kind {
            Kind::Aggregate => Ok(()),
            Kind::Window => self.without(!over, "this function needs OVER"),
            // in an expression they make rows of one, which SQLite does not do
            Kind::Rows(_) | Kind::Scalar | Kind::Keyword => self.without(dressed, NOT_AVAILABLE),
        }
    }

    fn opening(&mut self, function: Function) {
        let Function { name, kind } = function;
        self.text(&match (self.dialect, kind) {
            (Dialect::Postgres, Kind::Keyword) => format!("{}(", name.to_ascii_uppercase()),
            (Dialect::Postgres, _) => format!("pg_catalog.\"{name}\"("),
            (Dialect::Sqlite, _) => format!("{name}("),
        });
    }

    fn arguments(&mut self, function: Function, list: &FunctionArgumentList) -> Outcome {
        let FunctionArgumentList {
            duplicate_treatment,
            args,
            clauses,
        } = list;
        let aggregate = function.kind == Kind::Aggregate;
        match duplicate_treatment {
            None | Some(DuplicateTreatment::All) => {}
            Some(DuplicateTreatment::Distinct) => {
                self.without(!aggregate, NOT_AVAILABLE)?;
                self.text("DISTINCT ");
            }
        }
        // where it has no function, the grammar wants a number of them
        let wrong = match function.name {
            "row" => false,
            "nullif" => args.len() != 2,
            _ => function.kind == Kind::Keyword && args.is_empty(),
        };
        self.without(wrong, "too few or too many arguments")?;
        self.list(args, |printer, arg| printer.call_argument(function, arg))?;
        for clause in clauses {
            let FunctionArgumentClause::OrderBy(keys) = clause else {
                return self.no(NOT_AVAILABLE);
            };
            self.without(!aggregate || args.is_empty(), NOT_AVAILABLE)?;
            self.text(" ORDER BY ");
            self.order(keys)?;
        }
        Ok(())
    }

    fn call_argument(&mut self, function: Function, arg: &FunctionArg) -> Outcome {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::QualifiedWildcard(name, _))) => {
                self.whole_row(name)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {
                self.without(function.name != "count", NOT_AVAILABLE)?;
                self.text("*");
                Ok(())
            }
            FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => self.whole_row(name),
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(expr),
                operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
            }
            | FunctionArg::ExprNamed {
                name: Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(expr),
                operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
            } => self.named_argument(function, name, expr),
            FunctionArg::Unnamed(FunctionArgExpr::WildcardWithOptions(_))
            | FunctionArg::Named { .. }
            | FunctionArg::ExprNamed { .. } => self.no(NOT_AVAILABLE),
        }
    }

    fn named_argument(&mut self, function: Function, name: &Ident, expr: &Expr) -> Outcome {
        let name = self.folded(name)?;
        let known = function.name == "make_interval" && INTERVAL_PARTS.contains(&name.as_str());
        self.without(!known, NOT_AVAILABLE)?;
        self.quoted(&name);
        self.text(" => ");
        self.expr(expr)
    }

    fn whole_row(&mut self, name: &ObjectName) -> Outcome {
        self.without(self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
        self.wildcard(name).map(|_| ())
    }

    /// The words that are functions without parentheses.
    fn clock(&mut self, name: &ObjectName) -> Outcome {
        let name = self.folded(name::single(name)?)?.to_ascii_uppercase();
        let known = CLOCK.iter().find(|known| **known == name);
        match known {
            Some(known) if self.dialect == Dialect::Postgres || !known.starts_with("LOCAL") => {
                self.text(known);
                Ok(())
            }
            _ => self.no(function::NOT_AVAILABLE),
        }
    }

    /// Prints ` WINDOW a AS (...)`, or nothing if there are none.
    pub(super) fn named_windows(&mut self, windows: &[NamedWindowDefinition]) -> Outcome {
        if windows.is_empty() {
            return Ok(());
        }
        self.text(" WINDOW ");
        self.list(windows, |printer, window| {
            let NamedWindowDefinition(name, definition) = window;
            let NamedWindowExpr::WindowSpec(definition) = definition else {
                return printer.no(NOT_AVAILABLE);
            };
            let name = printer.folded(name)?;
            printer.quoted(&name);
            printer.text(" AS (");
            printer.window(definition)?;
            printer.text(")");
            if let Some(scope) = printer.scopes.last_mut() {
                scope.windows.push(name);
            }
            Ok(())
        })
    }

    fn window_name(&mut self, name: &Ident) -> Outcome {
        let name = self.folded(name)?;
        let scope = self.scopes.last();
        let known =
            scope.is_some_and(|scope| scope.windows.iter().any(|known| self.same(known, &name)));
        self.without(!known, "there is no window of this name")?;
        self.quoted(&name);
        Ok(())
    }

    fn window(&mut self, window: &WindowSpec) -> Outcome {
        let WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = window;
        if let Some(name) = window_name {
            self.window_name(name)?;
            self.text(" ");
        }
        if !partition_by.is_empty() {
            self.text("PARTITION BY ");
            self.exprs(partition_by)?;
            self.text(" ");
        }
        if !order_by.is_empty() {
            self.text("ORDER BY ");
            self.order(order_by)?;
            self.text(" ");
        }
        let Some(WindowFrame {
            units,
            start_bound,
            end_bound,
        }) = window_frame
        else {
            return Ok(());
        };
        self.text(match units {
            WindowFrameUnits::Rows => "ROWS ",
            WindowFrameUnits::Range => "RANGE ",
            WindowFrameUnits::Groups => "GROUPS ",
        });
        match end_bound {
            None => self.frame_bound(start_bound),
            Some(end) => {
                self.text("BETWEEN ");
                self.frame_bound(start_bound)?;
                self.text(" AND ");
                self.frame_bound(end)
            }
        }
    }

    fn frame_bound(&mut self, bound: &WindowFrameBound) -> Outcome {
        let (distance, words) = match bound {
            WindowFrameBound::CurrentRow => {
                self.text("CURRENT ROW");
                return Ok(());
            }
            WindowFrameBound::Preceding(distance) => (distance, " PRECEDING"),
            WindowFrameBound::Following(distance) => (distance, " FOLLOWING"),
        };
        match distance {
            None => self.text("UNBOUNDED"),
            Some(distance) => self.expr(distance)?,
        }
        self.text(words);
        Ok(())
    }
}

const CLOCK: &[&str] = &[
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];
const INTERVAL_PARTS: &[&str] = &["years", "months", "weeks", "days", "hours", "mins", "secs"];
