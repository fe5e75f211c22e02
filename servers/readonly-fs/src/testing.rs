//! A server over a directory of its own, for tests.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make the files they look at"
)]

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::config::Source;
use guard::cursor::Seal;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use guard::principal::Principal;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Server;

use crate::ReadonlyFs;
use crate::config::Config;
use crate::tools::TOOLS;

/// A directory, a server over it, and somebody who asks.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) server: ReadonlyFs,
    shared: Shared,
}

/// An answer as its reader sees it.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) blocks: Vec<Block>,
    pub(crate) structured: Value,
    pub(crate) truncated: bool,
}

impl From<Answer> for Given {
    fn from(answer: Answer) -> Self {
        Self {
            structured: serde_json::from_str(answer.structured.as_json()).unwrap(),
            blocks: answer.blocks,
            truncated: answer.truncated,
        }
    }
}

impl World {
    /// A world of these files, whose root `docs` is labelled internal and has these keys and
    /// rules beside.
    pub(crate) fn new(files: &[(&str, &str)], keys: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("docs")).unwrap();
        for (name, text) in files {
            let path = dir.path().join("docs").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let text =
            format!("[[roots]]\nname = \"docs\"\npath = \"docs\"\nlabel = \"internal\"\n{keys}");
        let server = open(dir.path(), &text);
        let shared = Shared::new(Seal::new([7; 32], chrono::TimeDelta::seconds(600)));
        Self {
            dir,
            server,
            shared,
        }
    }

    /// A path in the root, for the test to change it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("docs").join(name)
    }

    /// A path beside the root.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A request of somebody cleared for `clearance`.
    pub(crate) fn request(&self, clearance: &str) -> Call {
        self.request_of("ada", clearance, CancellationToken::new())
    }

    pub(crate) fn request_of(
        &self,
        subject: &str,
        clearance: &str,
        cancel: CancellationToken,
    ) -> Call {
        self.request_with(subject, Clearance::up_to(label(clearance)), cancel)
    }

    pub(crate) fn request_cleared(&self, clearance: Clearance) -> Call {
        self.request_with("ada", clearance, CancellationToken::new())
    }

    fn request_with(&self, subject: &str, clearance: Clearance, cancel: CancellationToken) -> Call {
        let caller = Caller {
            principal: Principal::new(Principal::LOCAL, subject).unwrap(),
            clearance,
            ..Caller::default()
        };
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let time = Duration::from_secs(30);
        let id = uuid::Uuid::nil();
        Call::new(Arc::new(caller), id, now, time, cancel, &self.shared)
    }

    /// Calls a tool as somebody cleared for `clearance`.
    pub(crate) fn call_as(
        &self,
        clearance: &str,
        tool: &str,
        arguments: Value,
    ) -> Result<Given, Refusal> {
        self.call_with(self.request(clearance), tool, arguments)
    }

    pub(crate) fn call_with(
        &self,
        call: Call,
        tool: &str,
        arguments: Value,
    ) -> Result<Given, Refusal> {
        let tool = TOOLS.iter().find(|known| known.name == tool).unwrap();
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        let arguments = Arguments::check(tool.parameters, arguments)?;
        let clearance = call.caller().clearance;
        let outcome = block_on(self.server.call(call, tool.name, arguments))?;
        // whatever the test is about, an answer must be for its caller
        Ok(outcome.release(clearance).unwrap().into())
    }

    /// Calls a tool as somebody cleared for internal.
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Given {
        self.call_as("internal", tool, arguments).unwrap()
    }

    /// The lines of a listing as somebody cleared for `clearance`.
    pub(crate) fn listed(&self, clearance: &str, path: &str) -> Vec<String> {
        let arguments = json!({"path": path, "depth": 8, "hidden": true, "limit": 1000});
        match self.call_as(clearance, "list_directory", arguments) {
            Ok(answer) => lines(&answer),
            Err(Refusal::Denied(_)) => Vec::new(),
            Err(Refusal::Failed(fault)) => panic!("{}", fault.chain()),
        }
    }

    /// The text of a file, or the code of the refusal.
    pub(crate) fn read(&self, clearance: &str, path: &str) -> Result<String, Denial> {
        match self.call_as(clearance, "read_file", json!({ "path": path })) {
            Ok(answer) => Ok(text(&answer)),
            Err(Refusal::Denied(denial)) => Err(denial),
            Err(Refusal::Failed(fault)) => panic!("{}", fault.chain()),
        }
    }
}

/// A server over the directory `base`.
pub(crate) fn open(base: &Path, config: &str) -> ReadonlyFs {
    let source = Source::new(base.join("config.toml"), config);
    let config: Config = source.parse().unwrap();
    let unlabelled = Taxonomy::default().unlabelled();
    ReadonlyFs::open(&config, &source, &[], Taxonomy::default(), unlabelled).unwrap()
}

pub(crate) fn label(text: &str) -> Label {
    Taxonomy::default().parse(text).unwrap()
}

/// All text of an answer.
pub(crate) fn text(answer: &Given) -> String {
    let texts = answer.blocks.iter().map(|block| match block {
        Block::Text(text) => text.as_str(),
        Block::Image(_) | Block::Audio(_) | Block::Blob { .. } => "",
    });
    texts.collect()
}

/// Its lines, without those of the server's own.
pub(crate) fn lines(answer: &Given) -> Vec<String> {
    let text = text(answer);
    let lines = text.lines().filter(|line| !line.starts_with('['));
    lines.map(str::to_owned).collect()
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}
