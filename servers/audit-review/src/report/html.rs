//! A report as one page: no script, nothing loaded, light and dark.
//!
//! # Invariants
//!
//! - Every text goes through [`escaped`]; the page's policy allows its own style and nothing else,
//!   so that a text which got past it would still run nothing and load nothing.

use std::fmt::Write;

use super::Block;
use super::Document;
use super::Table;
use super::chart;

/// The whole page.
pub(super) fn write(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<ul class=\"about\">\n",
    );
    let item = |out: &mut String, line: &str| {
        // writing to a String cannot fail
        let _written = writeln!(out, "<li>{}</li>", escaped(line));
    };
    document.about.iter().for_each(|line| item(&mut out, line));
    out.push_str("</ul>\n");
    for section in &document.sections {
        let _written = writeln!(out, "<section>\n<h2>{}</h2>", escaped(&section.title));
        for block in &section.blocks {
            match block {
                Block::Text(text) => {
                    let _written = writeln!(out, "<p>{}</p>", escaped(text));
                }
                Block::List(lines) => {
                    out.push_str("<ul>\n");
                    lines.iter().for_each(|line| item(&mut out, line));
                    out.push_str("</ul>\n");
                }
                Block::Table(found) => table(&mut out, found),
                Block::Bars { about, bars } => chart::bars(&mut out, about, bars),
            }
        }
        out.push_str("</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn table(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        out.push_str("<p>None.</p>\n");
        return;
    }
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for cell in &table.head {
        let _written = write!(out, "<th scope=\"col\">{}</th>", escaped(cell));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            let number = !cell.is_empty() && cell.bytes().all(|letter| letter.is_ascii_digit());
            let class = if number { " class=\"number\"" } else { "" };
            let _written = write!(out, "<td{class}>{}</td>", escaped(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if !table.more.is_empty() {
        let _written = writeln!(out, "<p>{}</p>", escaped(&table.more));
    }
}

/// A text that is text, in an element and in a quoted attribute; what could hide or turn it is
/// written as its number.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            ' '..='~' => out.push(letter),
            _ if letter.is_alphanumeric() => out.push(letter),
            _ => {
                let _written = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
        }
    }
    out
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5a6372;--page:#fff;--line:#d9dde4;--band:#f4f6f9;--yes:#2f6fab;--no:#c2571a}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#a3acba;--page:#14181f;--line:#323a47;--band:#1c222c;--yes:#6ca8e0;--no:#e58a4e}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.7rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.about{list-style:none;padding:0;color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
thead th{background:var(--band)}.number{text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:normal}
figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.9rem}svg{width:100%;height:auto}
.axis{fill:var(--soft);stroke:none;font-size:11px}line.axis{stroke:var(--line)}
.allowed{fill:var(--yes)}.other{fill:var(--no)}
@media print{main{max-width:none}section{break-inside:avoid}}
";
