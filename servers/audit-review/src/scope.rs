//! Decides who may see which record. Pure: nothing is read here.
//!
//! # Invariants
//!
//! - The label of a record lies nowhere below that of what it tells of (property test).
//! - A record that names something and does not say how sensitive that is, as a refusal does, is
//!   at the top: whether what is not yours is there at all cannot be learned from the trail.
//! - A record whose label has a word that the taxonomy does not know is released to nobody.

use guard::audit::Event;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;

/// What is decided about the records of one trail.
#[derive(Clone, Debug)]
pub struct Scope {
    known: Taxonomy,
    least: Label,
}

impl Scope {
    /// Records are at least `least`, in the words of `known`.
    #[must_use]
    pub const fn new(known: Taxonomy, least: Label) -> Self {
        Self { known, least }
    }

    /// The words of labels.
    #[must_use]
    pub const fn taxonomy(&self) -> &Taxonomy {
        &self.known
    }

    /// The label of every answer, before a record is in it.
    #[must_use]
    pub const fn least(&self) -> Label {
        self.least
    }

    /// The label of `event`: that of the trail, joined with that of what was accessed. `None` if
    /// it has a word that is not known here.
    #[must_use]
    pub fn label_of(&self, event: &Event<'_>) -> Option<Label> {
        let Some(level) = event.text("label.level") else {
            let unlabelled =
                event.field("label.level").is_none() && event.field("label.categories").is_none();
            let label = if names_something(event) {
                self.top()
            } else {
                self.least
            };
            return unlabelled.then_some(label);
        };
        let mut text = level.to_owned();
        for category in event.texts("label.categories") {
            text.push('+');
            text.push_str(category);
        }
        let own = self.known.parse(&text).ok()?;
        Some(self.least.join(own))
    }

    /// The label of `event` if a caller so cleared may see it. To all others it is not there.
    #[must_use]
    pub fn permit_see(&self, event: &Event<'_>, clearance: Clearance) -> Option<Label> {
        self.label_of(event)
            .filter(|label| label.flows_to(clearance))
    }

    /// Whether a caller so cleared may see every record, and so may know how many there are.
    #[must_use]
    pub fn permits_all(&self, clearance: Clearance) -> bool {
        self.top().flows_to(clearance)
    }

    /// Above all that there is.
    fn top(&self) -> Label {
        let top = self.known.everything().ceilings().next();
        top.unwrap_or_default().join(self.least)
    }
}

/// Whether a record tells what was asked for, or that it was looked for. An absent thing and a
/// forbidden one must be told alike, so both are.
fn names_something(event: &Event<'_>) -> bool {
    let sought = |key| event.text(key).is_some_and(|code| SOUGHT.contains(&code));
    sought("decision.rule")
        || sought("error.type")
        || event
            .fields()
            .any(|(key, _)| NAMING.iter().any(|prefix| key.starts_with(prefix)))
}

/// The codes of refusals for something in particular.
const SOUGHT: [&str; 3] = ["not_found", "not_cleared", "out_of_scope"];
/// How the keys begin in which a server says what was touched.
const NAMING: [&str; 5] = ["mcp.resource.", "db.", "api.", "http.", "fs."];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(least: &str) -> Scope {
        let known = Taxonomy::default();
        let least = known.parse(least).unwrap();
        Scope::new(known, least)
    }

    #[test]
    fn a4_a_record_is_labelled_with_the_trail_and_with_what_was_accessed() {
        let scope = scope("internal");
        let known = Taxonomy::default();
        let everything = known.everything();
        let internal = Clearance::up_to(known.parse("internal").unwrap());
        for (line, label, seen) in [
            (r#"{"t":"event"}"#, Some("internal"), true),
            (r#"{"label.level":"public"}"#, Some("internal"), true),
            (
                r#"{"label.level":"confidential"}"#,
                Some("confidential"),
                false,
            ),
            (
                r#"{"label.level":"public","label.categories":["personal"]}"#,
                Some("internal+personal"),
                false,
            ),
            (r#"{"label.level":"secret"}"#, None, false),
            (
                r#"{"label.level":"public+personal"}"#,
                Some("internal+personal"),
                false,
            ),
            (r#"{"label.categories":["personal"]}"#, None, false),
            (
                r#"{"label.level":"public","label.categories":["x"]}"#,
                None,
                false,
            ),
        ] {
            let event = Event::parse(line.as_bytes()).unwrap();
            let expected = label.map(|label| known.parse(label).unwrap());
            assert_eq!(scope.label_of(&event), expected, "{line}");
            assert_eq!(scope.permit_see(&event, internal).is_some(), seen, "{line}");
            assert_eq!(scope.permit_see(&event, everything), expected, "{line}");
        }
    }

    #[test]
    fn a3_a_record_of_what_is_forbidden_shows_to_whom_one_of_what_is_absent_does() {
        let scope = scope("internal");
        let known = Taxonomy::default();
        let seen = |line: &str, clearance: &str| {
            let clearance = Clearance::up_to(known.parse(clearance).unwrap());
            let event = Event::parse(line.as_bytes()).unwrap();
            scope.permit_see(&event, clearance).is_some()
        };
        for line in [
            r#"{"outcome":"denied","decision.rule":"not_cleared","mcp.resource.uri":"fs://hr/pay"}"#,
            r#"{"outcome":"denied","decision.rule":"not_found","mcp.resource.uri":"fs://hr/no"}"#,
            r#"{"outcome":"denied","decision.rule":"out_of_scope"}"#,
            r#"{"outcome":"denied","error.type":"not_found"}"#,
            r#"{"outcome":"error","error.type":"failed","db.tables":"hr.pay"}"#,
            r#"{"outcome":"cancelled","api.request":"GET /pay"}"#,
        ] {
            assert!(
                !seen(line, "internal") && !seen(line, "confidential"),
                "{line}"
            );
            assert!(seen(line, "confidential+personal"), "{line}");
        }
        let nothing = r#"{"outcome":"denied","error.type":"malformed"}"#;
        assert!(seen(nothing, "internal"));
    }

    proptest! {
        #[test]
        fn a4_no_record_is_below_what_it_tells_of(
            least in 0_usize..3, level in 0_usize..3, personal: bool,
        ) {
            let words = ["public", "internal", "confidential"];
            let scope = scope(words[least]);
            let more = if personal { r#","label.categories":["personal"]"# } else { "" };
            let line = format!(r#"{{"label.level":"{}"{more}}}"#, words[level]);
            let label = scope.label_of(&Event::parse(line.as_bytes()).unwrap()).unwrap();
            let mut own = words[level].to_owned();
            if personal {
                own.push_str("+personal");
            }
            prop_assert!(scope.taxonomy().parse(&own).unwrap().is_below(label));
            prop_assert!(scope.least().is_below(label));
        }
    }
}
