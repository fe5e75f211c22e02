//! A report as Markdown.
//!
//! # Invariants
//!
//! - A text of a record stays text: what Markdown or HTML would read as more is escaped.

use std::fmt::Write;

use super::Block;
use super::Document;
use super::Table;

/// The whole report.
pub(super) fn write(document: &Document) -> String {
    let mut out = format!("# {}\n\n", escaped(&document.title));
    for line in &document.about {
        list(&mut out, line);
    }
    for section in &document.sections {
        // writing to a String cannot fail
        let _written = write!(out, "\n## {}\n", escaped(&section.title));
        for block in &section.blocks {
            out.push('\n');
            match block {
                Block::Text(text) => {
                    let _written = writeln!(out, "{}", escaped(text));
                }
                Block::List(lines) => lines.iter().for_each(|line| list(&mut out, line)),
                Block::Table(found) => table(&mut out, found),
                Block::Bars { about, bars } => {
                    let _written = writeln!(out, "{}\n", escaped(about));
                    let rows = bars.iter().filter(|bar| bar.allowed + bar.other > 0);
                    let rows = rows.map(|bar| {
                        vec![
                            bar.name.clone(),
                            bar.allowed.to_string(),
                            bar.other.to_string(),
                        ]
                    });
                    let bars = Table {
                        head: vec!["when", "allowed", "refused or failed"],
                        rows: rows.collect(),
                        more: String::new(),
                    };
                    table(&mut out, &bars);
                }
            }
        }
    }
    out
}

fn list(out: &mut String, line: &str) {
    let _written = writeln!(out, "- {}", escaped(line));
}

fn table(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        out.push_str("None.\n");
        return;
    }
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    out.push_str(&line(&mut table.head.iter().map(|cell| escaped(cell))));
    out.push_str(&line(&mut table.head.iter().map(|_| "---".to_owned())));
    for row in &table.rows {
        out.push_str(&line(&mut row.iter().map(|cell| escaped(cell))));
    }
    if !table.more.is_empty() {
        let _written = writeln!(out, "\n{}", escaped(&table.more));
    }
}

/// Letters, digits and what has no meaning of its own; the rest with a backslash before it, and
/// what a terminal or an eye could take amiss as its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() || " ,;:/?='%@\"-.".contains(letter) {
            out.push(letter);
        } else if letter == '<' {
            // not every reader of Markdown takes a backslash before it
            out.push_str("&lt;");
        } else if letter.is_ascii_punctuation() {
            out.push('\\');
            out.push(letter);
        } else {
            let _written = write!(out, "\\\\u\\{{{:x}\\}}", u32::from(letter));
        }
    }
    out
}
