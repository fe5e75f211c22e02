//! How a label is written into the protocol: one table, three spellings, always in `_meta`.
//!
//! `annotations` is not used for labels: common clients drop the keys of it that they do not
//! know, and all keep `_meta`. The spellings are the suite's own key, the experimental
//! `io.modelcontextprotocol/trust-annotations` (with a `data-class.v1` record as evidence), and
//! `ifc`, which hosts in the field read today.
//!
//! | level | trust-annotations | record | `ifc` | cache |
//! |---|---|---|---|---|
//! | `public` | no `sensitive` | none | `public` | private, 60 s |
//! | `internal` | `sensitive` | `internal` | `private` | private, 10 s |
//! | `confidential` | `sensitive` | `confidential` | `private` | private, 0 |
//! | with `personal` | `sensitive` | `confidential`, gdpr | `private` | private, 0 |
//! | another word | `sensitive` | none | `private` | private, 0 |
//!
//! # Invariants
//!
//! - A label that is not `public` is never written as public in any of the three.
//! - What depends on the caller is `private` to caches, and every answer here does.

use std::sync::Mutex;
use std::sync::PoisonError;

use rmcp::model::MetaObject;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::Label;
use super::Taxonomy;

/// The suite's own key: the whole label.
pub const OWN: &str = "dev.keyhole/security-label";
/// The extension on its way to a standard.
pub const TRUST: &str = "io.modelcontextprotocol/trust-annotations";
/// What hosts in the field read today.
pub const IFC: &str = "ifc";

/// The `_meta` of something labelled `label`; `untrusted` if others than the operator wrote it.
///
/// `evidence` is the id of the audit record behind it, where there is one.
#[must_use]
pub fn meta(
    taxonomy: &Taxonomy,
    label: Label,
    untrusted: bool,
    evidence: Option<&str>,
) -> MetaObject {
    let public = label == Label::PUBLIC;
    let mut trust = Map::new();
    if !public {
        trust.insert("sensitive".to_owned(), true.into());
    }
    if untrusted {
        trust.insert("untrusted".to_owned(), true.into());
    }
    if let Some(digest) = record(taxonomy, label) {
        let mut reference = json!({
            "type": "data-class.v1",
            "digest": digest,
            "canonicalization": "jcs/rfc8785",
        });
        if let (Some(id), Some(reference)) = (evidence, reference.as_object_mut()) {
            reference.insert("ref".to_owned(), self::reference(id));
        }
        trust.insert(EVIDENCE.to_owned(), reference);
    }
    let mut meta = Map::new();
    meta.insert(OWN.to_owned(), own(taxonomy, label, untrusted));
    meta.insert(TRUST.to_owned(), trust.into());
    meta.insert(
        IFC.to_owned(),
        json!({
            "integrity": if untrusted { "untrusted" } else { "trusted" },
            "confidentiality": if public { "public" } else { "private" },
        }),
    );
    MetaObject(meta)
}

/// The `_meta` of labels as JSON, made once for each and kept.
#[derive(Debug, Default)]
pub struct Written {
    /// What is said beside the label.
    more: Map<String, Value>,
    known: Mutex<Vec<(Label, bool, Parts)>>,
}

/// What stands before and after the id of the audit record, if that is named.
#[derive(Debug)]
struct Parts {
    before: String,
    after: Option<String>,
}

impl Written {
    /// For a `_meta` that says `more` in any case.
    #[must_use]
    pub fn with(more: Map<String, Value>) -> Self {
        Self {
            more,
            known: Mutex::default(),
        }
    }

    /// Appends to `out` what [`meta`] says and what is said in any case; always with the same
    /// taxonomy.
    pub fn push(
        &self,
        out: &mut Vec<u8>,
        taxonomy: &Taxonomy,
        (label, untrusted): (Label, bool),
        evidence: Uuid,
    ) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(of, not, _): &(Label, bool, Parts)| (*of, *not) == (label, untrusted);
        if let Some((_, _, parts)) = known.iter().find(|known| of(known)) {
            return parts.push(out, evidence);
        }
        let parts = self.parts(taxonomy, label, untrusted);
        parts.push(out, evidence);
        if known.len() < MOST {
            known.push((label, untrusted, parts));
        }
    }

    fn parts(&self, taxonomy: &Taxonomy, label: Label, untrusted: bool) -> Parts {
        // no word of a label and nothing else here holds a NUL, so it marks the one place
        let mut meta = meta(taxonomy, label, untrusted, Some("\0"));
        meta.0.extend(self.more.clone());
        let text = Value::Object(meta.0).to_string();
        match text.split_once("\\u0000") {
            Some((before, after)) => Parts {
                before: before.to_owned(),
                after: Some(after.to_owned()),
            },
            None => Parts {
                before: text,
                after: None,
            },
        }
    }
}

impl Parts {
    fn push(&self, out: &mut Vec<u8>, evidence: Uuid) {
        out.extend_from_slice(self.before.as_bytes());
        if let Some(after) = &self.after {
            let mut id = Uuid::encode_buffer();
            out.extend_from_slice(evidence.hyphenated().encode_lower(&mut id).as_bytes());
            out.extend_from_slice(after.as_bytes());
        }
    }
}

/// The label under the suite's own key alone: for the many items of a long list, whose result
/// carries all three spellings.
#[must_use]
pub fn own(taxonomy: &Taxonomy, label: Label, untrusted: bool) -> Value {
    json!({
        "level": taxonomy.level(label),
        "categories": taxonomy.categories(label).collect::<Vec<_>>(),
        "untrusted": untrusted,
    })
}

/// The most sensitive label that a tool may give to this caller: the label alone, since every
/// list of tools is paid for in tokens.
#[must_use]
pub fn ceiling(taxonomy: &Taxonomy, label: Label) -> Value {
    let mut words = json!({"level": taxonomy.level(label)});
    let mut categories = taxonomy.categories(label).peekable();
    if let (true, Some(words)) = (categories.peek().is_some(), words.as_object_mut()) {
        words.insert("categories".to_owned(), categories.collect());
    }
    words
}

/// How long a client may keep what is labelled so, in milliseconds.
#[must_use]
pub fn ttl_ms(taxonomy: &Taxonomy, label: Label) -> u64 {
    if label == Label::PUBLIC {
        return 60_000;
    }
    let internal = taxonomy.level(label) == "internal" && label.categories == 0;
    if internal { 10_000 } else { 0 }
}

/// Whether a host should keep this from the model unless the user asks for it.
#[must_use]
pub fn is_for_people(taxonomy: &Taxonomy, label: Label) -> bool {
    ttl_ms(taxonomy, label) == 0
}

fn reference(id: &str) -> Value {
    format!("audit:{id}").into()
}

/// SHA-256 of the `data-class.v1` record in RFC 8785 form. The records are few and fixed, so
/// their digests are written down (a test computes them again).
fn record(taxonomy: &Taxonomy, label: Label) -> Option<&'static str> {
    if Taxonomy::is_personal(label) {
        return Some(PERSONAL);
    }
    match taxonomy.level(label) {
        "internal" => Some(INTERNAL),
        "confidential" => Some(CONFIDENTIAL),
        _ => None,
    }
}

const EVIDENCE: &str = "evidenceRef";
/// How many labels are remembered; a deployment has few.
const MOST: usize = 64;
const INTERNAL: &str = "sha256:cca87da6ef006beb26402c8302987c28516b92371b37ede0b5aed7e21c0432bb";
const CONFIDENTIAL: &str =
    "sha256:4c924c3be07c1d0bb6742c832823c4a51298389a1ce292bd38be50dbc9e83aaf";
const PERSONAL: &str = "sha256:a274ad71d5c1db8aec6574a0b9c3a200490ee296259d39d7c2374f09a3ccddb7";

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest;
    use sha2::Sha256;

    fn digest(record: &Value) -> String {
        use std::fmt::Write;
        // keys are sorted and the values plain, so this is the canonical form
        let mut text = "sha256:".to_owned();
        for byte in Sha256::digest(record.to_string()) {
            write!(text, "{byte:02x}").unwrap();
        }
        text
    }

    #[test]
    fn the_digests_are_those_of_the_records() {
        assert_eq!(INTERNAL, digest(&json!({"class": "internal"})));
        assert_eq!(CONFIDENTIAL, digest(&json!({"class": "confidential"})));
        let personal = json!({
            "class": "confidential",
            "labels": ["dev.keyhole/personal"],
            "regulatory": ["gdpr"],
        });
        assert_eq!(PERSONAL, digest(&personal));
    }

    #[test]
    fn nothing_but_public_is_written_as_public() {
        let levels = ["public", "internal", "confidential", "sealed"].map(str::to_owned);
        let known = Taxonomy::new(levels.to_vec(), ["health".to_owned()]).unwrap();
        for text in [
            "internal",
            "confidential",
            "personal",
            "sealed",
            "public+health",
        ] {
            let meta = meta(&known, known.parse(text).unwrap(), false, None);
            assert_eq!(meta.0[TRUST]["sensitive"], json!(true), "{text}");
            assert_eq!(meta.0[IFC]["confidentiality"], json!("private"), "{text}");
        }
        let meta = meta(&known, Label::PUBLIC, true, Some("7"));
        assert_eq!(meta.0[TRUST], json!({"untrusted": true}));
        assert_eq!(
            meta.0[IFC],
            json!({"integrity": "untrusted", "confidentiality": "public"})
        );
    }

    #[test]
    fn what_is_kept_as_text_says_what_is_said_otherwise() {
        let more = json!({"more": {"is": "said"}});
        let more = more.as_object().unwrap();
        let (known, written) = (Taxonomy::default(), Written::with(more.clone()));
        for round in [Uuid::from_u128(1), Uuid::from_u128(2)] {
            for text in [
                "public",
                "internal",
                "confidential",
                "personal",
                "public+personal",
            ] {
                for untrusted in [false, true] {
                    let label = known.parse(text).unwrap();
                    let mut wanted = meta(&known, label, untrusted, Some(&round.to_string()));
                    wanted.0.extend(more.clone());
                    let mut kept = b"before ".to_vec();
                    written.push(&mut kept, &known, (label, untrusted), round);
                    let wanted = format!("before {}", Value::Object(wanted.0));
                    assert_eq!(String::from_utf8(kept).unwrap(), wanted);
                }
            }
        }
    }

    #[test]
    fn the_evidence_names_the_audit_record() {
        let known = Taxonomy::default();
        let label = known.parse("personal").unwrap();
        let meta = meta(&known, label, true, Some("0190-7"));
        assert_eq!(meta.0[TRUST]["evidenceRef"]["ref"], json!("audit:0190-7"));
        assert_eq!(
            meta.0[OWN],
            json!({"level": "confidential", "categories": ["personal"], "untrusted": true})
        );
        assert_eq!(ttl_ms(&known, label), 0);
    }
}
