//! Reads text: whole files, some lines, or some bytes, within the budget of one answer.
//!
//! # Invariants
//!
//! - An answer is no longer than its [`Budget`], however many files and whatever arguments.
//! - What is left out is said, with the arguments of the call that goes on.
//! - Byte ranges that touch give the same text as one range over both: a border inside a character
//!   moves back to its beginning.

use guard::error::Denial;
use guard::error::Refusal;

use crate::effects::encoding::Charset;
use crate::effects::encoding::Form;
use crate::effects::encoding::has_control;
use crate::effects::lines::Lines;
use crate::effects::lines_index::Indexes;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Source;

/// Which part of a file is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Want {
    /// Lines from one to another, counted from 1 and included; without an end, all that follow.
    Lines {
        /// The first.
        from: u64,
        /// The last.
        to: Option<u64>,
    },
    /// So many lines from the end.
    Tail(u64),
    /// Bytes from one, counted from 0, up to but without another.
    Bytes {
        /// The first.
        from: u64,
        /// The one behind the last.
        to: Option<u64>,
    },
}

impl Want {
    /// All of it.
    pub const WHOLE: Self = Self::Lines { from: 1, to: None };
}

/// Part of a text file.
#[derive(Debug, Eq, PartialEq)]
pub struct Part {
    /// The text, with LF at line ends where lines were asked for.
    pub text: String,
    /// The numbers of the first and the last line, where lines were asked for, there are any, and
    /// their numbers are known.
    pub lines: Option<(u64, u64)>,
    /// How many lines were given.
    pub count: u64,
    /// How many lines the file has, where that is known or cheap to know.
    pub total_lines: Option<u64>,
    /// Which bytes of the file were given; the last is not included.
    pub bytes: (u64, u64),
    /// How the characters were written; `(lossy)` where some were no characters.
    pub encoding: &'static str,
    /// Whether the text holds characters that may deceive on a screen.
    pub has_control: bool,
    /// Whether a CR was dropped before an LF.
    pub crlf: bool,
    /// The lines that were too long.
    pub cut: Vec<Cut>,
    /// What was wanted and did not fit.
    pub next: Option<Want>,
}

impl Part {
    pub(super) fn empty(charset: Charset, at: u64) -> Self {
        Self {
            text: String::new(),
            lines: None,
            count: 0,
            total_lines: None,
            bytes: (at, at),
            encoding: charset.name(false),
            has_control: false,
            crlf: false,
            cut: Vec::new(),
            next: None,
        }
    }
}

/// A line of which only the beginning was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// Which of the given lines, counted from 0.
    pub nth: u64,
    /// The columns that were given, in bytes, from 1.
    pub columns: (usize, usize),
    /// Where in the file the rest begins.
    pub from_byte: u64,
}

/// How much text an answer may still hold. With less than 16 bytes, or less than the next line
/// takes, nothing is given and [`Part::next`] is where it would go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// In bytes of UTF-8.
    pub bytes: usize,
    /// In lines.
    pub lines: usize,
}

impl Budget {
    /// One budget for each of some files of these sizes, together no more than this: what small
    /// files do not need is for the large ones.
    #[must_use]
    pub fn split(self, sizes: &[u64]) -> Vec<Self> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&i| sizes.get(i));
        let mut shares = vec![self; sizes.len()];
        let mut left = self;
        for (done, &i) in order.iter().enumerate() {
            let files = sizes.len() - done;
            let size = sizes.get(i).copied().unwrap_or_default();
            // decoding and numbers may make it longer
            let need = usize::try_from(size.saturating_mul(3)).unwrap_or(usize::MAX);
            let bytes = need.saturating_add(LEAST).min(left.bytes / files);
            let lines = usize::try_from(size)
                .unwrap_or(usize::MAX)
                .saturating_add(1);
            let lines = lines.min(left.lines / files);
            left.bytes -= bytes;
            left.lines -= lines;
            if let Some(share) = shares.get_mut(i) {
                *share = Self { bytes, lines };
            }
        }
        shares
    }
}

/// Reads what is wanted of a text file.
///
/// # Errors
///
/// [`Denial::Unsuitable`] if it is no text; [`Denial::TooLarge`] if a line is asked for that lies
/// too far down to be counted; else as [`Source::read`].
pub fn read(
    source: &Source<'_>,
    want: Want,
    numbered: bool,
    budget: &mut Budget,
    indexes: &Indexes,
) -> Result<Part, Refusal> {
    let Form::Text(charset, origin) = source.form() else {
        return Err(Denial::Unsuitable("not a text file: read it whole or by bytes").into());
    };
    let lines = Lines::new(source, indexes, (charset, origin), numbered);
    match want {
        Want::Lines { from, to } => lines.window(from, to, budget),
        Want::Tail(count) => lines.tail(count, budget),
        Want::Bytes { from, to } => bytes(source, (charset, origin), (from, to), budget),
    }
}

/// Reads the bytes `from` to `to`, both moved back to where a character begins. A byte order mark
/// is not part of the text.
fn bytes(
    source: &Source<'_>,
    (charset, origin): (Charset, u64),
    (from, to): (u64, Option<u64>),
    budget: &mut Budget,
) -> Result<Part, Refusal> {
    let end = to.unwrap_or(u64::MAX);
    let mut at = border(source, charset, from.max(origin))?;
    let mut part = Part::empty(charset, at);
    let mut block = source.block();
    let mut lossy = false;
    while at < end {
        let read = source.read(at, &mut block)?;
        let found = block.get(..read).unwrap_or_default();
        // whether the last character is whole shows only in what follows it
        let sure = if read < block.len() { read } else { read - 4 };
        let wanted = usize::try_from(end - at).unwrap_or(BLOCK).min(sure);
        let (mut limit, mut given) = (wanted.min(budget.bytes), 0);
        while limit > 0 {
            let upto = charset.border(found, limit);
            let piece = found.get(..upto).unwrap_or_default();
            let (text, bad) = charset.decode(piece);
            if text.len() <= budget.bytes {
                budget.bytes -= text.len();
                lossy |= bad;
                part.has_control |= has_control(&text);
                part.text.push_str(&text);
                given = upto;
                break;
            }
            limit /= 2;
        }
        at += given as u64;
        let full = limit < wanted;
        if full && read > 0 {
            part.next = Some(Want::Bytes { from: at, to });
        }
        if full || given == 0 || read < block.len() {
            break;
        }
    }
    part.bytes.1 = at;
    part.encoding = charset.name(lossy);
    Ok(part)
}

/// The last place at or before `at` where no character is cut.
fn border(source: &Source<'_>, charset: Charset, at: u64) -> Result<u64, Refusal> {
    let start = (at & !1).saturating_sub(4);
    let mut around = [0; 10];
    let read = source.read(start, &mut around)?;
    let around = around.get(..read).unwrap_or_default();
    let offset = usize::try_from(at - start).unwrap_or(0);
    Ok(start + charset.border(around, offset) as u64)
}

/// What is set aside for a file beside its content: numbers of lines, notes.
const LEAST: usize = 1024;
