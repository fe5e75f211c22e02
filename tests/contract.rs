//! What every server promises. A new folder in `servers/` is found and tested as it is.

mod end;
mod start;
mod wire;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::servers;
use harness::workspace;

/// A server with its example configuration, in a world of its own.
struct Subject {
    name: String,
    world: World,
}

/// One for every server. A server without an example configuration is a failure.
fn subjects() -> Vec<Subject> {
    servers().into_iter().map(Subject::new).collect()
}

impl Subject {
    fn new(name: String) -> Self {
        let world = World::new();
        let folder = workspace().join("servers").join(&name);
        let text = std::fs::read_to_string(folder.join("config.example.toml"));
        let text = text.unwrap_or_else(|_| panic!("{name} has no config.example.toml"));
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("path = \"./") {
                world.dir(path.trim_end_matches('"'));
            }
            if let Some(path) = line.strip_prefix("sqlite = \"./") {
                let data = std::fs::read_to_string(folder.join("example.sql"));
                let data = data.unwrap_or_else(|_| panic!("{name} has no example.sql"));
                let path = world.path(path.trim_end_matches('"'));
                let file = rusqlite::Connection::open(path).expect("a database file");
                file.execute_batch(&data).expect("example.sql is right");
            }
        }
        world.file("config.toml", &text);
        Self { name, world }
    }

    fn start(&self, era: Era, more: &[&str]) -> Raw {
        let mut arguments = vec!["--config={dir}/config.toml", "--audit={dir}/audit"];
        arguments.extend(more);
        Raw::start(&bin(&self.name), &self.world.arguments(&arguments), era)
    }

    fn run(&self, arguments: &[&str]) -> harness::Ran {
        harness::run(&bin(&self.name), &self.world.arguments(arguments))
    }
}

/// A policy that lets `ada` see all.
const POLICY: &str = "[roles.all]\nclearance = \"confidential+personal\"\n\n\
                      [stdio]\nsubject = \"ada\"\nroles = [\"all\"]\n";
