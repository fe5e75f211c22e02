//! Who sees what: readers of different clearance over the same files.

mod cursors;
mod doors;
mod views;

use harness::Era;
use harness::Raw;
use harness::World;

/// What only a cleared reader may see, in names and in contents.
const SEALED: [&str; 3] = ["hr", "pay.md", "wages-4711"];

/// Files of several labels, and a policy with a reader for each.
fn office() -> World {
    let world = World::new();
    world.file("root/news.md", "word of the day\n");
    world.file("root/plan.md", "word of a plan\n");
    world.file("root/hr/pay.md", "word of wages-4711\n");
    world.file("root/hr/deep/pay.md", "word of wages-4711\n");
    world.file("root/sub/hr-like.md", "word of nobody\n");
    world.file("root/listed/minutes.md", "word of minutes-0815\n");
    world.file("vault/hr-only.md", "word of wages-4711\n");
    world.file(
        "config.toml",
        r#"
[[roots]]
name = "docs"
path = "root"
label = "internal"

[[roots.label-rules]]
paths = ["hr/**", "hr"]
label = "confidential+personal"

[[roots.label-rules]]
paths = ["news.md"]
label = "public"

[[roots.label-rules]]
paths = ["listed/*.md"]
label = "confidential"
visible = "internal"

[[roots]]
name = "hr-vault"
path = "vault"
label = "confidential+personal"
"#,
    );
    world.file(
        "policy.toml",
        r#"
[roles.visitor]
clearance = "public"

[roles.staff]
clearance = "internal"

[roles.hr]
clearance = "confidential+personal"

[[grants]]
subject = "vera"
role = "visitor"
until = 2999-01-01T00:00:00Z

[[grants]]
subject = "stan"
role = "staff"
until = 2999-01-01T00:00:00Z

[[grants]]
subject = "hanna"
role = "hr"
until = 2999-01-01T00:00:00Z

[[grants]]
subject = "simon"
role = "staff"
until = 2999-01-01T00:00:00Z
"#,
    );
    world
}

/// A session of `who`.
fn session(world: &World, who: &str, era: Era) -> Raw {
    let subject = format!("--subject={who}");
    let arguments = [
        "--audit={dir}/audit",
        "--config={dir}/config.toml",
        "--policy={dir}/policy.toml",
        &subject,
    ];
    world.start(era, &arguments)
}
