//! Every server of every example starts, lists what it should, and refuses the rest.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops"
)]

use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value;
use serde_json::json;
use tour::binary::build;
use tour::client::Client;
use tour::client::Said;
use tour::stage::Stage;

#[tokio::test]
async fn documents_for_everybody_need_one_line() {
    let story = Story::of("public-docs");
    let docs = story.start("docs").await;
    let tools = docs.tools().await.unwrap();
    assert_eq!(tools.len(), 6, "{tools:?}");

    let listed = list(&docs, "docs").await;
    assert_eq!(
        listed.text.lines().collect::<Vec<_>>(),
        [
            "docs/faq/",
            "docs/faq/returns.md",
            "docs/faq/shipping.md",
            "docs/opening-hours.md",
            "docs/products.csv",
        ]
    );
    assert_eq!(listed.label, "public");
    assert!(
        read(&docs, "docs/faq/returns.md")
            .await
            .text
            .contains("30 days")
    );
    assert!(read(&docs, "docs/../mcp.json").await.refused);
    docs.stop().await.unwrap();
}

#[tokio::test]
async fn a_handbook_is_another_one_for_each_reader() {
    let story = Story::of("team-handbook");
    let (support, hr) = (
        story.start("handbook-support").await,
        story.start("handbook-hr").await,
    );
    let salaries = "handbook/hr/salaries.csv";
    let forecast = "handbook/finance/forecast.md";

    let to_support = list(&support, "handbook").await;
    assert!(!to_support.mentions("hr/"), "{}", to_support.whole);
    assert!(to_support.mentions(forecast), "its name is `visible`");
    let to_hr = list(&hr, "handbook").await;
    assert!(to_hr.mentions(salaries) && to_hr.mentions(forecast));

    for path in [salaries, forecast] {
        let refused = read(&support, path).await;
        assert!(refused.refused, "{path}");
        assert_eq!(refused, read(&support, "handbook/no-such-file").await);
    }
    let given = read(&hr, salaries).await;
    assert!(given.text.contains("山田花子"));
    assert_eq!(given.label, "confidential+personal");
    assert_eq!(read(&hr, forecast).await.label, "confidential");
    assert_eq!(
        read(&support, "handbook/public/welcome.md").await.label,
        "public"
    );
    support.stop().await.unwrap();
    hr.stop().await.unwrap();
}

#[tokio::test]
async fn an_auditor_for_an_afternoon_is_a_clerk_before_and_after() {
    let story = Story::of("auditor-afternoon");
    let accounts = "ledger/accounts/2026-q3.csv";
    for (at, verdict) in [
        ("2026-10-05T12:59:59Z", "denied"),
        ("2026-10-05T13:00:00Z", "allowed"),
        ("2026-10-05T17:59:59Z", "allowed"),
        ("2026-10-05T18:00:00Z", "denied"),
    ] {
        let said = story.run(&["explain", "ada", accounts, "--at", at]);
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.starts_with(verdict), "{at}: {said}");
    }

    let (ada, ben) = (
        story.start("ledger-ada").await,
        story.start("ledger-ben").await,
    );
    let to_ada = list(&ada, "ledger").await;
    assert!(to_ada.mentions("notes/closing.md") && !to_ada.mentions("accounts"));
    assert!(read(&ada, accounts).await.refused);
    assert!(read(&ben, accounts).await.text.contains("51730"));
    ada.stop().await.unwrap();
    ben.stop().await.unwrap();

    let report = guard::audit::verify(
        &story.stage.path().join("trail"),
        &guard::audit::Trust::default(),
    )
    .unwrap();
    assert_eq!(report.verdict.name(), "ok-unanchored");
}

#[tokio::test]
async fn a_customer_is_another_one_for_each_desk() {
    let story = Story::of("customer-desk");
    tour::crm::fill_file(story.stage.path()).unwrap();
    let (support, auditor) = (
        story.start("crm-support").await,
        story.start("crm-auditor").await,
    );
    let tools = support.tools().await.unwrap();
    assert!(!tools.iter().any(|name| name == "insert_row"), "{tools:?}");

    let people = "SELECT name, email, phone, born FROM customers ORDER BY id LIMIT 1";
    let to_support = query(&support, people).await;
    assert_eq!(
        to_support.structured["rows"],
        json!([["Mira Castell", "orchard.example", "…1842", 1984]])
    );
    assert_eq!(to_support.label, "internal");
    let to_auditor = query(&auditor, people).await;
    assert!(to_auditor.mentions("mira.castell@orchard.example"));
    assert_eq!(to_auditor.label, "confidential+personal");

    let tickets = "SELECT count(*) FROM tickets";
    for (client, own) in [(&support, 2), (&auditor, 4)] {
        assert_eq!(
            query(client, tickets).await.structured["rows"],
            json!([[own]])
        );
    }
    for hidden in ["SELECT notes FROM customers", "SELECT * FROM staff"] {
        assert!(query(&support, hidden).await.refused, "{hidden}");
        assert!(!query(&auditor, hidden).await.refused, "{hidden}");
    }
    let nobodys = query(&auditor, "SELECT secret FROM portal_logins").await;
    assert!(nobodys.refused && !nobodys.mentions("canary"));
    support.stop().await.unwrap();
    auditor.stop().await.unwrap();
}

#[test]
fn what_a_desk_may_read_of_a_database_can_be_asked_before_it_is_let_in() {
    let story = Story::of("customer-desk");
    tour::crm::fill_file(story.stage.path()).unwrap();
    let checked = story.run(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    for (who, column, verdict) in [
        ("support-desk", "customers.name", "allowed"),
        ("support-desk", "customers.notes", "denied"),
        ("auditor", "customers.notes", "allowed"),
    ] {
        let said = story.run(&["explain", who, column]);
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.starts_with(verdict), "{who} {column}: {said}");
    }
    let granted = story.run(&["grant-sql", "--role", "crm_reader", "--database", "crm"]);
    let granted = String::from_utf8(granted.stdout).unwrap();
    assert!(
        granted.contains("GRANT") && !granted.contains("portal_logins"),
        "{granted}"
    );
}

#[test]
fn every_example_has_a_test_here() {
    let mut stories = Vec::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in std::fs::read_dir(examples).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("mcp.json").exists() {
            stories.push(entry.file_name().into_string().unwrap());
        }
    }
    stories.sort();
    assert_eq!(
        stories,
        [
            "auditor-afternoon",
            // it needs an API to call: `tests/api/example.rs` starts both
            "crm-api",
            "customer-desk",
            "public-docs",
            "team-handbook"
        ]
    );
}

#[test]
fn what_falls_under_which_label_can_be_seen_before_anybody_is_let_in() {
    for name in ["team-handbook", "auditor-afternoon"] {
        let ran = Story::of(name).run(&["coverage"]);
        assert!(ran.status.success(), "{ran:?}");
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(
            text.contains("internal") && text.contains("confidential"),
            "{text}"
        );
    }
}

/// A copy of an example, and what its `mcp.json` says.
struct Story {
    stage: Stage,
    hosts: Value,
}

impl Story {
    fn of(name: &str) -> Self {
        let stage = Stage::copy_of(name).unwrap();
        let text = std::fs::read_to_string(stage.path().join("mcp.json")).unwrap();
        let hosts = serde_json::from_str(&text).unwrap();
        Self { stage, hosts }
    }

    /// Starts one server as a host would, in the example's folder; its record stays there.
    async fn start(&self, server: &str) -> Client {
        let entry = &self.hosts["mcpServers"][server];
        let arguments = entry["args"].as_array().unwrap();
        let mut command = tokio::process::Command::new(binary(&entry["command"]));
        command
            .args(arguments.iter().map(|word| word.as_str().unwrap()))
            .env("XDG_STATE_HOME", self.stage.path().join("state"))
            .current_dir(self.stage.path());
        Client::connect(command).await.unwrap()
    }

    /// Runs a command for people.
    fn run(&self, arguments: &[&str]) -> Output {
        let servers = self.hosts["mcpServers"].as_object().unwrap();
        let server = &servers.values().next().unwrap()["command"];
        let config = format!("{}.toml", server.as_str().unwrap());
        let mut command = std::process::Command::new(binary(server));
        command
            .args(arguments)
            .args(["--config", &config])
            .current_dir(self.stage.path());
        command.output().unwrap()
    }
}

async fn list(client: &Client, path: &str) -> Said {
    let arguments = json!({ "path": path, "depth": 8 });
    client.call("list_directory", &arguments).await.unwrap()
}

async fn read(client: &Client, path: &str) -> Said {
    let arguments = json!({ "path": path });
    client.call("read_file", &arguments).await.unwrap()
}

async fn query(client: &Client, sql: &str) -> Said {
    let arguments = json!({ "sql": sql });
    client.call("query_rows", &arguments).await.unwrap()
}

/// The binary of the server that a host's configuration calls `command`.
fn binary(command: &Value) -> &'static PathBuf {
    static FILES: OnceLock<PathBuf> = OnceLock::new();
    static DATABASE: OnceLock<PathBuf> = OnceLock::new();
    match command.as_str().unwrap() {
        name @ "readonly-fs" => FILES.get_or_init(|| build(name, &[]).unwrap()),
        name @ "scoped-db" => DATABASE.get_or_init(|| build(name, &["sqlite"]).unwrap()),
        other => panic!("no server {other}"),
    }
}
