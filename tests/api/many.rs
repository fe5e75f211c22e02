//! Very many endpoints behind three tools: the same rules by another way.

use std::fmt::Write;

use serde_json::json;

use super::CUSTOMER;
use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::world;

fn endpoints() -> String {
    let mut text = CUSTOMER.to_owned();
    for number in 0..40 {
        write!(
            text,
            "[endpoints.report-{number:02}]\nupstream = \"crm\"\nget = \"/reports/{number}\"\n\
             label = \"internal\"\nabout = \"Report {number} about sales.\"\n"
        )
        .unwrap();
    }
    text
}

#[test]
fn a8_forty_endpoints_are_three_tools_with_the_same_rules() {
    let upstream = Upstream::json(&json!({"id": "AB1234", "name": "Ada", "secret": 1}));
    let world = world(&upstream, &endpoints());
    let mut raw = serve(&world, "ben");
    let tools = raw.ask("tools/list", json!({})).ok();
    let tools = tools.result()["tools"].as_array().unwrap().clone();
    let names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["call_endpoint", "describe_endpoint", "search_endpoints"]
    );
    assert!(json!(tools).to_string().len() < 4000);
    let found = raw
        .call(
            "search_endpoints",
            json!({"query": "SALES report", "limit": 5}),
        )
        .ok();
    assert_eq!(found.structured()["total"], 40);
    assert_eq!(found.structured()["endpoints"].as_array().unwrap().len(), 5);
    let found = raw
        .call("search_endpoints", json!({"query": "customer"}))
        .ok();
    assert_eq!(
        found.structured()["total"],
        0,
        "what ben may not call is not found"
    );
    for tool in ["describe_endpoint", "call_endpoint"] {
        let hidden = raw.call(tool, json!({"endpoint": "fetch-customer-data"}));
        let absent = raw.call(tool, json!({"endpoint": "no-such"}));
        assert_eq!(hidden.code(), Some("not_found"));
        assert_eq!(hidden.without_id(), absent.without_id());
    }
    let hidden = raw.call("fetch-customer-data", json!({"id": "AB1234"}));
    assert_eq!(hidden.code(), Some("unknown_tool"));
    assert!(upstream.heard().is_empty());
    let report = json!({"endpoint": "report-07"});
    raw.call("call_endpoint", report).ok();
    assert_eq!(upstream.heard()[0].path(), "/v1/reports/7");
    finish(&world, &upstream, raw);

    let mut raw = serve(&world, "ada");
    let named = json!({"endpoint": "fetch-customer-data"});
    let told = raw.call("describe_endpoint", named).ok();
    assert_eq!(
        told.structured()["arguments"]["properties"]["id"]["pattern"],
        "^(?:[A-Z]{2}[0-9]{4})$"
    );
    assert_eq!(told.structured()["label"], "confidential+personal");
    let call = |id: &str| json!({"endpoint": "fetch-customer-data", "arguments": {"id": id}});
    let answer = raw.call("call_endpoint", call("AB1234")).ok();
    assert_eq!(
        answer.structured()["data"],
        json!({"id": "AB1234", "name": "Ada"})
    );
    let label = &answer.result()["_meta"]["dev.keyhole/security-label"];
    assert_eq!(label["categories"], json!(["personal"]));
    for wrong in [
        call("../x"),
        json!({"endpoint": "fetch-customer-data"}),
        json!({"endpoint": "fetch-customer-data", "arguments": {"id": "AB1234", "x": 1}}),
    ] {
        let answer = raw.call("call_endpoint", wrong);
        assert_eq!(answer.code(), Some("malformed"), "{}", answer.short());
    }
    finish(&world, &upstream, raw);
}
