//! The configuration as a whole: what it declares, and where it is refused.

use guard::config::ConfigError;
use guard::config::Source;
use guard::label::Taxonomy;

use super::*;
use crate::effects::upstream::Credential;
use crate::endpoint;
use crate::endpoint::Declared;

fn read(text: &str) -> Result<Declared, ConfigError> {
    let source = Source::new("c", text);
    let known = Taxonomy::default();
    let config: Config = source.parse()?;
    endpoint::declare(&config, &source, &known, known.unlabelled())
}

const CRM: &str = "[upstreams.crm]\nbase = \"https://api.example.com/v1\"\n";

#[test]
fn the_example_is_read_and_says_what_is_the_default_anyway() {
    let text = include_str!("../../config.example.toml");
    let declared = read(text).unwrap();
    assert_eq!(declared.endpoints.len(), 2);
    let source = Source::new("c", text);
    let config: Config = source.parse().unwrap();
    let usual = Config::default();
    assert_eq!(
        format!("{:?}", config.limits),
        format!("{:?}", usual.limits)
    );
    assert_eq!(config.guard, usual.guard);
}

#[test]
fn the_shortest_declaration_is_three_lines_long() {
    let text = format!(
        "{CRM}credential = {{ bearer = \"env:EXTERNAL_API_KEY\" }}\n\
         [endpoints.a]\nupstream = \"crm\"\nget = \"/a\"\n"
    );
    let declared = read(&text).unwrap();
    let endpoint = &declared.endpoints[0];
    assert_eq!(endpoint.form(), "GET /a");
    assert_eq!(endpoint.label, Taxonomy::default().unlabelled());
    assert!(matches!(
        declared.upstreams[0].credential,
        Some(Credential::Bearer(_))
    ));
}

/// Reads `text` after the upstream, where it must be refused at `place`.
fn refused(text: &str, place: &str) {
    let whole = format!("{CRM}{text}");
    let error = read(&whole).unwrap_err().to_string();
    let told = error.starts_with(&format!("c:{place}: "));
    assert!(told, "{place}: {error}\n{text}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a1_what_is_wrong_is_refused_at_its_place_and_not_repeated() {
    let e = "[endpoints.e]\nupstream = \"crm\"\n"; // lines 3 and 4
    for (text, place) in [
        ("credential = \"hunter2\"", "3:14"),
        ("credential = { bearer = \"hunter2\" }", "3:14"),
        ("credential = { hunter2 = \"env:X\" }", "3:16"),
        (
            "credential = { basic = { user = \"a:hunter2\", password = \"env:X\" } }",
            "3:14",
        ),
        (
            "credential = { header = { name = \"Host\", value = \"env:X\" } }",
            "3:14",
        ),
        (
            "credential = { oauth2 = { token-url = \"http://hunter2.example/\", client-id = \"x\", client-secret = \"env:X\" } }",
            "3:14",
        ),
        ("user-context = { header = \"a: hunter2\" }", "3:16"),
        ("allow-addresses = [\"10.0.0.0/99\"]", "3:20"),
        (
            "client-certificate = { chain = \"c.pem\", key = \"-----BEGIN hunter2:\" }",
            "3:47",
        ),
        ("concurrent = 33", "3:14"),
        ("[upstreams.x]\nbase = \"http://hunter2.example\"", "4:8"),
        (
            "[upstreams.x]\nbase = \"https://user:hunter2@api.example.com\"",
            "4:8",
        ),
        (
            "[upstreams.\"hunter2 x\"]\nbase = \"https://a.example\"",
            "3:12",
        ),
        ("[endpoints.e]\nupstream = \"hunter2\"\nget = \"/\"", "4:12"),
        (
            "[endpoints.call_endpoint]\nupstream = \"crm\"\nget = \"/\"",
            "3:12",
        ),
        (
            "[endpoints.\"hunter2 x\"]\nupstream = \"crm\"\nget = \"/\"",
            "3:12",
        ),
    ] {
        refused(text, place);
    }
    for (text, place) in [
        ("", "3:12"),
        ("get = \"/\"\npost = \"/hunter2\"", "6:8"),
        ("get = \"/hunter2?x=1\"", "5:7"),
        ("get = \"/a/{id}\"", "5:7"),
        ("post = \"/\"", "5:8"),
        ("get = \"/\"\npermission = \"hunter2 x\"", "6:14"),
        ("get = \"/\"\nlabel = \"hunter2\"", "6:9"),
        ("get = \"/\"\nfields = [\"a\", \"hunter2[0]\"]", "6:16"),
        (
            "get = \"/\"\nfield-labels = { \"a.{hunter2}\" = \"internal\" }",
            "6:18",
        ),
        ("get = \"/\"\nfield-labels = { a = \"hunter2\" }", "6:22"),
        ("get = \"/\"\nmax-bytes = \"5 MiB\"", "6:13"),
        ("get = \"/\"\nredirects = 4", "6:13"),
        (
            "get = \"/\"\nheaders = { Authorization = \"hunter2\" }",
            "6:13",
        ),
        (
            "get = \"/\"\nheaders = { x = \"a\\r\\nhunter2: 1\" }",
            "6:13",
        ),
        (
            "get = \"/\"\npagination = { next = \"a\", page = \"p\" }",
            "6:14",
        ),
        ("get = \"/\"\npagination = { cursor = \"a\" }", "6:14"),
        ("get = \"/\"\nhunter2 = 1", "6:1"),
    ] {
        refused(&format!("{e}{text}"), place);
    }
}

#[test]
fn o1_what_a_parameter_cannot_be_is_refused() {
    let head = "[endpoints.e]\nupstream = \"crm\"\nget = \"/{id}\"\n"; // lines 3 to 5
    let id = "[endpoints.e.parameters.id]\nin = \"path\"\n"; // lines 6 and 7
    for (text, place) in [
        ("pattern = \"(hunter2\"", "8:11"),
        ("pattern = \"a)|(?:hunter2\"", "8:11"),
        ("type = \"boolean\"", "8:8"),
        ("type = \"string[]\"", "8:8"),
        ("type = \"hunter2\"", "8:8"),
        ("type = \"integer\"\npattern = \"hunter2\"", "9:11"),
        ("min = 1", "8:7"),
        ("lines = true", "7:6"),
        ("join = \",\"", "8:8"),
        ("type = \"integer\"\nmin = 2\nmax = 1", "10:7"),
        ("type = \"integer\"\nmin = 1.5", "9:7"),
        ("type = \"integer\"\nmin = nan", "9:7"),
        ("one-of = []", "8:10"),
        ("reserved = \"\\n\"", "8:12"),
        ("max-length = 0", "8:14"),
        ("default = \"hunter2\"", "8:1"),
    ] {
        refused(&format!("{head}{id}{text}"), place);
    }
    for (name, rest, place) in [
        ("other", "in = \"path\"", "8:25"),
        ("cursor", "in = \"query\"", "8:25"),
        ("fields", "in = \"query\"", "8:25"),
        ("\"hunter2 x\"", "in = \"query\"", "8:25"),
        ("x", "in = \"body\"", "9:6"),
        ("x", "in = \"header\"\nname = \"X-Forwarded-For\"", "10:8"),
        ("x", "in = \"header\"\nname = \"X-User-Context\"", "10:8"),
        ("x", "in = \"query\"\nname = \"key\"", "8:25"),
        ("x", "in = \"query\"\nname = \"page\"", "8:25"),
        ("x", "in = \"query\"\nname = \"fixed\"", "8:25"),
    ] {
        let crm = "[upstreams.crm]\nbase = \"https://api.example.com\"\n\
                   credential = { query = { name = \"key\", value = \"env:K\" } }\n";
        let text = format!(
            "{crm}[endpoints.e]\nupstream = \"crm\"\nget = \"/\"\nquery = {{ fixed = \"1\" }}\n\
             [endpoints.e.parameters.{name}]\n{rest}\n[endpoints.e.pagination]\npage = \"page\"\n"
        );
        let error = read(&text).unwrap_err().to_string();
        let told = error.starts_with(&format!("c:{place}: "));
        assert!(told, "{name} {place}: {error}\n{text}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
