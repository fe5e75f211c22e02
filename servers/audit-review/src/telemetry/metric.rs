//! Counts requests, cumulatively: how long they took, and how much they gave.
//!
//! # Invariants
//!
//! - There are at most [`MOST_SERIES`] series of each metric; what would be one more is counted in one
//!   that says so (`otel.metric.overflow`).
//! - Counting is all that changes a number: the same counts are the same body, however often it is sent.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;

use super::otlp;
use super::request::Request;

/// All that was counted since `since`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Meters {
    /// Nanoseconds since 1970: when counting began.
    since: u64,
    /// Who counts: two who read two trails are not one series.
    instance: String,
    #[serde(with = "pairs")]
    durations: BTreeMap<Asked, Histogram>,
    #[serde(with = "pairs")]
    given: BTreeMap<Given, Amount>,
    breaks: u64,
}

/// What the series of durations differ by; none of it where there were too many.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    service: String,
    method: String,
    tool: Option<String>,
    version: Option<String>,
    transport: Option<String>,
    outcome: String,
    failure: Option<String>,
    code: Option<String>,
}

/// What the series of amounts differ by; none of it where there were too many.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
struct Given {
    service: String,
    method: String,
    tool: Option<String>,
    level: Option<String>,
}

/// How many took how long.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Histogram {
    microseconds: u64,
    buckets: [u64; BOUNDS.len() + 1],
}

/// How much was given.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    items: u64,
    bytes: u64,
}

impl Meters {
    /// Nothing counted yet; `instance` tells this trail from others.
    #[must_use]
    pub fn new(since: DateTime<Utc>, instance: String) -> Self {
        Self {
            since: otlp::nanoseconds(since),
            instance,
            durations: BTreeMap::new(),
            given: BTreeMap::new(),
            breaks: 0,
        }
    }

    /// Counts `event`, if it is the outcome of a request.
    pub fn count(&mut self, event: &Event<'_>) {
        let Some(request) = Request::of(event) else {
            return;
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        if let Some(took) = request.took {
            let asked = Asked {
                service: request.service.to_owned(),
                method: request.method.to_owned(),
                tool: own(request.tool),
                version: own(request.version),
                transport: own(request.transport),
                outcome: request.outcome.to_owned(),
                failure: own(request.failure()),
                code: own(request.code),
            };
            series(&mut self.durations, asked).add(took);
        }
        let (items, bytes) = (event.number("result.items"), event.number("result.bytes"));
        if items
            .or(bytes)
            .is_some_and(|_| request.outcome == "allowed")
        {
            let given = Given {
                service: request.service.to_owned(),
                method: request.method.to_owned(),
                tool: own(request.tool),
                level: own(request.level),
            };
            let amount = series(&mut self.given, given);
            amount.items = amount.items.saturating_add(items.unwrap_or_default());
            amount.bytes = amount.bytes.saturating_add(bytes.unwrap_or_default());
        }
    }

    /// Counts a place where the trail is not what was written, or not there any more.
    pub const fn broken(&mut self) {
        self.breaks = self.breaks.saturating_add(1);
    }

    /// The body of a request to `/v1/metrics`: what was counted until `now`.
    #[must_use]
    pub fn body(&self, now: DateTime<Utc>) -> Value {
        let times = [self.since, otlp::nanoseconds(now)].map(|at| at.to_string());
        let [since, until] = &times;
        let mut services: BTreeMap<&str, [Vec<Value>; 3]> = BTreeMap::new();
        for (asked, histogram) in &self.durations {
            let point = histogram.point(&asked.attributes(), since, until);
            let [durations, _, _] = services.entry(asked.service()).or_default();
            durations.push(point);
        }
        for (given, amount) in &self.given {
            let attributes = given.attributes();
            let [_, items, bytes] = services.entry(given.service()).or_default();
            items.push(sum(&attributes, since, until, amount.items));
            bytes.push(sum(&attributes, since, until, amount.bytes));
        }
        let mut all: Vec<Value> = Vec::new();
        for (service, [durations, items, bytes]) in services {
            let mut metrics = vec![histogram(&durations)];
            if !items.is_empty() {
                let about = "What requests were given: rows, files, matches.";
                metrics.push(counter("keyhole.result.items", "{item}", about, &items));
                let about = "How large what requests were given is.";
                metrics.push(counter("keyhole.result.size", "By", about, &bytes));
            }
            all.push(self.of(service, &metrics));
        }
        let point = sum(&[], since, until, self.breaks);
        let about = "Places where the trail is not what was written, or is gone.";
        let breaks = counter("keyhole.trail.breaks", "{place}", about, &[point]);
        all.push(self.of("audit-review", &[breaks]));
        json!({"resourceMetrics": all})
    }

    fn of(&self, service: &str, metrics: &[Value]) -> Value {
        let attributes = [
            otlp::text("service.name", service),
            otlp::text("service.namespace", "keyhole"),
            otlp::text("service.instance.id", &self.instance),
        ];
        json!({
            "resource": {"attributes": attributes},
            "scopeMetrics": [{"scope": otlp::scope(), "metrics": metrics}],
        })
    }
}

impl Asked {
    fn service(&self) -> &str {
        name_of(&self.service)
    }

    fn attributes(&self) -> Vec<Value> {
        if self.service.is_empty() {
            return vec![otlp::yes(OVERFLOW)];
        }
        let mut all = vec![
            otlp::text("mcp.method.name", &self.method),
            otlp::text("keyhole.outcome", &self.outcome),
        ];
        let call = (self.method == "tools/call").then_some("execute_tool");
        for (key, value) in [
            ("gen_ai.operation.name", call),
            ("gen_ai.tool.name", self.tool.as_deref()),
            ("mcp.protocol.version", self.version.as_deref()),
            ("network.transport", self.transport.as_deref()),
            ("error.type", self.failure.as_deref()),
            ("keyhole.error.type", self.code.as_deref()),
        ] {
            all.extend(value.map(|value| otlp::text(key, value)));
        }
        all
    }
}

impl Given {
    fn service(&self) -> &str {
        name_of(&self.service)
    }

    fn attributes(&self) -> Vec<Value> {
        if self.service.is_empty() {
            return vec![otlp::yes(OVERFLOW)];
        }
        let mut all = vec![otlp::text("mcp.method.name", &self.method)];
        for (key, value) in [
            ("gen_ai.tool.name", &self.tool),
            ("keyhole.label.level", &self.level),
        ] {
            all.extend(value.as_ref().map(|value| otlp::text(key, value)));
        }
        all
    }
}

impl Histogram {
    fn add(&mut self, took: u64) {
        self.microseconds = self.microseconds.saturating_add(took);
        // a bound belongs to the bucket below it
        let at = BOUNDS
            .iter()
            .take_while(|bound| took > **bound * 1000)
            .count();
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket = bucket.saturating_add(1);
        }
    }

    fn point(&self, attributes: &[Value], since: &str, until: &str) -> Value {
        let bounds = BOUNDS.map(seconds);
        json!({
            "attributes": attributes,
            "startTimeUnixNano": since,
            "timeUnixNano": until,
            "count": self.buckets.iter().sum::<u64>(),
            "sum": seconds(self.microseconds) / 1000.0,
            "bucketCounts": self.buckets,
            "explicitBounds": bounds,
        })
    }
}

/// The series of `key`, or the one for what is too many.
fn series<K: Default + Ord, V: Default>(all: &mut BTreeMap<K, V>, key: K) -> &mut V {
    let full = all.len() >= MOST_SERIES && !all.contains_key(&key);
    all.entry(if full { K::default() } else { key })
        .or_default()
}

fn name_of(service: &str) -> &str {
    if service.is_empty() {
        super::UNKNOWN
    } else {
        service
    }
}

fn histogram(points: &[Value]) -> Value {
    json!({
        "name": "mcp.server.operation.duration",
        "description": "MCP request or notification duration as observed on the receiver from the time it was received until the result or ack is sent.",
        "unit": "s",
        "histogram": {"aggregationTemporality": CUMULATIVE, "dataPoints": points},
    })
}

fn counter(name: &str, unit: &str, about: &str, points: &[Value]) -> Value {
    json!({
        "name": name,
        "description": about,
        "unit": unit,
        "sum": {"aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points},
    })
}

fn sum(attributes: &[Value], since: &str, until: &str, value: u64) -> Value {
    json!({
        "attributes": attributes,
        "startTimeUnixNano": since,
        "timeUnixNano": until,
        "asInt": value.to_string(),
    })
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a sum in seconds is a float, by the protocol"
)]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Maps whose keys are no texts, as lists of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serialize;
    use serde::Serializer;

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// The most series of one metric, beside the one for what is too many.
pub const MOST_SERIES: usize = 1000;
/// Of the conventions, in milliseconds.
const BOUNDS: [u64; 14] = [
    10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000,
];
/// `AGGREGATION_TEMPORALITY_CUMULATIVE`.
const CUMULATIVE: u32 = 2;
/// Of the metrics SDK's specification.
const OVERFLOW: &str = "otel.metric.overflow";
