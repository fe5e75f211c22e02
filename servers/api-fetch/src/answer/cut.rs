//! Cuts the list of an answer to size, between two items.

use serde_json::Value;

use guard::error::Denial;

use crate::endpoint::Pagination;
use crate::select::Path;

/// What was kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fit {
    /// Items that are shown.
    pub(super) items: u64,
    /// How many there are, where not all are shown.
    pub(super) total: Option<usize>,
}

/// Where the list of an answer is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum List {
    /// The answer is one.
    Whole,
    /// The pagination names it.
    Named(Path),
    /// It is this member.
    Member(String),
}

/// The list of `data`: all of it, the one that the pagination names, or the largest member.
pub(super) fn list(pagination: Option<&Pagination>, data: &Value) -> Option<List> {
    let named = match pagination {
        Some(Pagination::Page { items, .. } | Pagination::Offset { items, .. }) => items.clone(),
        _ => None,
    };
    match (named, data) {
        (Some(path), _) if path.find(data).is_some_and(Value::is_array) => Some(List::Named(path)),
        (_, Value::Array(_)) => Some(List::Whole),
        (_, Value::Object(members)) => {
            let lists = members.iter().filter(|(_, value)| value.is_array());
            let largest = lists.max_by_key(|(_, list)| size(list));
            largest.map(|(name, _)| List::Member(name.clone()))
        }
        _ => None,
    }
}

/// Leaves out the first `skip` items of the list and as many of the last as it takes to keep
/// `data` below `most` bytes.
///
/// # Errors
///
/// [`Denial::TooLarge`] if even one item is too much, or there is no list.
pub(super) fn fit(
    data: &mut Value,
    list: Option<&List>,
    skip: usize,
    most: usize,
) -> Result<Fit, Denial> {
    let whole = size(data);
    let Some(items) = list.and_then(|list| list.of(data)) else {
        let one = u64::from(!data.is_null());
        return if whole <= most {
            Ok(Fit {
                items: one,
                total: None,
            })
        } else {
            Err(Denial::TooLarge("the answer; ask for fewer fields"))
        };
    };
    let total = items.len();
    let beside = whole.saturating_sub(items.iter().map(|item| size(item) + 1).sum());
    items.drain(..skip.min(total));
    let mut room = most.saturating_sub(beside);
    let fits = items.iter().take_while(|item| {
        let left = room.checked_sub(size(item) + 1);
        room = left.unwrap_or(room);
        left.is_some()
    });
    let kept = fits.count();
    if kept == 0 && !items.is_empty() {
        return Err(Denial::TooLarge(
            "one item of the answer; ask for fewer fields",
        ));
    }
    let all = kept == items.len();
    items.truncate(kept);
    Ok(Fit {
        items: kept as u64,
        total: (!all).then_some(total),
    })
}

impl List {
    fn of<'a>(&self, data: &'a mut Value) -> Option<&'a mut Vec<Value>> {
        let value = match self {
            Self::Whole => Some(data),
            Self::Named(path) => path.find_mut(data),
            Self::Member(name) => data.get_mut(name),
        };
        value.and_then(Value::as_array_mut)
    }
}

/// Bytes of `value` as compact JSON.
fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // counting cannot fail
    drop(serde_json::to_writer(&mut count, value));
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn o6_pages_of_a_list_join_to_the_whole_of_it() {
        let all: Vec<Value> = (0..50)
            .map(|n| json!({"id": n, "pad": "x".repeat(n)}))
            .collect();
        let body = json!({"items": all, "note": "n", "few": [1]});
        let (mut seen, mut skip) = (Vec::new(), 0);
        loop {
            let mut data = body.clone();
            let list = list(None, &data);
            assert_eq!(list, Some(List::Member("items".to_owned())));
            let fit = fit(&mut data, list.as_ref(), skip, 400).unwrap();
            assert!(size(&data) <= 400);
            assert_eq!(data["note"], "n");
            seen.extend(data["items"].as_array().unwrap().clone());
            skip += usize::try_from(fit.items).unwrap();
            if fit.total.is_none() {
                break;
            }
            assert_eq!(fit.total, Some(50));
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn what_has_no_list_is_whole_or_refused() {
        let mut data = json!({"a": "x".repeat(100)});
        assert!(fit(&mut data, None, 0, 200).is_ok());
        assert!(fit(&mut data, None, 0, 50).is_err());
        let mut data = json!(["x".repeat(100)]);
        assert!(fit(&mut data, Some(&List::Whole), 0, 50).is_err());
        assert!(fit(&mut json!([]), Some(&List::Whole), 0, 50).is_ok());
        assert!(fit(&mut json!([1]), Some(&List::Whole), 7, 50).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_below_the_limit(sizes in prop::collection::vec(0_usize..60, 0..30), skip in 0_usize..40, most in 0_usize..600) {
            let mut data: Value = sizes.iter().map(|n| Value::from("x".repeat(*n))).collect();
            if let Ok(fit) = fit(&mut data, Some(&List::Whole), skip, most) {
                prop_assert!(data == json!([]) || size(&data) <= most);
                prop_assert_eq!(data.as_array().unwrap().len() as u64, fit.items);
            }
        }
    }
}
