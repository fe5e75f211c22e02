//! One dot path, such as `plan.name` or `items[*].id`: followed, asked for labels, and taken out.

use serde_json::Value;

use super::fields::Fields;
use super::fields::NotAPath;

/// One dot path without braces: for what is labelled, and for where pages go on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// `.NAME`.
    Member(String),
    /// `[*]`.
    Items,
}

impl Path {
    /// Reads one dot path without braces.
    ///
    /// # Errors
    ///
    /// [`NotAPath`] for what is none.
    pub fn parse(text: &str) -> Result<Self, NotAPath> {
        if text.contains(['{', '}', ',']) {
            return Err(NotAPath);
        }
        Ok(Self(Fields::parse([text])?.steps()))
    }

    /// The value at exactly this place.
    #[must_use]
    pub fn find<'a>(&self, mut value: &'a Value) -> Option<&'a Value> {
        for step in &self.0 {
            value = match step {
                Step::Member(name) => value.get(name)?,
                Step::Items => return None,
            };
        }
        Some(value)
    }

    /// The same, to be changed.
    pub fn find_mut<'a>(&self, mut value: &'a mut Value) -> Option<&'a mut Value> {
        for step in &self.0 {
            value = match step {
                Step::Member(name) => value.get_mut(name)?,
                Step::Items => return None,
            };
        }
        Some(value)
    }

    /// Whether the path names anything of `value`, read as widely as it can be meant: a list is
    /// looked through whether or not the path says so, `[*]` also means the members of an object,
    /// and the case of letters does not count. An upstream that changes the form of its answer
    /// does not lose the label that way.
    #[must_use]
    pub fn touches(&self, value: &Value) -> bool {
        touches(&self.0, value)
    }

    /// Removes what [`Path::touches`] finds. True if there was any.
    pub fn remove(&self, value: &mut Value) -> bool {
        remove(&self.0, value)
    }
}

fn touches(steps: &[Step], value: &Value) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return true;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => members
            .iter()
            .any(|(own, value)| same(own, name) && touches(rest, value)),
        (Step::Member(_), Value::Array(values)) => values.iter().any(|one| touches(steps, one)),
        (Step::Items, Value::Array(values)) => values.iter().any(|one| touches(rest, one)),
        (Step::Items, Value::Object(members)) if rest.is_empty() => !members.is_empty(),
        (Step::Items, Value::Null) => false,
        (Step::Items, Value::Object(members)) => {
            touches(rest, value) || members.values().any(|one| touches(rest, one))
        }
        (Step::Items, one) => touches(rest, one),
        (Step::Member(_), _) => false,
    }
}

fn remove(steps: &[Step], value: &mut Value) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        *value = Value::Null;
        return true;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            let mut any = false;
            if rest.is_empty() {
                members.retain(|own, _| {
                    any |= same(own, name);
                    !same(own, name)
                });
            } else {
                for (own, value) in members {
                    any |= same(own, name) && remove(rest, value);
                }
            }
            any
        }
        (Step::Member(_), Value::Array(values)) => all(values.iter_mut(), steps),
        (Step::Items, Value::Array(values)) if rest.is_empty() => {
            let any = !values.is_empty();
            values.clear();
            any
        }
        (Step::Items, Value::Array(values)) => all(values.iter_mut(), rest),
        (Step::Items, Value::Object(members)) if rest.is_empty() => {
            let any = !members.is_empty();
            members.clear();
            any
        }
        (Step::Items, Value::Object(members)) => {
            let inside = all(members.values_mut(), rest);
            let mut own = Value::Object(std::mem::take(members));
            let here = remove(rest, &mut own);
            if let Value::Object(own) = own {
                *members = own;
            }
            inside || here
        }
        (Step::Items, Value::Null) => false,
        (Step::Items, one) => remove(rest, one),
        (Step::Member(_), _) => false,
    }
}

fn all<'a>(values: impl Iterator<Item = &'a mut Value>, steps: &[Step]) -> bool {
    // each of them, not only up to the first
    let removed = values.filter_map(|value| remove(steps, value).then_some(()));
    removed.count() > 0
}

fn same(own: &str, name: &str) -> bool {
    own.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::fields::tests::value;
    use super::*;

    #[test]
    fn braces_name_more_than_one_place() {
        assert!(Path::parse("a.{b,c}").is_err());
    }

    #[test]
    fn a4_a_label_holds_however_the_upstream_forms_its_answer() {
        let path = Path::parse("items[*].ssn").unwrap();
        for value in [
            json!({"items": [{"ssn": 1}]}),
            json!({"items": {"ssn": 1}}),
            json!({"items": {"7": {"ssn": 1}}}),
            json!({"Items": [{"SSN": 1}]}),
            json!([{"items": [[{"ssn": 1}]]}]),
        ] {
            assert!(path.touches(&value), "{value}");
            let mut kept = value.clone();
            assert!(path.remove(&mut kept));
            assert!(!path.touches(&kept), "{kept}");
            assert!(!kept.to_string().to_lowercase().contains("ssn"), "{kept}");
        }
        assert!(!path.touches(&json!({"items": [{"id": 1}], "ssn": 1})));
    }

    proptest! {
        #[test]
        fn what_was_removed_is_not_there(value in value(), path in "[abc](\\[\\*\\])?(\\.[abc])?(\\[\\*\\])?") {
            let path = Path::parse(&path).unwrap();
            let mut kept = value.clone();
            let removed = path.remove(&mut kept);
            prop_assert!(!path.touches(&kept), "{value} {kept}");
            prop_assert_eq!(removed, path.touches(&value));
        }
    }
}
