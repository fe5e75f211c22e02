//! Writes Markdown: what is text stays text, and blank space is what the form needs.
//!
//! # Invariants
//!
//! - Nothing of a text is read as markup: what could be is escaped, or stands in a code block whose
//!   fence is longer than anything in it.
//! - Levels that are written out are bounded, so that a line is never longer for its depth alone.

/// Markdown that grows.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    gap: Gap,
    /// For each open list the number of the next item, if it has numbers.
    lists: Vec<Option<u32>>,
    quotes: usize,
    /// Where the open link leads, if it leads anywhere.
    link: Option<String>,
    /// The text of the open code block.
    code: Option<String>,
    tables: usize,
    /// Whether a quote was opened and nothing is in it.
    fresh: bool,
    /// Cells of the row that is open, and whether it is the first.
    row: Option<(usize, bool)>,
    full: bool,
}

/// What goes before the next text.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
enum Gap {
    #[default]
    Nothing,
    Space,
    Line,
    Blank,
}

impl Writer {
    /// All of it. None if it grew too large.
    pub(super) fn finish(mut self) -> Option<String> {
        self.code_block_end();
        self.link_end();
        self.row_end();
        (!self.full).then_some(self.out)
    }

    /// A text of the page.
    pub(super) fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.extend(text.chars().filter(|sign| is_seen(*sign)));
            return;
        }
        for word in text.split_inclusive(|sign: char| sign.is_whitespace()) {
            let bare = word.trim_end();
            if !bare.is_empty() {
                self.word(bare);
            }
            if bare.len() < word.len() {
                self.want(Gap::Space);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let mut begins = self.open();
        // a number at the beginning of a line, as far as it goes
        let mut number = begins;
        for sign in word.chars().filter(|sign| is_seen(*sign)) {
            // at the beginning of a line these make headings, lists and rules
            let makes_a_line = begins && "#-+=~".contains(sign);
            // and so do these behind the number of an item
            let makes_an_item = number && !begins && matches!(sign, '.' | ')');
            number = number && sign.is_ascii_digit();
            if makes_a_line || makes_an_item || "\\`*_[]<>|&!".contains(sign) {
                self.out.push('\\');
            }
            self.out.push(sign);
            begins = false;
        }
        self.full |= self.out.len() > MOST;
    }

    /// Writes what goes before a text, and says whether that begins a line.
    fn open(&mut self) -> bool {
        let gap = std::mem::take(&mut self.gap);
        self.fresh = false;
        if self.out.is_empty() {
            self.begin_line();
            return true;
        }
        match gap {
            Gap::Nothing => return false,
            Gap::Space => {
                if !self.out.ends_with(char::is_whitespace) {
                    self.out.push(' ');
                }
                return false;
            }
            Gap::Line => self.out.push('\n'),
            Gap::Blank => {
                self.out.push('\n');
                self.out.push_str(&"> ".repeat(self.quotes.min(LEVELS)));
                self.out.push('\n');
            }
        }
        self.begin_line();
        true
    }

    fn begin_line(&mut self) {
        if self.full {
            return;
        }
        self.out.push_str(&"> ".repeat(self.quotes.min(LEVELS)));
        let inner = self.lists.len().saturating_sub(1).min(LEVELS);
        self.out.push_str(&"   ".repeat(inner));
    }

    fn want(&mut self, gap: Gap) {
        if self.fresh {
            return;
        }
        // a table has its rows on one line each
        let most = if self.row.is_some() {
            Gap::Space
        } else {
            Gap::Blank
        };
        self.gap = self.gap.max(gap).min(most);
    }

    /// Writes markup of our own.
    fn mark(&mut self, mark: &str) {
        if self.code.is_none() && !self.full {
            self.open();
            self.out.push_str(mark);
            self.gap = Gap::Nothing;
        }
    }

    pub(super) fn line(&mut self) {
        match &mut self.code {
            Some(code) => code.push('\n'),
            None => self.want(Gap::Line),
        }
    }

    pub(super) fn paragraph(&mut self) {
        self.want(Gap::Blank);
    }

    pub(super) fn heading(&mut self, level: usize) {
        self.want(Gap::Blank);
        if self.row.is_none() {
            let mark = format!("{} ", "#".repeat(level));
            self.mark(&mark);
        }
    }

    pub(super) fn rule(&mut self) {
        self.want(Gap::Blank);
        if self.row.is_none() {
            self.mark("---");
        }
        self.want(Gap::Blank);
    }

    pub(super) fn list(&mut self, first: Option<u32>) {
        let outer = self.lists.is_empty();
        self.want(if outer { Gap::Blank } else { Gap::Line });
        self.lists.push(first);
    }

    pub(super) fn list_end(&mut self) {
        self.lists.pop();
        let outer = self.lists.is_empty();
        self.want(if outer { Gap::Blank } else { Gap::Line });
    }

    pub(super) fn item(&mut self) {
        self.want(Gap::Line);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            Some(None) | None => "- ".to_owned(),
        };
        if self.row.is_none() {
            self.mark(&mark);
        }
    }

    pub(super) fn quote(&mut self) {
        self.want(Gap::Blank);
        // the blank line before it is not part of it
        self.open_blank();
        self.quotes += 1;
        self.fresh = true;
    }

    pub(super) fn quote_end(&mut self) {
        self.quotes = self.quotes.saturating_sub(1);
        self.want(Gap::Blank);
    }

    fn open_blank(&mut self) {
        if self.gap == Gap::Blank && !self.out.is_empty() && !self.full {
            self.out.push('\n');
            self.gap = Gap::Line;
        }
    }

    pub(super) fn code_block(&mut self) {
        if self.code.is_none() {
            self.link_end();
            self.code = Some(String::new());
        }
    }

    pub(super) fn code_block_end(&mut self) {
        let Some(code) = self.code.take() else { return };
        let code = code.trim_matches(['\n', '\r']);
        if code.trim().is_empty() || self.full {
            return;
        }
        if self.row.is_some() {
            // no block within a line
            self.text(code);
            return;
        }
        let longest = code.split(|sign| sign != '`').map(str::len).max();
        let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
        self.want(Gap::Blank);
        self.mark(&fence);
        for line in code.lines() {
            self.out.push('\n');
            self.begin_line();
            self.out.push_str(line);
            self.full |= self.out.len() > MOST;
        }
        self.out.push('\n');
        self.begin_line();
        self.out.push_str(&fence);
        self.want(Gap::Blank);
    }

    pub(super) fn link(&mut self, target: Option<String>) {
        self.link_end();
        if self.code.is_none()
            && let Some(target) = target
        {
            self.mark("[");
            self.link = Some(target);
        }
    }

    pub(super) fn link_end(&mut self) {
        let Some(target) = self.link.take() else {
            return;
        };
        if self.out.ends_with('[') && !self.out.ends_with("\\[") {
            // nothing to see, nothing to follow
            self.out.pop();
            return;
        }
        self.out.push_str("](");
        self.out.push_str(&target);
        self.out.push(')');
        self.full |= self.out.len() > MOST;
    }

    pub(super) fn table(&mut self) {
        self.link_end();
        if self.tables == 0 {
            self.want(Gap::Blank);
        }
        self.tables += 1;
    }

    pub(super) fn table_end(&mut self) {
        self.tables = self.tables.saturating_sub(1);
        if self.tables == 0 {
            self.row_end();
            self.want(Gap::Blank);
        }
    }

    pub(super) fn row(&mut self) {
        // a table within a cell is part of its line
        if self.tables != 1 {
            return;
        }
        let first = match self.row {
            None => true,
            Some(_) => {
                self.row_end();
                false
            }
        };
        self.want(Gap::Line);
        self.mark("|");
        self.row = Some((0, first));
    }

    pub(super) fn cell(&mut self) {
        self.link_end();
        if self.tables != 1 {
            self.want(Gap::Space);
            return;
        }
        if self.row.is_none() {
            self.row();
        }
        if let Some((cells, _)) = &mut self.row {
            *cells += 1;
            if *cells > 1 {
                self.gap = Gap::Nothing;
                self.mark(" |");
            }
            self.gap = Gap::Space;
        }
    }

    fn row_end(&mut self) {
        self.link_end();
        let Some((cells, first)) = self.row.take() else {
            return;
        };
        self.gap = Gap::Nothing;
        self.mark(" |");
        if first && cells > 0 {
            self.want(Gap::Line);
            let rule = format!("|{}", " --- |".repeat(cells));
            self.mark(&rule);
        }
        self.want(Gap::Line);
    }
}

/// Whether a character is seen where it stands, and leaves the order of others alone.
fn is_seen(sign: char) -> bool {
    let unseen = matches!(
        sign,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    );
    let control = sign.is_control() && !matches!(sign, '\n' | '\t');
    !unseen && !control
}

/// Levels of lists and quotes that are written out.
const LEVELS: usize = 8;
/// Bytes.
const MOST: usize = 8 << 20;
