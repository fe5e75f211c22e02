//! Upstreams that send elsewhere.

use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::respond;
use super::world;

const ENDPOINTS: &str = r#"
[endpoints.moved]
upstream = "crm"
get = "/moved/{to}"
label = "internal"
redirects = 2
parameters.to = { in = "path" }
[endpoints.still]
upstream = "crm"
get = "/still/{to}"
label = "internal"
parameters.to = { in = "path" }
[endpoints.target]
upstream = "crm"
get = "/target"
label = "internal"
[endpoints.secret]
upstream = "crm"
get = "/secret"
label = "confidential"
"#;

#[test]
fn o3_a_redirect_is_followed_to_a_declared_endpoint_of_the_same_host_and_nowhere_else() {
    let forbidden = Upstream::json(&json!({"stolen": true}));
    let elsewhere = forbidden.base();
    let port = elsewhere
        .rsplit_once(':')
        .unwrap()
        .1
        .trim_end_matches("/v1")
        .to_owned();
    let targets = [
        ("good", "/v1/target".to_owned()),
        ("other-port", format!("{elsewhere}/target")),
        ("name", format!("http://localhost:{port}/v1/target")),
        ("decimal", format!("http://2130706433:{port}/v1/target")),
        (
            "userinfo",
            format!("http://127.0.0.1@127.0.0.1:{port}/v1/target"),
        ),
        (
            "metadata",
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ),
        ("scheme", "file:///etc/passwd".to_owned()),
        ("network-path", format!("//127.0.0.1:{port}/v1/target")),
        ("undeclared", "/v1/admin".to_owned()),
        ("above", "/v1/secret".to_owned()),
        ("outside", "/target".to_owned()),
        ("dots", "/v1/target/../admin".to_owned()),
        ("loop", "/v1/moved/loop".to_owned()),
    ];
    let all = targets.clone();
    let upstream = Upstream::start(move |heard, stream| {
        let path = heard.path();
        let name = path.rsplit('/').next().unwrap_or_default();
        match all
            .iter()
            .find(|(own, _)| *own == name && path.contains("/moved/") || path.contains("/still/"))
        {
            Some((_, to)) => respond(stream, 302, &format!("location: {to}\r\n"), ""),
            None => respond(stream, 200, "", "{\"here\": true}"),
        }
    });
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let good = raw.call("moved", json!({"to": "good"})).ok();
    assert_eq!(good.structured()["data"], json!({"here": true}));
    for (name, _) in &targets[1..] {
        let answer = raw.call("moved", json!({"to": name}));
        assert!(
            !answer.0.to_string().contains("here"),
            "{name}: {}",
            answer.short()
        );
        assert!(
            !answer.0.to_string().contains("stolen"),
            "{name}: {}",
            answer.short()
        );
    }
    let answer = raw.call("still", json!({"to": "good"}));
    assert!(
        !answer.0.to_string().contains("here"),
        "not followed unless declared: {}",
        answer.short()
    );
    assert!(forbidden.heard().is_empty(), "{:?}", forbidden.heard());
    let asked: Vec<String> = upstream
        .heard()
        .iter()
        .map(|h| h.path().to_owned())
        .collect();
    for never in ["/v1/admin", "/v1/secret", "/target"] {
        assert!(!asked.contains(&never.to_owned()), "{never}: {asked:?}");
    }
    let loops = asked
        .iter()
        .filter(|path| *path == "/v1/moved/loop")
        .count();
    assert!(loops <= 3, "{loops}");
    finish(&world, &upstream, raw);
}
