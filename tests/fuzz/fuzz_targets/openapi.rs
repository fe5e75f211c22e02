//! A document is drafted from or refused, and a draft is always a configuration.
#![no_main]

use api_fetch::config::Config;
use api_fetch::endpoint;
use api_fetch::openapi;
use api_fetch::openapi::Choice;
use guard::config::Source;
use guard::label::Taxonomy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    let choice = Choice {
        upstream: "crm".to_owned(),
        permission: "a:read".to_owned(),
        write_permission: "a:write".to_owned(),
        label: "internal".to_owned(),
        ..Choice::default()
    };
    if let Ok(text) = openapi::draft(document, &choice) {
        let text = format!("[upstreams.crm]\nbase = \"https://a.example\"\n{text}");
        let source = Source::new("draft", text);
        let known = Taxonomy::default();
        let config: Config = source.parse().expect("a draft is a configuration");
        let all = endpoint::declare(&config, &source, &known, known.unlabelled());
        let all = all.expect("a draft declares endpoints");
        assert!(all.endpoints.iter().all(|e| e.permission.as_deref() == Some("a:read")));
    }
});
