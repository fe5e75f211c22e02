//! Turns a page of HTML into Markdown, token by token, in one pass and without a tree.
//!
//! A page is a stranger's text that hides things from people: what they do not see, the model does
//! not get, as far as the page itself says it. Style sheets are not read, so a class that hides
//! something is not known, and neither is white on white.
//!
//! # Invariants
//!
//! - The time is linear in the page, and nothing here calls itself: depth is a number.
//! - Scripts, styles, comments, frames and elements that are declared hidden leave nothing behind.
//!   An element that is hidden and never closed hides the rest.
//! - No address is in the outcome but of links by http, https or mail, and relative ones. Pictures
//!   leave their description: a host that shows the answer would fetch them.
//! - What is text in the page is text in the Markdown: it makes no link, picture or markup there.

mod hidden;
mod hiding;
mod link;
mod writer;

use html5gum::DefaultEmitter;
use html5gum::EndTag;
use html5gum::StartTag;
use html5gum::Token;
use html5gum::Tokenizer;

use hiding::Hiding;
use writer::Writer;

/// A page that is too large or nests too deep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unreadable;

/// `page` as Markdown.
pub(super) fn markdown(page: &str) -> Result<String, Unreadable> {
    if page.len() > LONGEST {
        return Err(Unreadable);
    }
    let mut emitter = DefaultEmitter::default();
    // scripts, styles and their like are not read as elements
    emitter.naively_switch_states(true);
    let mut reader = Reader::default();
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reader.start(&tag)?,
            Token::EndTag(tag) => reader.end(&tag),
            Token::String(text) if reader.hidden.is_none() => {
                reader.writer.text(&String::from_utf8_lossy(&text));
            }
            Token::String(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.writer.finish().ok_or(Unreadable)
}

#[derive(Debug, Default)]
struct Reader {
    writer: Writer,
    /// What is hidden, if something is.
    hidden: Option<Hiding>,
    /// How many elements are open, as far as their ends are written.
    depth: usize,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) -> Result<(), Unreadable> {
        let name = tag.name.as_slice();
        if EMPTY.contains(&name) {
            if self.hidden.is_none() {
                self.empty(tag);
            }
            return Ok(());
        }
        let open_ended = OPEN_ENDED.contains(&name);
        if let Some(hiding) = &mut self.hidden {
            let fine = hiding.start(name, tag.self_closing, open_ended);
            return fine.then_some(()).ok_or(Unreadable);
        }
        if DROPPED.contains(&name) || hidden::is_hidden(tag) {
            // foreign elements may end where they begin
            let ends = tag.self_closing && matches!(name, b"svg" | b"math");
            self.hidden = (!ends).then(|| Hiding::new(name));
            return Ok(());
        }
        self.depth += usize::from(!open_ended);
        if self.depth > DEEPEST {
            return Err(Unreadable);
        }
        let writer = &mut self.writer;
        match name {
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                let level = name.get(1).map_or(1, |digit| usize::from(digit - b'0'));
                writer.heading(level);
            }
            b"ul" | b"menu" | b"dir" => writer.list(None),
            b"ol" => writer.list(Some(1)),
            b"li" => writer.item(),
            b"blockquote" => writer.quote(),
            b"pre" | b"listing" | b"xmp" => writer.code_block(),
            b"a" => writer.link(link::target(tag)),
            b"table" => writer.table(),
            b"tr" => writer.row(),
            b"td" | b"th" => writer.cell(),
            b"p" => writer.paragraph(),
            _ if BLOCKS.contains(&name) => writer.line(),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: &EndTag<()>) {
        let name = tag.name.as_slice();
        if let Some(hiding) = &mut self.hidden {
            if hiding.end(name) {
                self.hidden = None;
            }
            return;
        }
        if !OPEN_ENDED.contains(&name) && !EMPTY.contains(&name) {
            self.depth = self.depth.saturating_sub(1);
        }
        let writer = &mut self.writer;
        match name {
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"p" | b"title" => writer.paragraph(),
            b"ul" | b"menu" | b"dir" | b"ol" => writer.list_end(),
            b"blockquote" => writer.quote_end(),
            b"pre" | b"listing" | b"xmp" => writer.code_block_end(),
            b"a" => writer.link_end(),
            b"table" => writer.table_end(),
            _ if BLOCKS.contains(&name) => writer.line(),
            _ => {}
        }
    }

    fn empty(&mut self, tag: &StartTag<()>) {
        match tag.name.as_slice() {
            b"br" => self.writer.line(),
            b"hr" => self.writer.rule(),
            b"img" if !hidden::is_hidden(tag) => {
                if let Some(text) = tag.attributes.get(b"alt".as_slice()) {
                    self.writer.text(&String::from_utf8_lossy(text));
                }
            }
            _ => {}
        }
    }
}

/// Bytes of a page.
const LONGEST: usize = 2 << 20;
/// Elements within each other.
const DEEPEST: usize = 512;
/// Elements that have no end.
const EMPTY: [&[u8]; 15] = [
    b"area",
    b"base",
    b"basefont",
    b"br",
    b"col",
    b"embed",
    b"frame",
    b"hr",
    b"img",
    b"input",
    b"link",
    b"meta",
    b"source",
    b"track",
    b"wbr",
];
/// Elements whose end need not be written.
const OPEN_ENDED: [&[u8]; 17] = [
    b"body",
    b"caption",
    b"colgroup",
    b"dd",
    b"dt",
    b"head",
    b"html",
    b"li",
    b"optgroup",
    b"option",
    b"p",
    b"rp",
    b"rt",
    b"tbody",
    b"td",
    b"th",
    b"tr",
];
/// Elements that people are not shown, or not as text.
const DROPPED: [&[u8]; 22] = [
    b"applet",
    b"audio",
    b"canvas",
    b"datalist",
    b"dialog",
    b"frameset",
    b"iframe",
    b"map",
    b"math",
    b"noembed",
    b"noframes",
    b"noscript",
    b"object",
    b"plaintext",
    b"rp",
    b"script",
    b"select",
    b"style",
    b"svg",
    b"template",
    b"textarea",
    b"video",
];
/// Elements that begin on a line of their own.
const BLOCKS: [&[u8]; 22] = [
    b"address",
    b"article",
    b"aside",
    b"body",
    b"caption",
    b"center",
    b"dd",
    b"details",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"header",
    b"main",
    b"nav",
    b"section",
    b"summary",
    b"title",
];

#[cfg(test)]
mod tests;
