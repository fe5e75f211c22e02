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
use crate::server::Inner;

/// Verifies the trail.
pub(super) fn verify(inner: &Inner, call: &Call, _arguments: Arguments) -> Outcome<Answer> {
    let sight = Sight::new(inner, call);
    let report = guard::audit::verify(inner.trail.dir(), &guard::audit::Trust::default())
        .map_err(|trouble| Fault::new("verify the trail", trouble))?;
    call.check()?;
    let mut structured = json!({"verdict": report.verdict.name()});
    // where it is not whole and how long it is tells of records
    if let (true, Some(object)) = (sight.all, structured.as_object_mut()) {
        object.insert("place".to_owned(), report.verdict.to_string().into());
        object.insert("records".to_owned(), report.records.into());
    }
    let label = sight.mix().label();
    call.touch(page::TRAIL, label)?;
    let answer = Answer {
        blocks: vec![Block::Text(structured.to_string())],
        structured,
        items: 1,
        truncated: false,
        untrusted: true,
    };
    Ok(Labeled::new(answer, label))
}

pub(super) const BYTES: usize = 16 << 10;
