use proptest::prelude::*;
use serde_json::json;

use super::*;

const ALL: [Format; 4] = [Format::Ocsf, Format::Ecs, Format::Cef, Format::Csv];

fn line() -> String {
    json!({"v": 1, "t": "event", "seq": 7, "id": "01a2", "time": "2026-05-05T12:00:00.000001Z",
        "phase": "outcome", "kind": "request", "server.name": "scoped-db", "server.version": "0.1.0",
        "principal.iss": "local", "principal.id": "ada", "principal.roles": ["support"],
        "session.id": "s1", "client.address": "10.1.2.3", "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "update_rows", "db.tables": "crm.customers", "decision": "allow",
        "label.level": "confidential", "label.categories": ["personal"], "outcome": "allowed",
        "result.items": 3, "result.bytes": 120, "duration_us": 2500, "hash": "ab"})
    .to_string()
}

fn export(format: Format, line: &str) -> String {
    format.line(&Event::parse(line.as_bytes()).unwrap(), line.as_bytes())
}

#[test]
fn an_ocsf_event_says_who_what_and_how_it_is_classified() {
    let event: Value = serde_json::from_str(&export(Format::Ocsf, &line())).unwrap();
    assert_eq!(event["class_uid"], 6003);
    assert_eq!(event["activity_id"], 3);
    assert_eq!(event["type_uid"], 600_303);
    assert_eq!(event["time"], 1_777_982_400_000_u64);
    assert_eq!(event["actor"]["user"]["name"], "ada");
    assert_eq!(event["src_endpoint"]["ip"], "10.1.2.3");
    assert_eq!(event["resources"][0]["name"], "crm.customers");
    let classified = json!([
        {"confidentiality": "confidential", "confidentiality_id": 2},
        {"category": "personal", "category_id": 1},
    ]);
    assert_eq!(event["resources"][0]["data_classifications"], classified);
    assert_eq!(event["unmapped"]["result.items"], 3);
    assert!(event["unmapped"].get("principal.id").is_none());
}

#[test]
fn an_ecs_document_has_the_schemas_words() {
    let event: Value = serde_json::from_str(&export(Format::Ecs, &line())).unwrap();
    assert_eq!(event["event.category"], json!(["database"]));
    assert_eq!(event["event.type"], json!(["change", "allowed"]));
    assert_eq!(event["event.outcome"], "success");
    assert_eq!(event["event.duration"], 2_500_000);
    assert_eq!(event["keyhole.label"], "confidential+personal");
    assert_eq!(event["keyhole.db.tables"], "crm.customers");
}

#[test]
fn a_cef_line_escapes_what_would_end_a_field() {
    let line = json!({"seq": 1, "server.name": "a|b\\", "principal.id": "x=y z\n|"}).to_string();
    let found = export(Format::Cef, &line);
    assert_eq!(
        found,
        "CEF:0|Keyhole|a\\|b\\\\|0|event|unknown|2|suser=x\\=y z\\n| cn1Label=seq cn1=1"
    );
}

#[test]
fn a_cell_is_never_a_formula() {
    for text in ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "\u{ff1d}1"] {
        let line = json!({"seq": 1, "principal.id": text}).to_string();
        let found = export(Format::Csv, &line);
        assert!(found.contains(",\"'"), "{text:?}: {found}");
    }
    let line = json!({"seq": 1, "principal.id": "a,\"b\""}).to_string();
    assert!(export(Format::Csv, &line).contains(",\"a,\"\"b\"\"\","));
    let columns = Format::Csv.head().unwrap().split(',').count();
    assert_eq!(
        export(Format::Csv, &self::line()).split(',').count(),
        columns
    );
}

proptest! {
    #[test]
    fn one_record_is_one_line_whatever_it_holds(
        who in "[\\x00-\\x{ffff}]{0,40}", what in "\\PC{0,40}", tool in "[\\x00-\\x{2fff}]{0,20}",
    ) {
        let line = json!({"v": 1, "t": "event", "seq": 1, "principal.id": who,
            "mcp.resource.uri": what, "gen_ai.tool.name": tool, "principal.roles": [who, what]})
        .to_string();
        for format in ALL {
            let found = export(format, &line);
            let ends = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
            // JSON may hold U+2028 and U+007F as they are; no reader of lines splits there
            let json = matches!(format, Format::Ocsf | Format::Ecs);
            prop_assert!(!found.contains(if json { |l: char| l < ' ' } else { ends }), "{format:?} {found:?}");
            if json {
                prop_assert!(serde_json::from_str::<Value>(&found).is_ok());
            }
        }
    }
}
