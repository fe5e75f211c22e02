//! `verify_trail`.

use serde_json::json;

use guard::call::Call;
use guard::error::Fault;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use super::page;
use super::page::Sight;
use crate::program::verify::as_json;
use crate::server::Inner;

/// Verifies the trail.
pub(super) fn verify(inner: &Inner, call: &Call, _arguments: Arguments) -> Outcome<Answer> {
    let sight = Sight::new(inner, call);
    let report = guard::audit::verify(inner.trail.dir(), &inner.trust)
        .map_err(|trouble| Fault::new("verify the trail", trouble))?;
    call.check()?;
    // how long it is, and where it is not whole, tells of records
    let structured = if sight.all {
        as_json(&report)
    } else {
        json!({"verdict": report.verdict.name()})
    };
    let label = sight.mix().label();
    call.touch(page::TRAIL, label)?;
    let answer = Answer {
        blocks: vec![Block::Text(structured.to_string())],
        structured: structured.into(),
        items: 1,
        truncated: false,
        untrusted: true,
    };
    Ok(Labeled::new(answer, label))
}

pub(super) const BYTES: usize = 16 << 10;
