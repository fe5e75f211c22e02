//! What the fields of a good answer hold: declared, shown as a schema, and held to.
//!
//! # Invariants
//!
//! - Every answer that is let out meets the schema that is shown: what does not fit is kept back.
//! - `null` and a field that is missing always fit: fields are taken away by `fields` and by labels.
//! - A schema has at most as many places as were declared, which is bounded.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::config::Spanned;

use crate::config::Shape;
use crate::parameters::Trouble;
use crate::select::Fields;
use crate::select::Path;

/// The form of a good answer, as far as it is declared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Returns(Node);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Node {
    Leaf(Shape),
    Object(BTreeMap<String, Self>),
    List(Box<Self>),
}

/// One step of a dot path.
enum Step<'a> {
    Member(&'a str),
    Items,
}

impl Returns {
    /// What `declared` says of the fields that exist; none if that is nothing.
    pub(crate) fn declare(
        declared: &BTreeMap<Spanned<String>, Shape>,
        fields: Option<&Fields>,
    ) -> Result<Option<Self>, Trouble> {
        if let Some((at, _)) = declared.iter().nth(MOST) {
            return Err(Trouble::at(at, "expected at most 100 fields"));
        }
        let mut root = None;
        for (at, shape) in declared {
            let text = at.get_ref();
            let path = Path::parse(text);
            let path = path.map_err(|_| Trouble::at(at, "expected a dot path without braces"))?;
            let steps = steps(text);
            if let Some(fields) = fields {
                // what does not exist holds nothing
                let kept = fields.project(sample(&steps)).unwrap_or_default();
                if !path.touches(&kept) {
                    continue;
                }
            }
            let added = add(&mut root, &steps, *shape);
            added.ok_or_else(|| Trouble::at(at, "another path says something else of this"))?;
        }
        Ok(root.map(Self))
    }

    /// Whether an answer is of this form.
    #[must_use]
    pub fn fits(&self, data: &Value) -> bool {
        self.0.fits(data)
    }

    /// Its JSON Schema (2020-12).
    #[must_use]
    pub fn json(&self) -> Value {
        self.0.json()
    }
}

impl Node {
    fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) | (Self::Leaf(Shape::Any), _) => true,
            (Self::Leaf(Shape::Text), Value::String(_))
            | (Self::Leaf(Shape::Flag), Value::Bool(_))
            | (Self::Leaf(Shape::Number), Value::Number(_)) => true,
            (Self::Leaf(Shape::Integer), Value::Number(figure)) => {
                // JSON Schema takes 1.0 for a whole number
                let whole = figure.as_f64().is_some_and(|figure| figure.fract() == 0.0);
                figure.is_i64() || figure.is_u64() || whole
            }
            (Self::Object(members), Value::Object(given)) => members
                .iter()
                .all(|(name, node)| given.get(name).is_none_or(|value| node.fits(value))),
            (Self::List(node), Value::Array(items)) => items.iter().all(|item| node.fits(item)),
            (Self::Leaf(_) | Self::Object(_) | Self::List(_), _) => false,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Leaf(Shape::Any) => json!({}),
            Self::Leaf(Shape::Text) => json!({"type": ["string", "null"]}),
            Self::Leaf(Shape::Integer) => json!({"type": ["integer", "null"]}),
            Self::Leaf(Shape::Number) => json!({"type": ["number", "null"]}),
            Self::Leaf(Shape::Flag) => json!({"type": ["boolean", "null"]}),
            Self::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, node)| (name.clone(), node.json()));
                let members: Map<String, Value> = members.collect();
                json!({"type": ["object", "null"], "properties": members})
            }
            Self::List(node) => json!({"type": ["array", "null"], "items": node.json()}),
        }
    }
}

/// Adds a leaf below `node`; none if something else is there.
fn add(node: &mut Option<Node>, steps: &[Step<'_>], shape: Shape) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        return match node {
            None => {
                *node = Some(Node::Leaf(shape));
                Some(())
            }
            Some(_) => None,
        };
    };
    match step {
        Step::Items => {
            let mut inner = match node.take() {
                None => None,
                Some(Node::List(inner)) => Some(*inner),
                Some(Node::Leaf(_) | Node::Object(_)) => return None,
            };
            add(&mut inner, rest, shape)?;
            *node = inner.map(|inner| Node::List(Box::new(inner)));
        }
        Step::Member(name) => {
            let mut members = match node.take() {
                None => BTreeMap::new(),
                Some(Node::Object(members)) => members,
                Some(Node::Leaf(_) | Node::List(_)) => return None,
            };
            let mut inner = members.remove(*name);
            add(&mut inner, rest, shape)?;
            if let Some(inner) = inner {
                members.insert((*name).to_owned(), inner);
            }
            *node = Some(Node::Object(members));
        }
    }
    Some(())
}

/// The steps of a path that was parsed: names between dots, each followed by its `[*]`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut all = Vec::new();
    for part in path.split('.') {
        let name = part.split('[').next().unwrap_or_default();
        if !name.is_empty() {
            all.push(Step::Member(name));
        }
        let lists = part.matches("[*]").count();
        all.extend((0..lists).map(|_| Step::Items));
    }
    all
}

/// The smallest answer that has something at this place.
fn sample(steps: &[Step<'_>]) -> Value {
    match steps.split_first() {
        None => true.into(),
        Some((Step::Items, rest)) => Value::Array(vec![sample(rest)]),
        Some((Step::Member(name), rest)) => json!({*name: sample(rest)}),
    }
}

/// Fields of one answer.
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn declare(paths: &[(&str, Shape)], fields: &[&str]) -> Result<Option<Returns>, Trouble> {
        let own = paths
            .iter()
            .map(|(path, shape)| (Spanned::new(0..0, (*path).to_owned()), *shape));
        let fields = (!fields.is_empty()).then(|| Fields::parse(fields.iter().copied()).unwrap());
        Returns::declare(&own.collect(), fields.as_ref())
    }

    const ALL: [(&str, Shape); 4] = [
        ("id", Shape::Text),
        ("plan.price", Shape::Number),
        ("items[*].count", Shape::Integer),
        ("items[*].flags[*]", Shape::Flag),
    ];

    #[test]
    fn the_schema_says_what_is_held_to() {
        let returns = declare(&ALL, &[]).unwrap().unwrap();
        assert_eq!(
            returns.json(),
            json!({"type": ["object", "null"], "properties": {
                "id": {"type": ["string", "null"]},
                "plan": {"type": ["object", "null"], "properties": {"price": {"type": ["number", "null"]}}},
                "items": {"type": ["array", "null"], "items": {"type": ["object", "null"], "properties": {
                    "count": {"type": ["integer", "null"]},
                    "flags": {"type": ["array", "null"], "items": {"type": ["boolean", "null"]}},
                }}},
            }})
        );
        for fits in [
            json!(null),
            json!({}),
            json!({"id": "x", "more": 1}),
            json!({"id": null, "plan": {"price": 1}, "items": [{"count": 2.0, "flags": [true, null]}, null]}),
        ] {
            assert!(returns.fits(&fits), "{fits}");
        }
        for other in [
            json!([]),
            json!("x"),
            json!({"id": 1}),
            json!({"plan": "pro"}),
            json!({"items": {"count": 1}}),
            json!({"items": [{"count": 1.5}]}),
            json!({"items": [{"flags": ["x"]}]}),
        ] {
            assert!(!returns.fits(&other), "{other}");
        }
    }

    #[test]
    fn only_fields_that_exist_are_in_the_schema() {
        let returns = declare(&ALL, &["id", "items[*].{count,other}"])
            .unwrap()
            .unwrap();
        let text = returns.json().to_string();
        assert!(
            text.contains("count") && !text.contains("price") && !text.contains("flags"),
            "{text}"
        );
        assert_eq!(declare(&ALL, &["other"]).unwrap(), None);
        assert_eq!(declare(&[], &[]).unwrap(), None);
        let list = declare(&[("[*].id", Shape::Text)], &["[*].id"])
            .unwrap()
            .unwrap();
        assert!(list.fits(&json!([{"id": "x"}])) && !list.fits(&json!({"id": "x"})));
    }

    #[test]
    fn what_contradicts_itself_or_is_unbounded_is_refused() {
        for paths in [
            &[("a", Shape::Any), ("a.b", Shape::Text)][..],
            &[("a[*]", Shape::Text), ("a.b", Shape::Text)],
            &[("a.{b,c}", Shape::Text)],
            &[("a b", Shape::Text)],
        ] {
            assert!(declare(paths, &[]).is_err(), "{paths:?}");
        }
        let many: Vec<String> = (0..101).map(|number| format!("f{number}")).collect();
        let many: Vec<_> = many
            .iter()
            .map(|name| (name.as_str(), Shape::Any))
            .collect();
        assert!(declare(&many, &[]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_taken_away_never_makes_an_answer_unfit(
            keep in prop::collection::vec("(id|plan|plan\\.price|items\\[\\*\\]\\.(count|flags))", 1..4),
            count in any::<i64>(), price in any::<f64>(), text in any::<String>(),
        ) {
            let returns = declare(&ALL, &[]).unwrap().unwrap();
            let data = json!({"id": text, "plan": {"price": price}, "items": [{"count": count, "flags": [true]}]});
            prop_assert!(returns.fits(&data));
            let fields = Fields::parse(keep.iter().map(String::as_str)).unwrap();
            prop_assert!(returns.fits(&fields.project(data).unwrap_or_default()));
        }
    }
}
