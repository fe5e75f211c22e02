//! Reads the file of an OpenAPI document: for `import`, and at start where `[imports]` names it.
#![expect(
    clippy::disallowed_types,
    reason = "a document is a file that the operator names; it is read before anything is served"
)]

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::openapi::LARGEST;
use crate::openapi::Unread;

/// All bytes of the file at `path`.
///
/// # Errors
///
/// Words for the operator, if it cannot be read or is larger than any document.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    let most = LARGEST as u64 + 1;
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut text));
    read.map_err(|cause| format!("the document cannot be read: {}", cause.kind()))?;
    if text.len() > LARGEST {
        return Err(format!("the document is larger than {LARGEST} bytes"));
    }
    Ok(text)
}
