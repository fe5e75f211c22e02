//! The tool of `floor` behind the gate of `guard`: what the checks, the label and the record cost,
//! whatever the tool.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use chrono::Utc;
use guard::audit::Audit;
use guard::audit::Origin;
use guard::audit::Settings;
use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::gate::Desk;
use guard::gate::Limits;
use guard::gate::record_id;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Labeled;
use guard::label::Taxonomy;
use guard::policy::Policy;
use guard::policy::PolicySource;
use guard::principal::Principal;
use guard::schema::Arguments;
use guard::schema::Kind;
use guard::schema::Parameter;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;
use guard::server::Server;
use guard::server::Tool;
use guard::session::Session;

struct Guarded {
    label: Label,
}

const TOOLS: &[Tool] = &[Tool {
    name: "read_file",
    title: "",
    about: "reads a file",
    parameters: &[Parameter::new("path", Kind::Text(4096), "")],
    output: r#"{"type":"object"}"#,
    permission: None,
    open_world: false,
    writes: false,
}];

impl Server for Guarded {
    const NAME: &'static str = "guarded";
    const VERSION: &'static str = "0";
    const TITLE: &'static str = "Guarded";
    const RESOURCES: bool = false;

    fn tools(&self) -> &[Tool] {
        TOOLS
    }

    fn instructions(&self, _: &Caller) -> String {
        String::new()
    }

    async fn call(&self, _: Call, _: &'static str, arguments: Arguments) -> Outcome<Answer> {
        let text = match arguments.given().get("path").and_then(|path| path.as_str()) {
            Some(path) => std::fs::read_to_string(path).unwrap_or_default(),
            None => "ok".to_owned(),
        };
        let answer = Answer {
            blocks: vec![Block::Text(text)],
            ..Answer::default()
        };
        Ok(Labeled::new(answer, self.label))
    }

    fn opened(&self) -> Clearance {
        Clearance::up_to(self.label)
    }
}

fn main() {
    let trail: PathBuf = std::env::args_os().nth(1).expect("a directory").into();
    let now = Utc::now();
    let audit = Audit::open(Settings::new(trail), Origin::default(), now).expect("a trail");
    let label = Taxonomy::default().parse("internal").expect("a label");
    let server = Arc::new(Guarded { label });
    let policy = Arc::new(PolicySource::fixed(Policy::local(server.opened())));
    let user = Principal::new(Principal::LOCAL, "bench").expect("a principal");
    let session = Session::new(record_id(now), user, Arc::clone(&policy));
    let shared = Shared::new(Seal::new([0; 32], TimeDelta::seconds(60)));
    let limits = Limits {
        deadline: Duration::from_secs(30),
        concurrent: 64,
        waiting: 256,
        peer_uid: None,
    };
    let desk = Arc::new(Desk::new(session, audit, shared, limits, Utc::now));
    let streams = guard::serve::Streams::of_process();
    let served = guard::serve::stdio(server, &desk, &policy, streams, 1 << 20, 4);
    served.expect("a session");
}
