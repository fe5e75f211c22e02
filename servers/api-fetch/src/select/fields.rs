//! Dot paths such as `plan.name` and `items[*].{id,name}`: read, applied, and asked for labels.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

/// A set of fields: what several dot paths name together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    /// Whether everything from here on is named.
    whole: bool,
    members: BTreeMap<String, Self>,
    items: Option<Box<Self>>,
}

/// One dot path without braces: for what is labelled, and for where pages go on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Member(String),
    Items,
}

/// Why a text is no dot path. Static: nothing of the text is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected dot paths such as `id`, `plan.name` or `items[*].{{id,name}}`")]
pub struct NotAPath;

impl Fields {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self {
            whole: true,
            ..Self::default()
        }
    }

    /// What `paths` name together.
    ///
    /// # Errors
    ///
    /// [`NotAPath`] for the first that is none.
    pub fn parse<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAPath> {
        let mut fields = Self::default();
        for path in paths {
            if path.len() > LONGEST {
                return Err(NotAPath);
            }
            let rest = fields.add(path, 0)?;
            if !rest.is_empty() {
                return Err(NotAPath);
            }
        }
        Ok(fields)
    }

    /// Adds the path that `text` begins with, and gives what follows it: `,` or `}` and more, or
    /// nothing.
    fn add<'a>(&mut self, text: &'a str, depth: usize) -> Result<&'a str, NotAPath> {
        if depth > DEEPEST {
            return Err(NotAPath);
        }
        if let Some(mut rest) = text.strip_prefix('{') {
            loop {
                rest = self.add(rest, depth + 1)?;
                if let Some(after) = rest.strip_prefix('}') {
                    return Ok(after);
                }
                rest = rest.strip_prefix(',').ok_or(NotAPath)?;
            }
        }
        if let Some(rest) = text.strip_prefix("[*]") {
            return self.items.get_or_insert_default().go_on(rest, depth);
        }
        let end = text.find(['.', '[', '{', '}', ',']).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end).ok_or(NotAPath)?;
        if name.is_empty() || name.contains(|c: char| c.is_control() || c == ']' || c == ' ') {
            return Err(NotAPath);
        }
        let member = self.members.entry(name.to_owned()).or_default();
        member.go_on(rest, depth)
    }

    /// After a step comes `.` and a path, `[*]` and perhaps more, or the end of this path.
    fn go_on<'a>(&mut self, rest: &'a str, depth: usize) -> Result<&'a str, NotAPath> {
        if let Some(path) = rest.strip_prefix('.') {
            if path.starts_with('[') {
                return Err(NotAPath);
            }
            return self.add(path, depth + 1);
        }
        if rest.starts_with('[') {
            return self.add(rest, depth + 1);
        }
        self.whole = true;
        Ok(rest)
    }

    /// What of `value` is named; none if nothing is.
    #[must_use]
    pub fn project(&self, value: Value) -> Option<Value> {
        if self.whole {
            return Some(value);
        }
        match value {
            Value::Object(members) => {
                let mut kept = Map::new();
                for (name, value) in members {
                    let field = self.members.get(&name);
                    if let Some(value) = field.and_then(|field| field.project(value)) {
                        kept.insert(name, value);
                    }
                }
                (!self.members.is_empty()).then_some(Value::Object(kept))
            }
            Value::Array(values) => {
                let each = self.items.as_ref()?;
                let kept = values.into_iter().filter_map(|value| each.project(value));
                Some(Value::Array(kept.collect()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
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
        let mut fields = &Fields::parse([text])?;
        let mut steps = Vec::new();
        // one path makes a tree without branches
        loop {
            if let Some(items) = &fields.items {
                steps.push(Step::Items);
                fields = items;
            } else if let Some((name, member)) = fields.members.first_key_value() {
                steps.push(Step::Member(name.clone()));
                fields = member;
            } else {
                return Ok(Self(steps));
            }
        }
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

/// Bytes of one path.
const LONGEST: usize = 512;
/// Steps and braces of one path.
const DEEPEST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn project(paths: &[&str], value: Value) -> Option<Value> {
        Fields::parse(paths.iter().copied()).unwrap().project(value)
    }

    #[test]
    fn only_what_is_named_is_left() {
        let value = json!({
            "id": 1, "name": "Ada", "ssn": "x",
            "plan": {"name": "pro", "price": 9},
            "items": [{"id": 1, "name": "a", "cost": 2}, {"id": 2}, "odd"],
        });
        assert_eq!(
            project(
                &["id", "plan.name", "items[*].{id,name}", "none.of"],
                value.clone()
            ),
            Some(json!({
                "id": 1, "plan": {"name": "pro"},
                "items": [{"id": 1, "name": "a"}, {"id": 2}],
            }))
        );
        assert_eq!(
            project(&["items.id"], value.clone()),
            Some(json!({})),
            "a list is no object"
        );
        assert_eq!(
            project(&["items[*]", "items[*].id"], value.clone()).unwrap()["items"][2],
            "odd"
        );
        assert_eq!(
            project(&["{id,plan.{name}}"], value),
            Some(json!({"id": 1, "plan": {"name": "pro"}}))
        );
        assert_eq!(
            project(&["[*].id"], json!([{"id": 1, "x": 2}, 3])),
            Some(json!([{"id": 1}]))
        );
        assert_eq!(project(&["id"], json!("a text")), None);
        assert_eq!(
            project(&["a[*][*]"], json!({"a": [[1], [2]]})),
            Some(json!({"a": [[1], [2]]}))
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[0]",
            "a[",
            "a[*",
            "a.[*]",
            "a{b}",
            "{a",
            "a}",
            "a,b",
            "{}",
            "{a,}",
            "a b",
            "a]",
            "[*]b",
            &"a.".repeat(300),
            &"{".repeat(100),
        ] {
            assert!(Fields::parse([bad]).is_err(), "{bad:?}");
        }
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

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(1)), Just(json!("x")), Just(json!(null))];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let members = prop::collection::btree_map("[abcAB]", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
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

        #[test]
        fn no_text_makes_the_reader_fail(text in "[a{}\\[\\]*.,]{0,24}") {
            let read = Fields::parse([text.as_str()]);
            if let Ok(fields) = read {
                prop_assert!(fields != Fields::default());
            }
        }

        #[test]
        fn a_projection_only_takes_away(value in value(), paths in prop::collection::vec("[abc](\\.[abc]){0,2}", 1..3)) {
            let fields = Fields::parse(paths.iter().map(String::as_str)).unwrap();
            if let Some(kept) = fields.project(value.clone()) {
                prop_assert_eq!(fields.project(kept.clone()), Some(kept.clone()));
                prop_assert!(kept.to_string().len() <= value.to_string().len());
            }
        }
    }
}
