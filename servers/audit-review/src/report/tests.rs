use guard::audit::Event;
use serde_json::Value;
use serde_json::json;

use super::counter::MOST;
use super::*;

fn count(tally: &mut Tally, record: &Value) {
    let line = record.to_string();
    tally.add(&Event::parse(line.as_bytes()).unwrap());
}

fn request(who: &str, what: &str, outcome: &str) -> Value {
    json!({"kind": "request", "phase": "outcome", "time": "2026-05-05T12:00:00Z", "principal.id": who,
        "principal.roles": ["support"], "grant.id": ["grants[0]"], "decision.rule": "customer:read",
        "server.name": "scoped-db", "gen_ai.tool.name": "query_rows", "db.tables": what,
        "label.level": "confidential", "label.categories": ["personal"], "outcome": outcome,
        "result.items": 2, "result.bytes": 100})
}

fn facts() -> Facts {
    let instant = |text: &str| text.parse().unwrap();
    Facts {
        now: instant("2026-06-01T00:00:00Z"),
        verdict: vec!["ok-unanchored".to_owned()],
        rights: Some(Rights {
            roles: vec![
                (
                    "support".to_owned(),
                    vec!["customer:read".to_owned(), "customer:write".to_owned()],
                ),
                ("auditor".to_owned(), vec!["audit:read".to_owned()]),
            ],
            grants: vec![
                (
                    "grants[0]".to_owned(),
                    "ada".to_owned(),
                    "support".to_owned(),
                    instant("2026-05-06T00:00:00Z"),
                ),
                (
                    "grants[1]".to_owned(),
                    "ben".to_owned(),
                    "support".to_owned(),
                    instant("2026-09-01T00:00:00Z"),
                ),
            ],
        }),
        ..Facts::default()
    }
}

#[test]
fn a_report_tells_who_was_shown_what_and_which_rights_go_unused() {
    let mut tally = Tally::default();
    for _ in 0..3 {
        count(&mut tally, &request("ada", "crm.customers", "allowed"));
    }
    count(&mut tally, &request("mallory", "crm.customers", "denied"));
    count(
        &mut tally,
        &json!({"kind": "request", "phase": "intent", "principal.id": "ada"}),
    );
    let text = Document::new(&tally, &facts(), Profile::Gdpr).write(Form::Markdown);
    for expected in [
        "| ada | confidential\\+personal | 3 | 6 | 300 | 2026-05-05 12:00 | 2026-05-05 12:00 |",
        "| confidential\\+personal | crm.customers | 3 |",
        "| mallory | denied | 1 |",
        "Records: 5, of them 1 that announce an effect",
        "role auditor: nothing was allowed by it",
        "grants\\[0\\] \\(ada, role support\\): used, ended",
        "grants\\[1\\] \\(ben, role support, ends 2026-09-01",
        "Article 32",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("role support: nothing"));
    let unused = text.contains("role support, permission customer:write: nobody");
    assert!(
        unused && !text.contains("permission customer:read"),
        "{text}"
    );
    assert!(!text.contains("permission audit:read"), "the role says it");
}

#[test]
fn what_more_names_than_are_counted_hide_is_not_told_as_unused() {
    let mut tally = Tally::default();
    for number in 0..=MOST {
        let mut call = request("ada", "crm.customers", "allowed");
        call["principal.roles"] = json!([format!("role-{number}")]);
        count(&mut tally, &call);
    }
    let text = Document::new(&tally, &facts(), Profile::Gdpr).write(Form::Markdown);
    assert!(
        text.contains("of 5 roles, permissions or grants it is not known"),
        "{text}"
    );
    assert!(!text.contains("role auditor: nothing"), "{text}");
}

#[test]
fn only_personal_data_counts_where_the_duty_is_about_people() {
    let mut tally = Tally::default();
    let mut internal = request("ben", "wiki", "allowed");
    internal["label.level"] = json!("internal");
    internal["label.categories"] = json!([]);
    count(&mut tally, &internal);
    let of = |profile| Document::new(&tally, &facts(), profile).write(Form::Markdown);
    assert!(of(Profile::AccessReview).contains("| ben | internal |"));
    assert!(!of(Profile::Gdpr).contains("| ben | internal |"));
    assert!(!of(Profile::Hipaa).contains("| ben | internal |"));
}

#[test]
fn o4_hostile_texts_stay_texts_in_both_forms() {
    let hostile =
        "<script>alert(1)</script>\"'&|\n# x `y` [z](javascript:1)\u{202e}\u{1b}[31m</td>";
    let mut tally = Tally::default();
    let mut record = request(hostile, hostile, "allowed");
    record["gen_ai.tool.name"] = json!(hostile);
    record["error.type"] = json!(hostile);
    count(&mut tally, &record);
    record["outcome"] = json!("denied");
    count(&mut tally, &record);
    let mut facts = facts();
    facts.verdict = vec![hostile.to_owned()];
    let document = Document::new(&tally, &facts, Profile::AccessReview);
    for form in [Form::Markdown, Form::Html] {
        let text = document.write(form);
        assert!(!text.contains("<script"), "{text}");
        // a link in Markdown; in a page it is only a text
        assert!(
            form == Form::Html || !text.contains("](javascript"),
            "{text}"
        );
        assert!(
            text.chars()
                .all(|letter| letter == '\n' || !letter.is_control())
        );
        assert!(!text.contains('\u{202e}'));
    }
    let html = document.write(Form::Html);
    let cells = html.matches("<td").count();
    assert_eq!(cells, html.matches("</td>").count());
    assert!(html.contains("default-src 'none'"));
    for loads in [
        "src=", "href=", "url(", "@import", "<script", "<link", "<img",
    ] {
        assert!(!html.contains(loads), "{loads}");
    }
    // a row of a table is one line, with as many cells as its head
    let text = document.write(Form::Markdown);
    let unescaped = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(next) = lines.peek()
            && line.starts_with('|')
            && next.starts_with('|')
        {
            assert_eq!(unescaped(line), unescaped(next), "{line}\n{next}");
        }
    }
}

#[test]
fn memory_is_bounded_whatever_the_names_are_and_what_is_left_out_is_told() {
    let mut tally = Tally::default();
    let more = 500;
    for at in 0..MOST + more {
        count(&mut tally, &request(&format!("p{at}"), "t", "allowed"));
    }
    assert_eq!(tally.access.sorted().len(), MOST);
    assert_eq!(tally.access.rest().calls, more as u64);
    let text = Document::new(&tally, &facts(), Profile::AccessReview).write(Form::Markdown);
    assert!(
        text.contains(&format!("{more} calls under names beyond")),
        "{text}"
    );
    for day in 0..6000_i64 {
        let mut record = request("ada", "t", "allowed");
        let time = facts().now + chrono::TimeDelta::days(day);
        record["time"] = json!(time.to_rfc3339());
        count(&mut tally, &record);
    }
    assert!(tally.days.len() <= 4000);
}

#[test]
fn an_empty_trail_makes_a_report_that_says_so() {
    for form in [Form::Markdown, Form::Html] {
        let text = Document::new(&Tally::default(), &Facts::default(), Profile::Hipaa).write(form);
        assert!(text.contains("None.") && text.contains("without"), "{text}");
    }
}
