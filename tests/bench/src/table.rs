//! The figures as a table in Markdown.

/// Prints the head of a table of `columns`.
pub fn head(title: &str, columns: &[&str]) {
    println!("\n### {title}\n\n| {} |", columns.join(" | "));
    println!("|{}", " --- |".repeat(columns.len()));
}

/// Prints one row.
pub fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A figure and its ratio to `floor`.
#[must_use]
pub fn ratio(figure: f64, floor: f64) -> String {
    format!("{:.2}x", figure / floor)
}
