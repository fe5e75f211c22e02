//! What may be changed: only what the configuration grants, by those the policy lets, exactly as
//! many rows as expected, and recorded before it is tried.

use harness::Answer;
use harness::BOSS;
use harness::Era;
use harness::Raw;
use harness::Sql;
use harness::World;
use harness::bin;
use harness::run;
use serde_json::Value;
use serde_json::json;

use super::bed::cluster;
use super::bed::data;
use super::told::hidden_in;

/// A shop whose role has what `grant-sql` says that it needs, and no more.
pub(super) struct Shop {
    pub(super) world: World,
    pub(super) boss: Sql,
    pub(super) role: String,
}

impl Shop {
    pub(super) fn open() -> Option<Self> {
        let cluster = cluster()?;
        let database = cluster.database("shop", |cluster, name| {
            cluster.connect(BOSS, name).run(&data("shop.sql"));
        });
        let boss = cluster.connect(BOSS, &database);
        let role = format!("role_of_{database}");
        let world = World::in_memory();
        let connection = format!("{}?sslmode=disable", cluster.url(&role, &database));
        let config = data("shop.toml").replace("{connection}", &connection);
        world.file("config.toml", config);
        world.file("policy.toml", data("policy.toml"));
        let given = format!("--role={role}");
        let arguments = world.arguments(&[
            "grant-sql",
            "--config={dir}/config.toml",
            "--audit={dir}/audit",
            &given,
        ]);
        let ran = run(&bin("scoped-db"), &arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.contains(&role), "{}", ran.stdout);
        boss.run(&ran.stdout);
        Some(Self { world, boss, role })
    }

    pub(super) fn serve(&self, who: &str) -> Raw {
        let subject = format!("--subject={who}");
        let arguments = [
            "--config={dir}/config.toml",
            "--audit={dir}/audit",
            &subject,
        ];
        Raw::start(
            &bin("scoped-db"),
            &self.world.arguments(&arguments),
            Era::Modern,
        )
    }

    /// Everything in the shop, as text.
    fn all(&self) -> String {
        let mut all = String::new();
        for table in ["customers", "calls", "tasks", "payroll"] {
            let rows = self
                .boss
                .rows(&format!("select * from crm.{table} order by 1, 2"));
            all.push_str(&format!("{table}: {rows:?}\n"));
        }
        all
    }
}

fn tools(raw: &mut Raw) -> Vec<String> {
    let listed = raw.ask("tools/list", json!({})).ok();
    let tools = listed.result()["tools"].as_array().expect("tools");
    let names = tools.iter().filter_map(|tool| tool["name"].as_str());
    names
        .filter(|name| ["insert_row", "update_rows", "delete_rows"].contains(name))
        .map(str::to_owned)
        .collect()
}

fn key(id: i64) -> Value {
    json!({"id": id})
}

#[test]
fn a4_what_the_policy_does_not_let_is_not_there() {
    let Some(shop) = Shop::open() else { return };
    let before = shop.all();
    for (who, expected) in [
        ("ann", &[][..]),
        ("henry", &["insert_row"][..]),
        ("clara", &["delete_rows", "insert_row", "update_rows"][..]),
    ] {
        let mut raw = shop.serve(who);
        assert_eq!(tools(&mut raw), expected, "{who}");
        for (tool, arguments) in [
            (
                "delete_rows",
                json!({"table": "crm.customers", "key": key(4)}),
            ),
            (
                "update_rows",
                json!({"table": "crm.customers", "key": key(4), "set": {"name": "x"}}),
            ),
        ] {
            if !expected.contains(&tool) {
                let answer = raw.call(tool, arguments);
                let said = answer.error()["message"].as_str().unwrap().to_owned();
                assert!(said.contains("unknown tool"), "{said}");
            }
        }
    }
    assert_eq!(shop.all(), before);
}

#[test]
fn a_row_is_inserted_for_its_caller_and_no_other() {
    let Some(shop) = Shop::open() else { return };
    let mut raw = shop.serve("clara");
    let values = json!({"name": "New", "email": "new@example", "credit": 5});
    let arguments = json!({"table": "crm.customers", "values": values});
    let answer = raw.call("insert_row", arguments).ok();
    assert!(!answer.0.to_string().contains("zq7"), "{}", answer.short());
    let row = "select owner || credit from crm.customers where name = 'New'";
    assert_eq!(shop.boss.one(row), "clara5");
    let before = shop.all();
    for values in [
        json!({"name": "N", "owner": "bob"}),
        json!({"name": "N", "secret": "x"}),
        json!({"name": "N", "id": 900}),
        json!({"name": "N", "no_such_column": 1}),
        json!({"name": "N", "\"; DROP TABLE crm.calls; --": 1}),
        json!({"name": {"x": 1}}),
        json!({"name": "N", "credit": "much"}),
        json!({}),
    ] {
        let answer = raw.call(
            "insert_row",
            json!({"table": "crm.customers", "values": values}),
        );
        assert!(!answer.is_ok(), "{values}: {}", answer.short());
        assert_eq!(hidden_in(&answer.0.to_string(), &values.to_string()), None);
    }
    for table in ["crm.tasks", "crm.payroll", "crm.nothing", "pg_class"] {
        let answer = raw.call("insert_row", json!({"table": table, "values": {"id": 1}}));
        assert!(!answer.is_ok(), "{table}: {}", answer.short());
    }
    assert_eq!(shop.all(), before);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_constraint_tells_nothing_of_hidden_rows() {
    let Some(shop) = Shop::open() else { return };
    let before = shop.all();
    let mut raw = shop.serve("clara");
    let mut insert = |values: Value| {
        let answer = raw.call(
            "insert_row",
            json!({"table": "crm.customers", "values": values}),
        );
        assert!(!answer.is_ok(), "{}", answer.short());
        let text = answer.without_id();
        for words in [
            "customers_email",
            "constraint",
            "duplicate",
            "check",
            "crm.customers_",
        ] {
            assert!(!text.contains(words), "{text}");
        }
        text
    };
    let hidden = insert(json!({"name": "N", "email": "zq7-three@example"}));
    let own = insert(json!({"name": "N", "email": "one@example"}));
    let checked = insert(json!({"name": "N", "credit": 5000}));
    let long = insert(json!({"name": "N".repeat(50)}));
    let without_ref = |text: &str| {
        let mut answer: Value = serde_json::from_str(text).unwrap();
        answer["result"]["structuredContent"]["ref"] = Value::Null;
        answer["result"]["content"] = Value::Null;
        answer.to_string()
    };
    assert_eq!(without_ref(&hidden), without_ref(&own));
    assert_eq!(without_ref(&own), without_ref(&checked), "one word for all");
    assert_eq!(without_ref(&checked), without_ref(&long));
    let answer = raw.call(
        "insert_row",
        json!({"table": "crm.calls", "values": {"id": 9, "customer_id": 4444}}),
    );
    assert!(!answer.is_ok());
    assert!(
        !answer.0.to_string().contains("foreign"),
        "{}",
        answer.short()
    );
    assert_eq!(shop.all(), before);
    let ended = raw.close();
    assert_eq!(ended.code, Some(0));
    assert_eq!(hidden_in(&ended.stderr, ""), None);
}

#[test]
fn a_change_hits_exactly_what_was_expected_or_nothing() {
    let Some(shop) = Shop::open() else { return };
    let mut raw = shop.serve("clara");
    let mut update = |id: i64, set: Value, expect: Value| -> Answer {
        let mut arguments = json!({"table": "crm.customers", "key": key(id), "set": set});
        if !expect.is_null() {
            arguments["expect"] = expect;
        }
        raw.call("update_rows", arguments)
    };
    update(1, json!({"name": "Uno"}), Value::Null).ok();
    assert_eq!(
        shop.boss.one("select name from crm.customers where id = 1"),
        "Uno"
    );
    let before = shop.all();
    // another's row and one that is not there are the same
    let hidden = update(3, json!({"name": "x"}), Value::Null);
    let absent = update(3000, json!({"name": "x"}), Value::Null);
    assert!(!hidden.is_ok() && !absent.is_ok());
    let code = |answer: &Answer| answer.code().map(str::to_owned);
    assert_eq!(code(&hidden), code(&absent));
    assert_eq!(
        hidden.structured()["message"],
        absent.structured()["message"]
    );
    for (set, expect) in [
        (json!({"name": "x"}), json!(0)),
        (json!({"name": "x"}), json!(2)),
        (json!({"name": "x"}), json!(-1)),
        (json!({"owner": "bob"}), Value::Null),
        (json!({"secret": "x"}), Value::Null),
        (json!({"id": 77}), Value::Null),
        (json!({}), Value::Null),
    ] {
        let answer = update(2, set.clone(), expect);
        assert!(!answer.is_ok(), "{set}: {}", answer.short());
    }
    for bad in [
        json!({"table": "crm.customers", "key": {}, "set": {"name": "x"}}),
        json!({"table": "crm.customers", "key": {"name": "Two"}, "set": {"name": "x"}}),
        json!({"table": "crm.customers", "key": {"id": 2, "owner": "clara"}, "set": {"name": "x"}}),
        json!({"table": "crm.customers", "key": {"id": null}, "set": {"name": "x"}}),
        json!({"table": "crm.customers", "key": {"id": [1, 2]}, "set": {"name": "x"}}),
        json!({"table": "crm.calls", "key": {"id": 1}, "set": {"note": "x"}}),
        json!({"table": "crm.tasks", "key": {"owner": "clara"}, "set": {"title": "x"}}),
    ] {
        let answer = raw.call("update_rows", bad.clone());
        assert!(!answer.is_ok(), "{bad}: {}", answer.short());
    }
    assert_eq!(shop.all(), before);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn row_level_security_holds_for_changes() {
    let Some(shop) = Shop::open() else { return };
    let mut raw = shop.serve("clara");
    let task = |owner: &str, number: i64| json!({"owner": owner, "number": number});
    let set = json!({"done": true});
    let arguments = json!({"table": "crm.tasks", "key": task("clara", 1), "set": set});
    raw.call("update_rows", arguments).ok();
    let before = shop.all();
    for (tool, arguments) in [
        (
            "update_rows",
            json!({"table": "crm.tasks", "key": task("bob", 1), "set": set}),
        ),
        (
            "delete_rows",
            json!({"table": "crm.tasks", "key": task("bob", 1)}),
        ),
        (
            "delete_rows",
            json!({"table": "crm.tasks", "key": task("clara", 9)}),
        ),
        (
            "delete_rows",
            json!({"table": "crm.tasks", "key": {"owner": "clara"}}),
        ),
    ] {
        assert!(!raw.call(tool, arguments.clone()).is_ok(), "{arguments}");
    }
    assert_eq!(shop.all(), before);
    raw.call(
        "delete_rows",
        json!({"table": "crm.tasks", "key": task("clara", 2)}),
    )
    .ok();
    let left = "select string_agg(owner || number || done, ' ' order by 1) from crm.tasks";
    assert_eq!(shop.boss.one(left), "bob1false clara1true");
    // a row that is referred to stays
    let answer = raw.call(
        "delete_rows",
        json!({"table": "crm.customers", "key": key(1)}),
    );
    assert!(!answer.is_ok(), "{}", answer.short());
    let answer = raw.call(
        "delete_rows",
        json!({"table": "crm.customers", "key": key(2)}),
    );
    answer.ok();
    let answer = raw.call(
        "delete_rows",
        json!({"table": "crm.customers", "key": key(3)}),
    );
    assert!(!answer.is_ok(), "{}", answer.short());
    assert_eq!(shop.boss.one("select count(*) from crm.customers"), "4");
}

#[test]
fn l5_a_change_is_recorded_before_it_is_tried() {
    let Some(shop) = Shop::open() else { return };
    let mut raw = shop.serve("clara");
    let arguments = json!({"table": "crm.customers", "key": key(1), "set": {"name": "zq7-new"}});
    let id = raw.begin_call("update_rows", arguments);
    raw.wait(id).ok();
    let arguments = json!({"table": "crm.customers", "key": key(3), "set": {"name": "zq7-new"}});
    let other = raw.begin_call("update_rows", arguments);
    assert!(!raw.wait(other).is_ok());
    // without a trail nothing is changed
    std::fs::rename(shop.world.path("audit"), shop.world.path("gone")).unwrap();
    let before = shop.all();
    let arguments = json!({"table": "crm.customers", "key": key(2), "set": {"name": "unseen"}});
    let answer = raw.call("update_rows", arguments);
    assert_eq!(answer.code(), Some("unavailable"), "{}", answer.short());
    assert_eq!(shop.all(), before);
    std::fs::rename(shop.world.path("gone"), shop.world.path("audit")).unwrap();
    drop(raw);
    let trail = shop.world.trail();
    for (id, outcome) in [(id.to_string(), "allowed"), (other.to_string(), "denied")] {
        let of = |phase: &str| {
            let records = trail.records.iter();
            let same = |r: &&Value| r["jsonrpc.request.id"] == *id && r["phase"] == phase;
            records.filter(same).cloned().collect::<Vec<Value>>()
        };
        let (intents, outcomes) = (of("intent"), of("outcome"));
        assert_eq!((intents.len(), outcomes.len()), (1, 1), "{id}");
        assert!(intents[0]["seq"].as_u64() < outcomes[0]["seq"].as_u64());
        assert_eq!(outcomes[0]["ref"], intents[0]["id"]);
        let told = outcomes[0]["outcome"].as_str().unwrap();
        assert!(
            told == outcome || outcome == "denied" && told == "error",
            "{}",
            outcomes[0]
        );
        assert!(!format!("{intents:?}{outcomes:?}").contains("zq7-new"));
    }
}

#[test]
fn reads_stay_reads_where_writes_are_granted() {
    let Some(shop) = Shop::open() else { return };
    let before = shop.all();
    let mut raw = shop.serve("clara");
    for sql in [
        "UPDATE crm.customers SET name = 'x'",
        "WITH w AS (DELETE FROM crm.customers RETURNING id) SELECT * FROM w",
        "INSERT INTO crm.customers (name, owner) VALUES ('x', 'clara')",
        "SELECT nextval('crm.customers_id_seq')",
        "SELECT secret FROM crm.customers",
    ] {
        let answer = raw.call("query_rows", json!({"sql": sql}));
        assert!(!answer.is_ok(), "{sql}: {}", answer.short());
    }
    let answer = raw.call(
        "query_rows",
        json!({"sql": "SELECT count(*) FROM customers"}),
    );
    assert_eq!(answer.ok().structured()["rows"], json!([[3]]));
    assert_eq!(shop.all(), before);
}
