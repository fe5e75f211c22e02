//! Documents of both versions, hostile ones, and what is drafted from them.

use proptest::prelude::*;
use serde_json::json;

use guard::config::Source;
use guard::label::Taxonomy;

use super::*;
use crate::config::Config;
use crate::endpoint::Declared;

fn document(version: &str) -> Value {
    json!({
        "openapi": version,
        "info": {"title": "CRM", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": {
            "/customers/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": {
                    "operationId": "getCustomer", "tags": ["customers"], "summary": "One\n customer.",
                    "parameters": [
                        {"name": "expand", "in": "query", "schema": {"type": "array", "items": {"type": "string", "enum": ["plan", "orders"]}}, "explode": false},
                        {"name": "cursor", "in": "query", "schema": {"type": ["string", "null"]}},
                        {"name": "X-Forwarded-For", "in": "header", "schema": {"type": "string"}},
                    ],
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Customer"}}}}},
                },
                "patch": {
                    "operationId": "changeCustomer", "tags": ["customers"],
                    "requestBody": {"content": {"application/json": {"schema": {
                        "type": "object", "required": ["name"],
                        "properties": {"name": {"type": "string", "maxLength": 80}, "age": {"type": "integer", "minimum": 0}, "more": {"type": "object"},
                            "where": {"type": "array", "items": {"$ref": "#/components/schemas/Place"}}},
                    }}}},
                    "responses": {"204": {"description": "done"}},
                },
            },
            "/customers": {"get": {"operationId": "listCustomers", "tags": ["customers"], "responses": {}}},
            "/upload": {"post": {"operationId": "upload", "requestBody": {"content": {"image/png": {}}}}},
        },
        "components": {
            "parameters": {"Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$"}}},
            "schemas": {
                "Customer": {"type": "object", "properties": {
                    "id": {"type": "string"}, "plan": {"$ref": "#/components/schemas/Plan"},
                    "parent": {"$ref": "#/components/schemas/Customer"},
                    "orders": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
                }},
                "Place": {"type": "object", "properties": {"zip": {"type": "integer"}, "in": {"$ref": "#/components/schemas/Place"}}},
                "Plan": {"allOf": [{"type": "object", "properties": {"name": {"type": "string"}}}]},
            },
        },
    })
}

pub(super) fn choice(include: &[&str], exclude: &[&str]) -> Choice {
    let own = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| Rule::parse(text).unwrap())
            .collect()
    };
    Choice {
        upstream: "crm".to_owned(),
        include: own(include),
        exclude: own(exclude),
        permission: "customer:read".to_owned(),
        write_permission: "customer:write".to_owned(),
        label: "confidential".to_owned(),
    }
}

pub(super) fn drafted(document: &Value, choice: &Choice) -> Result<String, Trouble> {
    draft(document.to_string().as_bytes(), choice)
}

/// What a server would make of the draft.
pub(super) fn declared(text: &str) -> Declared {
    let text = format!("[upstreams.crm]\nbase = \"https://api.example.com/v1\"\n{text}");
    let source = Source::new("draft", text.clone());
    let known = Taxonomy::default();
    let config: Config = source.parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    crate::endpoint::declare(&config, &source, &known, known.unlabelled())
        .unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn names(text: &str) -> Vec<String> {
    declared(text)
        .endpoints
        .into_iter()
        .map(|e| e.name)
        .collect()
}

#[test]
fn a_draft_is_a_configuration_that_a_server_takes() {
    for version in ["3.0.3", "3.1.0"] {
        let text = drafted(
            &document(version),
            &choice(&["tag:customers", "changeCustomer"], &[]),
        )
        .unwrap();
        let all = declared(&text).endpoints;
        let names: Vec<&str> = all.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["changeCustomer", "getCustomer", "listCustomers"]);
        let get = &all[1];
        assert_eq!(get.form(), "GET /customers/{id}");
        assert_eq!(get.permission.as_deref(), Some("customer:read"));
        assert_eq!(get.about, "One customer.");
        let parameters: Vec<&str> = get.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            parameters,
            ["api_cursor", "expand", "id"],
            "no header that forwards"
        );
        assert!(text.contains("pattern = \"[A-Z]{2}[0-9]{4}\""), "{text}");
        assert!(
            text.contains("\"orders[*].id\"") && text.contains("\"plan.name\""),
            "{text}"
        );
        let change = &all[0];
        assert_eq!(change.permission.as_deref(), Some("customer:write"));
        let parameters: Vec<&str> = change.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(parameters, ["age", "id", "name", "where"]);
        let at = &change.parameters[3];
        let form = guard::schema::Form::json(at);
        assert_eq!(
            form["items"]["properties"]["zip"],
            json!({"type": "integer"})
        );
    }
}

#[test]
fn a1_what_changes_something_is_taken_only_by_name_and_exclusion_wins() {
    let document = document("3.1.0");
    let of = |include: &[&str], exclude: &[&str]| {
        drafted(&document, &choice(include, exclude)).map(|text| names(&text))
    };
    let own = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&[], &[]), Ok(own(&["getCustomer", "listCustomers"])));
    assert_eq!(of(&["*"], &[]), Ok(own(&["getCustomer", "listCustomers"])));
    assert_eq!(of(&["changeCustomer"], &[]), Ok(own(&["changeCustomer"])));
    assert_eq!(
        of(&["tag:customers"], &["change*", "/customers"]),
        Ok(own(&["getCustomer"]))
    );
    assert_eq!(
        of(&["tag:customers", "PATCH /*", "method:patch", "*"], &[]),
        Ok(own(&["getCustomer", "listCustomers"]))
    );
    assert_eq!(
        of(&["PATCH /customers/{id}"], &[]),
        Ok(own(&["changeCustomer"]))
    );
    let misspelt = Rule::parse("*Cutsomer").unwrap();
    assert_eq!(of(&[], &["*Cutsomer"]), Err(Trouble::Unmatched(misspelt)));
    assert_eq!(
        of(&["getCustomer"], &["tag:customers"]),
        Err(Trouble::Nothing)
    );
    assert_eq!(of(&["/customers/*"], &["*Customer"]), Err(Trouble::Nothing));
}

#[test]
fn what_cannot_be_declared_is_left_out_with_a_reason() {
    let text = drafted(&document("3.1.0"), &choice(&["upload"], &[])).unwrap();
    assert!(
        text.contains("# left out: POST /upload: a body that is not JSON"),
        "{text}"
    );
    assert_eq!(names(&text), Vec::<String>::new());
}

#[test]
fn what_is_no_document_is_refused() {
    let choice = choice(&[], &[]);
    for (text, trouble) in [
        ("{openapi: 3.1.0}\n", Trouble::NotJson),
        (&"[".repeat(100_000), Trouble::Deep),
        ("{\"swagger\": \"2.0\"}", Trouble::Version),
        ("{\"openapi\": \"4.0.0\"}", Trouble::Version),
        ("{\"openapi\": \"3.1.0\"}", Trouble::NoPaths),
        ("{\"openapi\": \"3.1.0\", \"paths\": {}}", Trouble::Nothing),
    ] {
        assert_eq!(draft(text.as_bytes(), &choice), Err(trouble), "{text:.40}");
    }
}

#[test]
fn a8_a_hostile_document_writes_nothing_but_its_own_endpoints() {
    let evil =
        "x\"\npermission = \"\"\n[upstreams.evil]\nbase = \"https://evil.example\" #\u{202e}\u{0}";
    let document = json!({
        "openapi": "3.1.0",
        "servers": [{"url": evil}],
        "paths": {
            format!("/a/{evil}"): {"get": {"operationId": evil, "summary": evil}},
            "/b/{id}": {"get": {
                "operationId": evil, "summary": evil, "tags": [evil],
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "description": evil, "schema": {"type": "string", "pattern": evil}},
                    {"name": evil, "in": "query", "schema": {"type": "integer", "minimum": 1e308}},
                    {"name": "a", "in": "query", "schema": {"$ref": "https://evil.example/#/x"}},
                    {"name": "b", "in": "query", "schema": {"$ref": "#/paths"}},
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"properties": {evil: {}, "id": {}}}}}}},
            }},
            "/../c": {"get": {"operationId": "c"}},
        },
    });
    let text = drafted(&document, &choice(&[], &[])).unwrap();
    let declared = declared(&text);
    assert_eq!(declared.upstreams.len(), 1, "{text}");
    assert_eq!(declared.endpoints.len(), 1, "{text}");
    assert_eq!(
        declared.endpoints[0].permission.as_deref(),
        Some("customer:read")
    );
    assert!(!text.contains('\u{202e}'), "{text}");
}

proptest! {
    #[test]
    fn whatever_a_document_says_the_draft_is_toml(
        id in any::<String>(), summary in any::<String>(), name in any::<String>(), path in "/[a-z{}./\"\\\\#]{0,12}",
        kind in "string|integer|array|object|x", word in any::<String>(), bound in any::<f64>(),
    ) {
        let document = json!({
            "openapi": "3.0.0",
            "paths": {path: {"get": {
                "operationId": id, "summary": summary,
                "parameters": [{"name": name, "in": "query", "description": summary, "schema": {
                    "type": kind, "enum": [word], "minimum": bound, "pattern": format!("^{word}$"), "items": {"type": "string"},
                }}],
                "responses": {"200": {"content": {"application/json": {"schema": {"properties": {word: {}}}}}}},
            }}},
        });
        if let Ok(text) = drafted(&document, &choice(&[], &[])) {
            let _taken = declared(&text);
        }
    }
}

#[cfg(not(feature = "yaml"))]
#[test]
fn without_yaml_the_operator_is_told_what_to_do() {
    let told = draft(b"openapi: 3.1.0\npaths: {}\n", &choice(&[], &[]));
    assert_eq!(told, Err(Trouble::NoYaml));
}

#[cfg(feature = "yaml")]
#[test]
fn a_document_as_yaml_is_the_same_document() {
    let document = document("3.1.0");
    let text = "\
openapi: 3.1.0
paths:
  /on/{no}:
    get:
      operationId: get-no
      parameters:
        - {name: no, in: path, required: true, schema: &text {type: string}}
        - {name: yes, in: query, schema: *text}
      responses:
        200: {content: {application/json: {schema: {properties: {on: *text}}}}}
";
    let drafted_text = draft(text.as_bytes(), &choice(&[], &[])).unwrap();
    let all = declared(&drafted_text).endpoints;
    assert_eq!(all[0].form(), "GET /on/{no}");
    assert_eq!(all[0].parameters.len(), 2);
    assert!(drafted_text.contains("fields = [\"on\"]"), "{drafted_text}");
    // JSON is YAML, but for what stands first
    let all = choice(&[], &[]);
    let as_yaml = format!("# a comment\n{document}");
    assert_eq!(draft(as_yaml.as_bytes(), &all), drafted(&document, &all));
}
