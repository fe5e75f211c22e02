//! Writes what `scoped-db` answered as lines for people.

use serde_json::Value;

/// The tables of an answer of `list_tables`.
#[must_use]
pub fn tables(answer: &Value) -> String {
    let tables = list(answer, "tables").iter().map(|table| {
        let word = |key| table.get(key).map_or_else(String::new, text);
        vec![word("table"), word("label"), word("about")]
    });
    aligned(tables.collect())
}

/// The columns of an answer of `describe_table`.
#[must_use]
pub fn columns(answer: &Value) -> String {
    let columns = list(answer, "columns").iter().map(|column| {
        let word = |key| column.get(key).map_or_else(String::new, text);
        let mask = column
            .get("mask")
            .map(|mask| format!("mask {}", text(mask)));
        vec![
            word("name"),
            word("type"),
            word("label"),
            mask.unwrap_or_default(),
        ]
    });
    aligned(columns.collect())
}

/// The rows of an answer of `query_rows`, below the names of their columns.
#[must_use]
pub fn rows(answer: &Value) -> String {
    let names = list(answer, "columns").iter();
    let names = names.map(|column| column.get("name").map_or_else(String::new, text));
    let rows = list(answer, "rows").iter().map(|row| {
        let cells = row.as_array().into_iter().flatten();
        cells.map(text).collect()
    });
    aligned([names.collect()].into_iter().chain(rows).collect())
}

/// How many rows an answer of `query_rows` has.
#[must_use]
pub fn count(answer: &Value) -> usize {
    list(answer, "rows").len()
}

fn list<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// One value.
#[must_use]
pub fn text(value: &Value) -> String {
    if value.is_null() {
        return "-".to_owned();
    }
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

fn aligned(lines: Vec<Vec<String>>) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_of_a_column_stand_below_each_other() {
        let answer = json!({
            "columns": [{"name": "id"}, {"name": "name"}],
            "rows": [[1, "Mira"], [20, null]],
        });
        assert_eq!(rows(&answer), "id  name\n1   Mira\n20  -\n");
        assert_eq!(count(&answer), 2);
        assert_eq!(rows(&json!({})), "\n");
    }
}
