//! Gathers the body of an answer, inflated, within a budget.
//!
//! # Invariants
//!
//! - Never more than the budget is in memory: a gzip bomb is stopped while it is inflated.
//! - What comes over the wire is bounded as well: a body that inflates to nothing has an end.

use std::io;
use std::io::Write;

use flate2::write::MultiGzDecoder;

use super::trouble::BODY;
use super::trouble::Trouble;

/// A body that is coming in.
pub(super) struct Gathered {
    coding: Coding,
    /// Bytes that may still come over the wire.
    wire: u64,
}

enum Coding {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    /// Nothing came yet, so not even the header of the coding has to.
    GzipUnbegun(Capped),
}

/// Bytes up to a limit.
#[derive(Debug, Default)]
struct Capped {
    bytes: Vec<u8>,
    most: usize,
    full: bool,
}

impl Gathered {
    /// For a body of the given coding. `told` is the length that was announced, if one was.
    pub(super) fn new(gzip: bool, told: Option<u64>, most: u64) -> Result<Self, Trouble> {
        let wire = most.saturating_add(SLACK);
        if told.is_some_and(|told| told > if gzip { wire } else { most }) {
            return Err(Trouble::Over(BODY));
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let room = told.and_then(|told| usize::try_from(told).ok());
        let sink = Capped {
            bytes: Vec::with_capacity(room.unwrap_or(0).min(most).min(FIRST)),
            most,
            full: false,
        };
        let coding = match gzip {
            false => Coding::Plain(sink),
            true => Coding::GzipUnbegun(sink),
        };
        Ok(Self { coding, wire })
    }

    /// Takes what came.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        let left = self.wire.checked_sub(piece.len() as u64);
        self.wire = left.ok_or(Trouble::Over(BODY))?;
        if piece.is_empty() {
            return Ok(());
        }
        if let Coding::GzipUnbegun(sink) = &mut self.coding {
            let decoder = MultiGzDecoder::new(std::mem::take(sink));
            self.coding = Coding::Gzip(Box::new(decoder));
        }
        match &mut self.coding {
            Coding::Plain(sink) => sink.write_all(piece).map_err(|_| Trouble::Over(BODY)),
            Coding::Gzip(decoder) => {
                let done = decoder.write_all(piece);
                done.map_err(|_| inflating(decoder.get_ref()))
            }
            Coding::GzipUnbegun(_) => Err(Trouble::Garbled(CODING)),
        }
    }

    /// All of it, once nothing more comes.
    pub(super) fn finish(self) -> Result<Vec<u8>, Trouble> {
        match self.coding {
            Coding::Plain(sink) | Coding::GzipUnbegun(sink) => Ok(sink.bytes),
            Coding::Gzip(mut decoder) => {
                let done = decoder.try_finish();
                done.map_err(|_| inflating(decoder.get_ref()))?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

impl Write for Capped {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.most.saturating_sub(self.bytes.len()) {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn inflating(sink: &Capped) -> Trouble {
    match sink.full {
        true => Trouble::Over(BODY),
        false => Trouble::Garbled(CODING),
    }
}

const CODING: &str = "the body is not of the coding that its header names";
/// How much longer than its content a body may be on the wire.
const SLACK: u64 = 64 << 10;
/// What is taken on the word of a header.
const FIRST: usize = 1 << 20;
