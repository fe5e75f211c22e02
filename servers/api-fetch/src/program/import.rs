//! `import`: endpoint definitions from an OpenAPI document, for an operator to read and keep.
#![expect(
    clippy::disallowed_types,
    reason = "a command for people reads the document that they name; a server never does"
)]

use std::fs::File;
use std::io::Read;
use std::io::Write;

use guard::program::StartError;

use super::Import;
use super::say;
use crate::openapi;
use crate::openapi::Choice;

/// Reads the document and writes what is chosen of it.
pub(super) fn import(wanted: &Import, out: &mut dyn Write) -> Result<(), StartError> {
    let mut text = Vec::new();
    let read =
        File::open(&wanted.document).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text));
    read.map_err(|cause| StartError::step("read the document", cause))?;
    if text.len() as u64 > LARGEST {
        let why = format!("it is larger than {LARGEST} bytes");
        return Err(StartError::step("read the document", why));
    }
    let choice = Choice {
        upstream: wanted.upstream.clone(),
        include: wanted.include.clone(),
        exclude: wanted.exclude.clone(),
        permission: wanted
            .permission
            .clone()
            .unwrap_or_else(|| format!("{}:read", wanted.upstream)),
        write_permission: wanted
            .write_permission
            .clone()
            .unwrap_or_else(|| format!("{}:write", wanted.upstream)),
        label: wanted.label.clone(),
    };
    let drafted = openapi::draft(&text, &choice)
        .map_err(|trouble| StartError::step("read the document", trouble))?;
    say(out, &drafted)
}

/// More than the largest public documents.
const LARGEST: u64 = 32 << 20;
