//! From what an upstream sent to what the model sees of it.
//!
//! # Invariants
//!
//! - Only fields that the operator named are left, and of these only what the caller may see; the
//!   label is the join of all that is left.
//! - What cannot be told apart (a text, where fields are labelled) has the label of all of it.
//! - A list is cut between two items, with the count and the way to go on; nothing else is cut but
//!   plain text, and that says so.

mod body;
mod cut;
#[cfg(feature = "html")]
mod html;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use guard::call::Caller;
use guard::error::Denial;
use guard::label::Label;

use crate::endpoint::Endpoint;
use crate::endpoint::Onward;
use crate::permit::Reply;
use crate::select::Fields;
use body::Body;

/// Where a page begins: what a cursor holds.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Position {
    /// How the upstream is asked for it.
    pub(crate) onward: Option<Onward>,
    /// How many items of that the model has already.
    pub(crate) skip: usize,
}

/// What a caller wants of an answer.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) from: Position,
    /// The fields that they named.
    pub(crate) fields: Option<Fields>,
}

/// What the model sees.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) value: Map<String, Value>,
    pub(crate) label: Label,
    pub(crate) items: u64,
    pub(crate) truncated: bool,
    pub(crate) next: Option<Position>,
}

/// What `caller` is shown of `reply`. `base` is the origin and the path of the upstream's base,
/// `path` what was asked below it.
///
/// # Errors
///
/// [`Denial::TooLarge`] for what nests too deep, weighs too much, or cannot be cut.
pub(crate) fn shown(
    endpoint: &Endpoint,
    caller: &Caller,
    reply: &Reply,
    wanted: &Wanted,
    base: (&str, &str),
    path: &str,
) -> Result<Shown, Denial> {
    let good = (200..300).contains(&reply.status);
    let mut shown = Shown {
        value: Map::new(),
        label: endpoint.label,
        items: 0,
        truncated: false,
        next: None,
    };
    shown.say("status", reply.status);
    if let Some(seconds) = reply.retry_after {
        shown.say("retry_after", seconds);
    }
    match Body::read(reply, endpoint.depth)? {
        Body::Nothing => shown.say("data", Value::Null),
        Body::Json(body) if good => {
            if let Some(pagination) = &endpoint.pagination {
                let from = wanted.from.onward.as_ref();
                let onward = pagination.next(reply, &body, from, base, path);
                shown.next = onward.map(|onward| Position {
                    onward: Some(onward),
                    skip: 0,
                });
            }
            let data = match &endpoint.fields {
                Some(fields) => fields.project(body).unwrap_or_default(),
                None => body,
            };
            shown.data(endpoint, caller, data, wanted)?;
        }
        Body::Json(body) => {
            let data = match endpoint.fields {
                Some(_) => body::problem(&body),
                None => body,
            };
            shown.trouble(endpoint, caller, data);
        }
        Body::Text(_) if endpoint.fields.is_some() || wanted.fields.is_some() => {
            shown.omit("not JSON, so there are no fields to choose from", reply);
        }
        Body::Text(text) => {
            let most = if good { endpoint.answer_bytes } else { TROUBLE };
            // which part of it a rule would name cannot be told
            shown.label = endpoint.highest();
            shown.items = 1;
            shown.text(&text, most);
        }
        Body::Other(why) => shown.omit(why, reply),
    }
    if shown.truncated {
        shown.say("truncated", true);
    }
    Ok(shown)
}

impl Shown {
    fn say(&mut self, name: &str, value: impl Into<Value>) {
        self.value.insert(name.to_owned(), value.into());
    }

    /// Says that there is a body, and why it is not shown.
    fn omit(&mut self, why: &str, reply: &Reply) {
        self.say("data", Value::Null);
        let kind = body::plain_type(&reply.media_type);
        self.say(
            "omitted",
            format!("{} bytes of {kind}: {why}", reply.body.len()),
        );
    }

    /// A good answer: what the caller may see and wants of it, cut to size.
    fn data(
        &mut self,
        endpoint: &Endpoint,
        caller: &Caller,
        mut data: Value,
        wanted: &Wanted,
    ) -> Result<(), Denial> {
        let running = veil(endpoint, caller, &mut data);
        if let Some(fields) = &wanted.fields {
            data = fields.project(data).unwrap_or_default();
        }
        let list = cut::list(endpoint.pagination.as_ref(), &data);
        let skip = wanted.from.skip;
        let outcome = cut::fit(&mut data, list.as_ref(), skip, endpoint.answer_bytes);
        match outcome {
            Ok(fit) => {
                self.items = fit.items;
                if let Some(total) = fit.total {
                    self.truncated = true;
                    self.say("total", total);
                    self.next = endpoint.has_pages().then(|| Position {
                        onward: wanted.from.onward.clone(),
                        skip: skip + usize::try_from(fit.items).unwrap_or(0),
                    });
                }
            }
            // what was changed is changed, whatever is said about it
            Err(_) if endpoint.writes() => {
                self.say("omitted", "too large; ask for fewer fields");
                data = Value::Null;
            }
            Err(denial) => return Err(denial),
        }
        // only what is left counts
        self.label = labels(endpoint, &data).fold(endpoint.label, Label::join);
        debug_assert!(self.label.is_below(running));
        self.say("data", data);
        Ok(())
    }

    /// A bad answer, bounded: the upstream's own words about what went wrong.
    fn trouble(&mut self, endpoint: &Endpoint, caller: &Caller, mut data: Value) {
        veil(endpoint, caller, &mut data);
        self.label = labels(endpoint, &data).fold(endpoint.label, Label::join);
        let text = data.to_string();
        if text.len() > TROUBLE {
            self.say("data", Value::Null);
            self.say(
                "omitted",
                format!("{} bytes: too large for an error", text.len()),
            );
        } else {
            self.items = 1;
            self.say("data", data);
        }
    }

    fn text(&mut self, text: &str, most: usize) {
        let mut end = text.len().min(most);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let kept = text.get(..end).unwrap_or_default();
        if kept.len() < text.len() {
            self.truncated = true;
            self.say("total", text.len());
        }
        self.say("data", kept);
    }
}

/// Removes what the caller may not see, and gives the label of all that may be left.
///
/// Rules are taken in turn: a caller who is cleared for either of two labels and not for their
/// join keeps the first.
fn veil(endpoint: &Endpoint, caller: &Caller, data: &mut Value) -> Label {
    let mut running = endpoint.label;
    for (path, label) in &endpoint.field_labels {
        if !path.touches(data) {
            continue;
        }
        let joined = running.join(*label);
        if caller.may_see(joined) {
            running = joined;
        } else {
            path.remove(data);
        }
    }
    running
}

/// The labels of the rules that name something of `data`.
fn labels<'a>(endpoint: &'a Endpoint, data: &'a Value) -> impl Iterator<Item = Label> + 'a {
    let rules = endpoint.field_labels.iter();
    let named = rules.filter(|(path, _)| path.touches(data));
    named.map(|(_, label)| *label)
}

/// Bytes of what an upstream says about trouble.
const TROUBLE: usize = 4 << 10;

#[cfg(test)]
mod tests;
