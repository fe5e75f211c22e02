//! Says what kind of bytes a file holds, and hands them on in base64.
//!
//! # Invariants
//!
//! - The content decides; the name is asked only where the content says nothing. So a program that
//!   is called `photo.png` is not announced as an image.
//! - At most [`MOST`] bytes of base64 are made, and a file that is larger is refused, not cut.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::server::Binary;
use guard::server::Block;

use crate::config::Limits;
use crate::effects::encoding::Form;
use crate::effects::text_source::Source;

/// How many bytes of base64 an answer may hold.
pub const MOST: usize = 5 << 20;

/// How a client may show some bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// As text.
    Text,
    /// As a picture.
    Image,
    /// As sound.
    Audio,
    /// Not at all.
    Other,
}

/// A media type and what it means for the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Media {
    /// For example `image/png`.
    pub mime: &'static str,
    /// How it may be shown.
    pub kind: Kind,
}

impl Media {
    /// What a file of this name is that begins with `head`, which is of this form.
    #[must_use]
    pub fn of(head: &[u8], form: Form, name: &Path) -> Self {
        if let Some(mime) = by_signature(head) {
            let kind = match mime.split_once('/') {
                Some(("image", _)) => Kind::Image,
                Some(("audio", _)) => Kind::Audio,
                _ => Kind::Other,
            };
            return Self { mime, kind };
        }
        let named = name.extension().and_then(|extension| {
            let extension = extension.to_str()?.to_ascii_lowercase();
            let known = EXTENSIONS.iter().find(|(ext, _)| *ext == extension);
            known.map(|(_, mime)| *mime)
        });
        match (form, named) {
            (Form::Text(..), Some(mime)) => Self {
                mime,
                kind: Kind::Text,
            },
            (Form::Text(..), None) => Self {
                mime: "text/plain",
                kind: Kind::Text,
            },
            (Form::Binary, _) => Self {
                mime: "application/octet-stream",
                kind: Kind::Other,
            },
        }
    }
}

/// A binary file, or the bytes `range` of it (the end not included), as a block of an answer.
/// Only a whole file is shown as an image or as sound. `uri` is the address of a blob; `room` is
/// how much base64 the answer may still hold, and gets smaller.
///
/// # Errors
///
/// [`Denial::TooLarge`] if it does not fit; else as [`Source::read`].
pub fn block(
    source: &Source<'_>,
    media: Media,
    range: Option<(u64, Option<u64>)>,
    uri: &str,
    room: &mut usize,
) -> Result<Block, Refusal> {
    let whole = range.is_none();
    let (from, to) = range.unwrap_or_default();
    let base64 = base64(source, from, to, room)?;
    let content = Binary {
        mime: media.mime.to_owned(),
        base64,
    };
    Ok(match media.kind {
        Kind::Image if whole => Block::Image(content),
        Kind::Audio if whole => Block::Audio(content),
        Kind::Image | Kind::Audio | Kind::Text | Kind::Other => Block::Blob {
            uri: uri.to_owned(),
            content,
        },
    })
}

/// The bytes `from` to `to` (not included; without it, to the end) in base64.
///
/// # Errors
///
/// [`Denial::TooLarge`] if that is longer than `room` or [`MOST`]; else as [`Source::read`].
pub fn base64(
    source: &Source<'_>,
    from: u64,
    to: Option<u64>,
    room: &mut usize,
) -> Result<String, Refusal> {
    let most = MOST.min(*room);
    let end = to.unwrap_or(u64::MAX);
    if length(source.size(), (from, to)) > most as u64 {
        return Err(TOO_LARGE.into());
    }
    let mut text = String::new();
    let mut block = vec![0; STEP];
    let mut at = from;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(STEP).min(STEP);
        let part = block.get_mut(..wanted).unwrap_or_default();
        let read = source.read(at, part)?;
        STANDARD.encode_string(part.get(..read).unwrap_or_default(), &mut text);
        // the file may have grown since its size was looked at
        if text.len() > most {
            return Err(TOO_LARGE.into());
        }
        at += read as u64;
        if read < wanted {
            break;
        }
    }
    *room -= text.len();
    Ok(text)
}

/// How long the bytes of a range (the end not included) of a file of `size` are in base64.
pub fn length(size: u64, (from, to): (u64, Option<u64>)) -> u64 {
    let bytes = to.unwrap_or(u64::MAX).min(size).saturating_sub(from);
    bytes.div_ceil(3).saturating_mul(4)
}

/// Holds memory for an answer with `base64` bytes of base64, or as much as one may have, and its
/// text; for a small one the gate does it.
///
/// # Errors
///
/// [`Denial::Busy`] if it must wait.
pub fn reserve(call: &Call, limits: &Limits, base64: u64) -> Result<(), Denial> {
    if base64 < LARGE {
        return Ok(());
    }
    let text = limits.text_bytes.count() as u64;
    call.try_reserve(base64.min(limits.base64_bytes.count() as u64) + text)
}

/// Smaller answers are made first and then counted: no more are made at one time than requests run.
const LARGE: u64 = 256 << 10;

/// A multiple of three, so that the pieces of base64 join without padding.
const STEP: usize = 48 * 1024;

const TOO_LARGE: Denial = Denial::TooLarge("5 MB of base64 an answer: read a range of bytes");

fn by_signature(head: &[u8]) -> Option<&'static str> {
    let container = |kind: &[u8]| head.starts_with(b"RIFF") && head.get(8..12) == Some(kind);
    if container(b"WEBP") {
        return Some("image/webp");
    }
    if container(b"WAVE") {
        return Some("audio/wav");
    }
    // ISO media says its brand after a length
    if head.get(4..8) == Some(b"ftyp") {
        return Some(match head.get(8..12) {
            Some(b"avif") => "image/avif",
            Some(b"heic" | b"heix" | b"mif1") => "image/heic",
            Some(b"M4A ") => "audio/mp4",
            _ => "video/mp4",
        });
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("application/x-tar");
    }
    // two bytes are too few for a signature: require a plausible header as well
    if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) {
        return Some("image/bmp");
    }
    if let [0xFF, second, ..] = head
        && matches!(second, 0xFB | 0xF3 | 0xF2 | 0xFA)
    {
        return Some("audio/mpeg");
    }
    let known = SIGNATURES.iter().find(|(sign, _)| head.starts_with(sign));
    known.map(|(_, mime)| *mime)
}

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1A\x45\xDF\xA3", "video/webm"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1F\x8B\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xFD7zXZ\0", "application/x-xz"),
    (b"\x28\xB5\x2F\xFD", "application/zstd"),
    (b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"\x7FELF", "application/x-elf"),
    (b"\0asm", "application/wasm"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
];

/// Only for text: what a binary file is called proves nothing.
const EXTENSIONS: &[(&str, &str)] = &[
    ("svg", "image/svg+xml"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("toml", "application/toml"),
];
