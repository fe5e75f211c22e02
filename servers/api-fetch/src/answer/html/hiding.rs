//! Where something that is hidden ends.
//!
//! A browser does not take every end tag: one that reaches across the border of a table or, from
//! something within a line, across a block, is ignored. Whoever took it would show what is hidden.
//!
//! # Invariants
//!
//! - Where this is not as a browser does it, more is hidden and not less.

/// What is open, from the element that hides down.
#[derive(Debug)]
pub(super) struct Hiding(Vec<Vec<u8>>);

impl Hiding {
    /// Hidden from the element `name` on.
    pub(super) fn new(name: &[u8]) -> Self {
        Self(vec![name.to_vec()])
    }

    /// Another element begins. False if that is one too many.
    pub(super) fn start(&mut self, name: &[u8], ends_itself: bool, open_ended: bool) -> bool {
        let hiding = self.0.first().map_or(&[][..], Vec::as_slice);
        // in drawings and formulas an element may end where it begins
        if ends_itself && matches!(hiding, b"svg" | b"math") {
            return true;
        }
        // a paragraph ends the one before it
        if name == b"p" || (open_ended && hiding != name) {
            return true;
        }
        self.0.push(name.to_vec());
        self.0.len() <= super::DEEPEST
    }

    /// An element ends. True if it is the one that hides.
    pub(super) fn end(&mut self, name: &[u8]) -> bool {
        let block = is_block(name);
        let mut reached = None;
        for (at, open) in self.0.iter().enumerate().rev() {
            if open == name {
                reached = Some(at);
                break;
            }
            if BORDERS.contains(&open.as_slice()) || (!block && is_block(open)) {
                break;
            }
        }
        self.0.truncate(reached.unwrap_or(self.0.len()));
        self.0.is_empty()
    }
}

fn is_block(name: &[u8]) -> bool {
    super::BLOCKS.contains(&name) || BLOCKS_TOO.contains(&name) || super::OPEN_ENDED.contains(&name)
}

/// Across these no end tag reaches.
const BORDERS: [&[u8]; 5] = [b"applet", b"marquee", b"object", b"table", b"template"];
/// Beside those that begin a line.
const BLOCKS_TOO: [&[u8]; 23] = [
    b"applet",
    b"blockquote",
    b"button",
    b"dir",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"iframe",
    b"listing",
    b"marquee",
    b"menu",
    b"object",
    b"ol",
    b"pre",
    b"select",
    b"svg",
    b"table",
    b"template",
    b"ul",
    b"xmp",
];
