//! Sets of dot paths such as `plan.name` and `items[*].{id,name}`: read, and applied.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use super::path::Step;

/// A set of fields: what several dot paths name together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields {
    /// Whether everything from here on is named.
    whole: bool,
    members: BTreeMap<String, Self>,
    items: Option<Box<Self>>,
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

    /// The steps to the one place that is named, where one path without braces was read.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut fields = self;
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
                return steps;
            }
        }
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

/// Bytes of one path.
const LONGEST: usize = 512;
/// Steps and braces of one path.
const DEEPEST: usize = 24;

#[cfg(test)]
pub(super) mod tests {
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
    }

    pub(in crate::select) fn value() -> impl Strategy<Value = Value> {
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
