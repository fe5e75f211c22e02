//! Whatever the arguments are, what is permitted stays at its endpoint.
#![no_main]

use std::sync::OnceLock;

use api_fetch::config::Config;
use api_fetch::endpoint;
use api_fetch::scope::Scope;
use guard::call::Caller;
use guard::config::Source;
use guard::label::Clearance;
use guard::label::Taxonomy;
use libfuzzer_sys::fuzz_target;
use serde_json::Map;
use serde_json::Value;

const CONFIG: &str = r#"
[upstreams.crm]
base = "https://api.example.com/v1"
[endpoints.all]
upstream = "crm"
put = "/a/{plain}/v{open}"
permission = "a:write"
label = "internal"
parameters.plain = { in = "path" }
parameters.open = { in = "path", reserved = "/\\%?#;@ " }
parameters.q = { in = "query" }
parameters.list = { in = "query", type = "string[]" }
parameters.note = { in = "header", name = "X-Note" }
parameters.text = { in = "body", lines = true }
"#;

fn scope() -> Scope {
    static SCOPE: OnceLock<Scope> = OnceLock::new();
    *SCOPE.get_or_init(|| {
        let source = Source::new("c", CONFIG);
        let known = Taxonomy::default();
        let config: Config = source.parse().expect("it parses");
        let all = endpoint::declare(&config, &source, &known, known.unlabelled());
        Scope::new(all.expect("it declares").endpoints)
    })
}

fuzz_target!(|texts: (&str, &str, &str, &str, &str)| {
    let (plain, open, q, note, text) = texts;
    let mut given = Map::new();
    for (name, value) in [("plain", plain), ("open", open), ("q", q), ("note", note), ("text", text)] {
        if !value.is_empty() {
            given.insert(name.to_owned(), value.into());
        }
    }
    given.insert("list".to_owned(), Value::from(vec![q, plain]));
    let caller = Caller {
        clearance: Clearance::up_to(Taxonomy::default().unlabelled()),
        permissions: ["a:write".to_owned()].into(),
        ..Caller::default()
    };
    let all = scope().endpoint("all").expect("declared");
    if let Ok(permit) = scope().permit(&caller, all, &given, None) {
        // Debug is all that is seen of a permit from outside
        let shown = format!("{permit:?}");
        let path = shown.split("path: \"").nth(1).and_then(|rest| rest.split('"').next());
        let segments: Vec<&str> = path.expect("a path").split('/').collect();
        assert_eq!((segments.len(), segments[0], segments[1]), (4, "", "a"));
        assert!(segments[3].starts_with('v'));
        assert!(segments.iter().all(|segment| !matches!(*segment, "." | "..")));
        assert!(!plain.contains(['/', '%', '?', '#', '\r', '\n']));
        assert!(!note.contains(['\r', '\n', '\0']));
    }
});
