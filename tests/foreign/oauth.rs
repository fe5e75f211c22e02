//! A token server that others wrote (npm's `oidc-provider`) grants api-fetch its tokens.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use harness::Ended;
use harness::Era;
use harness::PATIENCE;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;
use serde_json::Value;
use serde_json::json;

use super::installed;

/// All that a form may not hold as it is.
const SECRET: &str = "canary secret+7%1f&=\"";
/// How long a token is good for. It is used for half of it, so that it never ends on its way.
const SECONDS: u64 = 6;

/// The token server, which is the API as well.
struct Issuer {
    child: Child,
    base: String,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Issuer {
    /// Starts it with two clients; none where it is not installed.
    fn start() -> Option<Self> {
        let node = installed("node_modules/node/bin/node")?;
        installed("node_modules/oidc-provider/package.json")?;
        let script = installed("issuer.mjs")?;
        let clients = json!([
            {"client_id": "keyhole:1", "client_secret": SECRET,
             "token_endpoint_auth_method": "client_secret_basic", "scope": "crm.read"},
            {"client_id": "posts", "client_secret": SECRET,
             "token_endpoint_auth_method": "client_secret_post"},
        ]);
        let mut child = Command::new(node)
            .arg(script)
            .env_clear()
            .env("ISSUER_CLIENTS", clients.to_string())
            .env("ISSUER_SECONDS", SECONDS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let told = Arc::new(Mutex::new(Vec::new()));
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let kept = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // what it warns of is no JSON
                if let Ok(value) = serde_json::from_str(&line) {
                    kept.lock().expect("whole").push(value);
                }
            }
        });
        let mut issuer = Self {
            child,
            base: String::new(),
            told,
        };
        let address = until(PATIENCE, || issuer.all("issuer").pop()).expect("it starts");
        issuer.base = address.as_str().expect("an address").to_owned();
        Some(issuer)
    }

    /// What it told under this name so far.
    fn all(&self, name: &str) -> Vec<Value> {
        let told = self.told.lock().expect("whole");
        let told = told.iter().filter_map(|told| told.get(name).cloned());
        told.collect()
    }

    fn count(&self, name: &str) -> usize {
        self.all(name).len()
    }

    fn order(&mut self, order: &str) {
        let stdin = self.child.stdin.as_mut().expect("piped");
        writeln!(stdin, "{order}").expect("it listens");
        let done = || self.all("done").contains(&order.into()).then_some(());
        until(PATIENCE, done).expect("it is done");
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A world in which the API is called as the client `id`.
fn world(issuer: &Issuer, id: &str, more: &str) -> World {
    let world = World::new();
    let base = &issuer.base;
    let config = format!(
        "[upstreams.crm]\nbase = \"{base}/v1\"\n\
         allow-addresses = [\"127.0.0.0/8\"]\ndangerous-plain-http = true\n\
         [upstreams.crm.credential.oauth2]\ntoken-url = \"{base}/token\"\n\
         client-id = \"{id}\"\nclient-secret = \"env:CRM_SECRET\"\n{more}\n\
         [endpoints.who-am-i]\nupstream = \"crm\"\nget = \"/me\"\nlabel = \"internal\"\n"
    );
    world.file("config.toml", config);
    world
}

fn serve(world: &World, secret: &str) -> Raw {
    let mut command = Command::new(bin("api-fetch"));
    let arguments = ["--config={dir}/config.toml", "--audit={dir}/audit"];
    command.args(world.arguments(&arguments));
    command.env_clear().env("CRM_SECRET", secret);
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    raw
}

/// Ends the session; neither the secret nor any token that was granted is in what it left behind.
fn finish(issuer: &Issuer, world: &World, raw: Raw) -> Ended {
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in [SECRET, "canary", "guessed-wrong"] {
        world.assert_never(&ended, secret);
    }
    for token in issuer.all("token") {
        world.assert_never(&ended, token.as_str().expect("a token"));
    }
    ended
}

fn who(raw: &mut Raw) -> Value {
    let answer = raw.call("who-am-i", json!({})).ok();
    answer.structured()["data"].clone()
}

#[test]
fn a_real_token_server_is_asked_once_whoever_calls_and_again_when_the_token_ends() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    let world = world(&issuer, "keyhole:1", "scope = \"crm.read\"");
    let mut raw = serve(&world, SECRET);
    let me = json!({"client": "keyhole:1", "scope": "crm.read"});
    let start = Instant::now();
    // fewer than the upstream takes at once, so that all of them wait for the same token
    let calls: Vec<u64> = (0..6)
        .map(|_| raw.begin_call("who-am-i", json!({})))
        .collect();
    for id in calls {
        assert_eq!(raw.wait(id).ok().structured()["data"], me);
    }
    assert_eq!(issuer.count("grant"), 1, "one for all that came at once");
    while start.elapsed() < Duration::from_secs(SECONDS / 4) {
        assert_eq!(who(&mut raw), me);
    }
    if start.elapsed() < Duration::from_secs(SECONDS / 2) {
        assert_eq!(issuer.count("grant"), 1, "and for those that follow");
    }
    // nothing is refused on the way: what will end soon is no longer used
    until(PATIENCE, || {
        assert_eq!(who(&mut raw), me);
        (issuer.count("grant") == 2).then_some(())
    })
    .expect("it is renewed");
    assert!(start.elapsed() >= Duration::from_secs(SECONDS / 2));
    assert!(issuer.all("api").iter().all(|good| *good == true));
    let tokens = issuer.all("token");
    assert_ne!(tokens[0], tokens[1]);
    finish(&issuer, &world, raw);
}

#[test]
fn a_client_that_is_registered_to_post_its_secret_posts_it() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    // RFC 6749, 2.3.1: whoever takes a password has to take the header, so both ways work
    for method in ["client_secret_basic", "client_secret_post"] {
        let more = format!("token-endpoint-auth-method = \"{method}\"");
        let world = world(&issuer, "posts", &more);
        let mut raw = serve(&world, SECRET);
        assert_eq!(who(&mut raw), json!({"client": "posts", "scope": null}));
        finish(&issuer, &world, raw);
    }
}

#[test]
fn o4_a_refused_client_learns_nothing_and_sends_nothing_to_the_api() {
    let Some(issuer) = Issuer::start() else {
        return;
    };
    for (id, secret) in [("keyhole:1", "guessed-wrong"), ("nobody", SECRET)] {
        let world = world(&issuer, id, "");
        let mut raw = serve(&world, secret);
        let refused = issuer.count("refused");
        for _ in 0..3 {
            let answer = raw.call("who-am-i", json!({}));
            assert_eq!(answer.code(), Some("failed"), "{}", answer.short());
            let told = answer.0.to_string();
            for word in ["invalid_client", "token", "127.0.0.1", id] {
                assert!(!told.contains(word), "{word}: {told}");
            }
        }
        assert!(issuer.count("refused") > refused);
        let ended = finish(&issuer, &world, raw);
        assert!(
            ended.stderr.contains("the token endpoint refused"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!((issuer.count("grant"), issuer.count("api")), (0, 0));
}

#[test]
fn a_token_that_is_taken_back_is_renewed_and_a_client_that_is_gone_is_refused() {
    let Some(mut issuer) = Issuer::start() else {
        return;
    };
    let world = world(&issuer, "keyhole:1", "");
    let mut raw = serve(&world, SECRET);
    who(&mut raw);
    issuer.order("forget");
    assert_eq!(who(&mut raw)["client"], "keyhole:1");
    assert_eq!(issuer.count("grant"), 2);
    assert_eq!(
        issuer.all("api"),
        [true, false, true],
        "refused once, not twice"
    );

    issuer.order("revoke keyhole:1");
    let answer = raw.call("who-am-i", json!({}));
    assert!(!answer.is_ok(), "{}", answer.short());
    assert_eq!(answer.code(), Some("failed"), "{}", answer.short());
    assert_eq!(issuer.all("refused"), ["invalid_client"]);
    finish(&issuer, &world, raw);
}
