//! What is counted, and in how many series.

use super::*;

#[test]
fn a_duration_is_in_the_bucket_that_ends_with_it() {
    let mut meters = meters();
    for took in [0, 10_000, 10_001, 300_000_000, 300_000_001, u64::MAX] {
        count(&mut meters, &record(&json!({"duration_us": took})));
    }
    let [point] = points(&meters, "mcp.server.operation.duration")
        .try_into()
        .unwrap();
    assert_eq!(
        point["bucketCounts"],
        json!([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2])
    );
    assert_eq!(point["count"], 6);
    let bounds = json!([
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0
    ]);
    assert_eq!(
        point["explicitBounds"], bounds,
        "as the conventions have them"
    );
}

#[test]
fn amounts_are_counted_by_tool_and_level_where_something_was_given() {
    let mut meters = meters();
    for more in [
        json!({}),
        json!({}),
        json!({"label.level": "secret"}),
        json!({"outcome": "denied"}),
    ] {
        count(&mut meters, &record(&more));
    }
    let size = points(&meters, "keyhole.result.size");
    let of = |level: &str| {
        let point = size
            .iter()
            .find(|point| attribute(point, "keyhole.label.level") == Some(json!(level)));
        point.unwrap()["asInt"].clone()
    };
    assert_eq!(
        (of("internal"), of("secret")),
        (json!("3000"), json!("1500"))
    );
    assert_eq!(points(&meters, "keyhole.result.items").len(), 2);
}

#[test]
fn whoever_names_many_tools_makes_no_more_series_than_there_may_be() {
    let mut meters = meters();
    for at in 0..3 * MOST_SERIES {
        count(
            &mut meters,
            &record(
                &json!({"gen_ai.tool.name": format!("tool-{at}"), "server.name": format!("s{at}")}),
            ),
        );
    }
    for name in ["mcp.server.operation.duration", "keyhole.result.items"] {
        let points = points(&meters, name);
        assert_eq!(points.len(), MOST_SERIES + 1);
        let rest = points
            .iter()
            .filter(|point| attribute(point, "otel.metric.overflow") == Some(json!(true)));
        assert_eq!(rest.count(), 1);
    }
    let all = points(&meters, "mcp.server.operation.duration");
    let all: u64 = all
        .iter()
        .map(|point| point["count"].as_u64().unwrap())
        .sum();
    assert_eq!(all, 3 * MOST_SERIES as u64, "all are counted");
    let saved = serde_json::to_string(&meters).unwrap();
    assert_eq!(serde_json::from_str::<Meters>(&saved).unwrap(), meters);
}
