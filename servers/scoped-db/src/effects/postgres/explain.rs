//! Reduces a plan to what it may tell.
//!
//! # Invariants
//!
//! - Of a plan there remain the kinds of its steps, the tables they read, and figures of one
//!   significant digit. Conditions, columns, indexes, functions and names of policies are left
//!   out: they tell of what the reader does not know to exist.

use serde_json::Value;

use crate::effects::PlanStep;
use crate::schema::TableName;

/// The steps of a plan, each before those that it draws from.
pub(super) fn steps(plan: &Value) -> Vec<PlanStep> {
    let mut steps = Vec::new();
    if let Some(root) = plan.pointer("/0/Plan") {
        // The bounds that are put around every statement.
        let inner = only_child(root).unwrap_or(root);
        add(inner, 0, &mut steps);
    }
    steps
}

fn add(node: &Value, depth: usize, steps: &mut Vec<PlanStep>) {
    if depth > DEPTH || steps.len() >= MOST {
        return;
    }
    // The gate that is put around every statement: it is no step of the caller's.
    if node.get("One-Time Filter").is_some()
        && let Some(inner) = only_child(node)
    {
        return add(inner, depth, steps);
    }
    let text = |key: &str| node.get(key).and_then(Value::as_str).map(str::to_owned);
    let figure = |key: &str| rounded(node.get(key).and_then(Value::as_f64).unwrap_or_default());
    let table = text("Schema").zip(text("Relation Name"));
    steps.push(PlanStep {
        depth,
        step: text("Node Type").unwrap_or_default(),
        table: table.map(|(schema, table)| TableName { schema, table }),
        rows: figure("Plan Rows"),
        cost: figure("Total Cost"),
    });
    for inner in children(node) {
        add(inner, depth + 1, steps);
    }
}

fn children(node: &Value) -> &[Value] {
    let plans = node.get("Plans").and_then(Value::as_array);
    plans.map(Vec::as_slice).unwrap_or_default()
}

fn only_child(node: &Value) -> Option<&Value> {
    match children(node) {
        [child] => Some(child),
        _ => None,
    }
}

/// To one significant digit.
fn rounded(figure: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float saturates"
    )]
    let whole = figure.round() as u64;
    let mut unit = 1;
    while whole / unit >= 10 {
        unit *= 10;
    }
    (whole.saturating_add(unit / 2) / unit).saturating_mul(unit)
}

/// Deeper plans are not told in full.
const DEPTH: usize = 40;
/// Longer ones neither: a table may have thousands of partitions.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_tells_steps_tables_and_rough_figures_and_nothing_else() {
        let plan = json!([{"Plan": {"Node Type": "Limit", "Plans": [
            {"Node Type": "Result", "One-Time Filter": "(mark)", "Plans": [
                {"Node Type": "Index Scan", "Schema": "crm", "Relation Name": "customers",
                 "Index Name": "customers_salary_idx", "Filter": "(salary > 10)",
                 "Output": ["ssn"], "Plan Rows": 1234, "Total Cost": 87.6}]}]}}]);
        let steps = steps(&plan);
        let table = TableName {
            schema: "crm".to_owned(),
            table: "customers".to_owned(),
        };
        assert_eq!(
            steps,
            [PlanStep {
                depth: 0,
                step: "Index Scan".to_owned(),
                table: Some(table),
                rows: 1000,
                cost: 90,
            }]
        );
        assert!(!format!("{steps:?}").contains("salary"));
    }

    #[test]
    fn figures_are_rounded_to_one_digit() {
        for (figure, rough) in [(0.0, 0), (0.6, 1), (14.0, 10), (15.0, 20), (96.0, 100)] {
            assert_eq!(rounded(figure), rough, "{figure}");
        }
        assert!(rounded(f64::MAX) > 0);
        assert_eq!(rounded(f64::NAN), 0);
    }
}
