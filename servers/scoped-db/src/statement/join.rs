//! Joins.

use sqlparser::ast::Join;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::ObjectName;

use crate::statement::expr::NO_COLUMN;
use crate::statement::name;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::scope::Field;

impl Printer<'_> {
    /// Prints one join to what has the columns `left`, and tells what `*` stands for after it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list is of what is let through"
    )]
    pub(super) fn join(&mut self, left: Vec<Field>, join: &Join) -> Outcome<Vec<Field>> {
        let Join {
            relation,
            global,
            join_operator,
        } = join;
        self.without(*global, NOT_AVAILABLE)?;
        let (kind, constraint) = match join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
                ("JOIN", constraint)
            }
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                ("LEFT JOIN", constraint)
            }
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                ("RIGHT JOIN", constraint)
            }
            JoinOperator::FullOuter(constraint) => ("FULL JOIN", constraint),
            JoinOperator::CrossJoin(constraint) => ("CROSS JOIN", constraint),
            _ => return self.no(NOT_AVAILABLE),
        };
        let cross = kind == "CROSS JOIN";
        let natural = matches!(constraint, JoinConstraint::Natural);
        self.text(if natural { " NATURAL " } else { " " });
        self.text(kind);
        self.text(" ");
        let right = self.factor(relation)?;
        match constraint {
            JoinConstraint::On(condition) if !cross => {
                self.text(" ON ");
                self.condition(condition)?;
                Ok(merged(self, &[], left, right))
            }
            JoinConstraint::Using(names) if !cross => self.using(names, left, right),
            JoinConstraint::Natural if !cross => {
                self.everything_here();
                let mut common = left.clone();
                common.retain(|field| has(self, &right, &field.name));
                let compared = left.iter().chain(&right);
                self.stirred |= !compared
                    .filter(|field| has(self, &common, &field.name))
                    .all(|field| field.calm);
                let common: Vec<String> = common.into_iter().map(|field| field.name).collect();
                Ok(merged(self, &common, left, right))
            }
            JoinConstraint::None if cross => Ok(merged(self, &[], left, right)),
            JoinConstraint::None => self.no("a join needs ON or USING"),
            _ => self.no(NOT_AVAILABLE),
        }
    }

    fn using(
        &mut self,
        names: &[ObjectName],
        left: Vec<Field>,
        right: Vec<Field>,
    ) -> Outcome<Vec<Field>> {
        self.without(names.is_empty(), NOT_AVAILABLE)?;
        self.text(" USING (");
        let mut common = Vec::new();
        self.list(names, |printer, name| {
            let name = printer.folded(name::single(name)?)?;
            let both = has(printer, &left, &name) && has(printer, &right, &name);
            printer.without(!both, NO_COLUMN)?;
            let mut compared = left.iter().chain(&right);
            let calm = compared.all(|field| field.calm || !printer.same(&field.name, &name));
            printer.stirred |= !calm;
            printer.touch.name(None, &name);
            printer.quoted(&name);
            common.push(name);
            Ok(())
        })?;
        self.text(")");
        Ok(merged(self, &common, left, right))
    }
}

fn has(printer: &Printer<'_>, fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| printer.same(&field.name, name))
}

/// The columns `common` once and first, then the others of both sides.
fn merged(
    printer: &Printer<'_>,
    common: &[String],
    left: Vec<Field>,
    right: Vec<Field>,
) -> Vec<Field> {
    let rest = left.into_iter().chain(right);
    let mut rest: Vec<Field> = rest.collect();
    let calm = |name: &str| {
        let mut all = rest.iter();
        all.all(|field| field.calm || !printer.same(&field.name, name))
    };
    let first = common.iter().map(|name| Field {
        calm: calm(name),
        name: name.clone(),
    });
    let mut star: Vec<Field> = first.collect();
    rest.retain(|field| !common.iter().any(|name| printer.same(name, &field.name)));
    star.append(&mut rest);
    star
}
