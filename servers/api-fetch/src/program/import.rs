//! `import`: endpoint definitions from an OpenAPI document, for an operator to read and keep.

use std::io::Write;

use guard::program::StartError;

use super::Import;
use super::document;
use super::say;
use crate::openapi;
use crate::openapi::Choice;
use crate::openapi::Rule;

/// Reads the document and writes what is chosen of it.
pub(super) fn import(wanted: &Import, out: &mut dyn Write) -> Result<(), StartError> {
    let text = document::read(&wanted.document)
        .map_err(|why| StartError::step("read the document", why))?;
    let choice = Choice {
        upstream: wanted.upstream.clone(),
        include: rules(&wanted.include)?,
        exclude: rules(&wanted.exclude)?,
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

fn rules(texts: &[String]) -> Result<Vec<Rule>, StartError> {
    let one = |text: &String| {
        Rule::parse(text).map_err(|reason| StartError::Arguments(format!("import: {reason}")))
    };
    texts.iter().map(one).collect()
}
