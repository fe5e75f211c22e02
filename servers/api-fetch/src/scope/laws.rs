//! Whatever goes in: what is permitted stays at its endpoint, read by a second parser.

use proptest::prelude::*;
use serde_json::json;
use url::Url;

use guard::config::Source;
use guard::label::Clearance;
use guard::label::Taxonomy;

use super::*;
use crate::config::Config;
use crate::effects::upstream::Base;
use crate::endpoint;

const CONFIG: &str = r#"
    [upstreams.crm]
    base = "https://api.example.com:8443/v1"
    credential = { query = { name = "key", value = "env:KEY" } }

    [upstreams.other]
    base = "https://other.example.com"

    [endpoints.all]
    upstream = "crm"
    put = "/a/{plain}/b/v{open}/{number}"
    permission = "a:write"
    label = "internal"
    query = { fixed = "a b" }
    headers = { Accept-Language = "en" }
    [endpoints.all.parameters]
    plain = { in = "path" }
    open = { in = "path", reserved = "/\\%?#;@ &=+é" }
    number = { in = "path", type = "integer" }
    q = { in = "query" }
    list = { in = "query", type = "string[]" }
    joined = { in = "query", type = "string[]", join = "," }
    flag = { in = "query", type = "boolean" }
    header = { in = "header", name = "X-Note" }
    text = { in = "body" }
    lines = { in = "body", lines = true }

    [endpoints.list]
    upstream = "crm"
    get = "/list"
    label = "internal"
    pagination = { next = "next" }

    [endpoints.one]
    upstream = "crm"
    get = "/list/{id}"
    permission = "one:read"
    label = "internal"
    parameters.id = { in = "path", pattern = "[0-9]+" }

    [endpoints.secret]
    upstream = "crm"
    get = "/secret"
    label = "confidential"

    [endpoints.elsewhere]
    upstream = "other"
    get = "/elsewhere"
    label = "internal"
"#;

fn scope() -> Scope {
    static SCOPE: std::sync::OnceLock<Scope> = std::sync::OnceLock::new();
    *SCOPE.get_or_init(|| {
        let source = Source::new("c", CONFIG);
        let known = Taxonomy::default();
        let config: Config = source.parse().unwrap();
        let declared = endpoint::declare(&config, &source, &known, known.unlabelled()).unwrap();
        Scope::new(declared.endpoints)
    })
}

fn caller(label: &str, permissions: &[&str]) -> Caller {
    Caller {
        clearance: Clearance::up_to(Taxonomy::default().parse(label).unwrap()),
        permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
        ..Caller::default()
    }
}

fn permit(given: &Value) -> Result<Permit, Denial> {
    let ada = caller("internal", &["a:write"]);
    let endpoint = scope().endpoint("all").unwrap();
    scope().permit(&ada, endpoint, given.as_object().unwrap(), None)
}

/// The address as whoever sends it joins it.
fn address(permit: &Permit) -> String {
    let base = Base::parse("https://api.example.com:8443/v1").unwrap();
    let query = permit
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let query = query.collect::<Vec<_>>().join("&");
    format!("{base}{}?{query}", permit.path)
}

#[test]
fn what_is_declared_is_permitted() {
    let permit = permit(&json!({
        "plain": "AB-1", "open": "a/b", "number": -7, "q": "x&y=z", "list": ["1", "2"],
        "joined": ["a", "b"], "flag": true, "header": "a b", "text": "t", "lines": "a\nb",
    }))
    .unwrap();
    assert_eq!(permit.path, "/a/AB-1/b/va%2Fb/-7");
    let query: Vec<String> = permit
        .query
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    assert_eq!(
        query.join("&"),
        "fixed=a%20b&flag=true&joined=a%2Cb&list=1&list=2&q=x%26y%3Dz"
    );
    let headers = [("accept-language", "en"), ("x-note", "a b")];
    assert_eq!(
        permit.headers,
        headers.map(|(n, v)| (n.to_owned(), v.to_owned()))
    );
    assert_eq!(permit.body.unwrap(), br#"{"lines":"a\nb","text":"t"}"#);
}

#[test]
fn a1_permission_and_clearance_come_before_anything_of_the_call() {
    let nonsense = json!({"hunter2": 1});
    let endpoint = scope().endpoint("all").unwrap();
    for (who, denial) in [
        (caller("public", &[]), Denial::NotPermitted),
        (caller("internal", &["a:read"]), Denial::NotPermitted),
        (caller("public", &["a:write"]), Denial::NotCleared),
    ] {
        let given = nonsense.as_object().unwrap();
        assert_eq!(scope().permit(&who, endpoint, given, None), Err(denial));
        assert_eq!(scope().find(&who, "all").unwrap_err().code(), "not_found");
    }
    let nobody = caller("confidential+personal", &[]);
    let open: Vec<&str> = scope().open_to(&nobody).map(|e| e.name.as_str()).collect();
    assert_eq!(open, ["elsewhere", "list", "secret"]);
}

#[test]
fn o3_hostile_values_are_refused_and_not_repaired() {
    let fine = json!({"plain": "a", "open": "b", "number": 1});
    assert!(permit(&fine).is_ok());
    for (name, value) in [
        ("plain", json!("..")),
        ("plain", json!(".")),
        ("plain", json!("a/b")),
        ("plain", json!("a%2fb")),
        ("plain", json!("")),
        ("plain", json!(" a")),
        ("plain", json!("é")),
        ("plain", json!("a".repeat(129))),
        ("plain", json!(1)),
        ("plain", json!(["a"])),
        ("plain", json!(null)),
        ("open", json!("..")),
        ("open", json!("a/../b")),
        ("open", json!("a\\..\\b")),
        ("open", json!("a\r\nb")),
        ("open", json!("a\u{0}b")),
        ("open", json!("a:b")),
        ("number", json!("1")),
        ("number", json!(1.0)),
        ("number", json!(1e300)),
        ("q", json!("a\r\nHost: evil")),
        ("q", json!("a".repeat(257))),
        ("list", json!("a")),
        ("list", json!(["a", 1])),
        ("list", json!(vec!["a"; 21])),
        ("joined", json!(["a,b"])),
        ("flag", json!("true")),
        ("flag", json!(1)),
        ("header", json!("a\nb")),
        ("header", json!("a\u{7f}")),
        ("header", json!("é")),
        ("header", json!(" a")),
        ("text", json!("a\nb")),
        ("text", json!({"a": 1})),
        ("lines", json!("a\u{1b}[2J")),
        ("unknown", json!("x")),
        ("Authorization", json!("x")),
        ("x-note", json!("x")),
    ] {
        let mut given = fine.clone();
        given[name] = value.clone();
        let denial = permit(&given).unwrap_err();
        assert_eq!(denial.code(), "malformed", "{name}: {value}");
        assert!(!denial.to_string().contains("evil"));
    }
}

#[test]
fn o3_a_page_never_sets_the_credential_and_replaces_what_it_names() {
    let ada = caller("internal", &[]);
    let endpoint = scope().endpoint("list").unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let onward = Onward::Query(vec![
        pair("KEY", "stolen"),
        pair("after", "a&b"),
        pair("k\u{65}y", "x"),
    ]);
    let permit = scope()
        .permit(&ada, endpoint, &Map::new(), Some(&onward))
        .unwrap();
    assert_eq!(permit.query, [pair("after", "a%26b")]);
    assert_eq!(permit.path, "/list");
}

#[test]
fn o3_a_redirect_leads_only_to_what_the_caller_may_read_themselves() {
    let list = scope().endpoint("list").unwrap();
    let ada = caller("confidential", &["one:read", "a:write"]);
    for (path, leads) in [
        ("/list", true),
        ("/list/7", true),
        ("/list/x", false),
        ("/list/7/", false),
        ("/list/../secret", false),
        ("/list/%2e%2e", false),
        // more sensitive than what was asked for
        ("/secret", false),
        // of another host, and a write
        ("/elsewhere", false),
        ("/a/x/b/vy/1", false),
        ("/", false),
        ("", false),
    ] {
        assert_eq!(scope().leads(&ada, list, path), leads, "{path}");
    }
    let ben = caller("confidential", &[]);
    assert!(!scope().leads(&ben, list, "/list/7"));
}

/// Texts that are made of what attacks are made of.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9._~-]{1,12}",
        "[./\\\\%?#;@:&=+ ,a2eEfF\r\n\t\u{0}\u{7f}é\u{ff0e}\u{2215}\u{202e}]{0,12}",
        "(\\.\\./|%2e%2e%2f|\\.\\.;/|//evil|@evil|#|\\?x=1){1,3}",
        any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => text().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        2 => prop::collection::vec(text(), 0..4).prop_map(Value::from),
    ]
}

fn given() -> impl Strategy<Value = Value> {
    let fits = (text(), text(), any::<i64>());
    let others = prop::collection::btree_map(
        prop_oneof!["q|list|joined|flag|header|text|lines", text()],
        value(),
        0..3,
    );
    (fits, others).prop_map(|((plain, open, number), others)| {
        let mut given = json!({"plain": plain, "open": open, "number": number});
        for (name, value) in others {
            given[name] = value;
        }
        given
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn o3_whatever_goes_in_the_address_stays_at_its_endpoint(given in given()) {
        let Ok(permit) = permit(&given) else { return Ok(()) };
        let address = address(&permit);
        let url = Url::parse(&address).unwrap();
        // nothing was read in another way than it was written
        prop_assert_eq!(url.as_str(), address.as_str());
        prop_assert_eq!(url.scheme(), "https");
        prop_assert_eq!(url.host_str(), Some("api.example.com"));
        prop_assert_eq!(url.port(), Some(8443));
        prop_assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        prop_assert_eq!(segments.len(), 6);
        prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1", "a", "b"));
        let decode = |text: &str| decoded(text).unwrap();
        prop_assert_eq!(Value::from(decode(segments[2])), given["plain"].clone());
        prop_assert_eq!(Value::from(decode(segments[4].strip_prefix('v').unwrap())), given["open"].clone());
        prop_assert_eq!(segments[5], given["number"].to_string());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for (name, value) in &pairs {
            let known = match name.as_str() {
                "fixed" => *value == "a b",
                "q" => given["q"] == value.as_str(),
                "flag" => given["flag"].as_bool() == value.parse().ok(),
                "list" => given["list"].as_array().unwrap().contains(&Value::from(value.as_str())),
                "joined" => {
                    let items: Vec<&str> = given["joined"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
                    items.join(",") == *value
                }
                _ => false,
            };
            prop_assert!(known, "{name}={value}");
        }
        for (name, value) in &permit.headers {
            prop_assert!(["accept-language", "x-note"].contains(&name.as_str()));
            prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
        let body: Value = serde_json::from_slice(permit.body.as_ref().unwrap()).unwrap();
        for (name, value) in body.as_object().unwrap() {
            prop_assert_eq!(&given[name], value);
        }
    }

    #[test]
    fn a1_no_permission_no_permit_whatever_goes_in(given in given()) {
        let endpoint = scope().endpoint("all").unwrap();
        for who in [caller("confidential+personal", &["b:write"]), caller("public", &["a:write"])] {
            prop_assert!(scope().permit(&who, endpoint, given.as_object().unwrap(), None).is_err());
        }
    }

    #[test]
    fn encoding_and_decoding_are_each_others_inverse(text in any::<String>()) {
        prop_assert_eq!(decoded(&encoded(&text)), Some(text));
    }
}
