//! Ways out of the root: climbing, links, second names, and a race.

use std::io;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::client::Client;
use crate::screen::Screen;
use crate::stage::CANARY;
use crate::stage::HARMLESS;
use crate::stage::Stage;

/// Tries them all as `reader`.
///
/// # Errors
///
/// If the server stops answering or the stage cannot be changed.
pub async fn show(screen: &mut Screen, stage: &Stage, reader: &Client) -> io::Result<()> {
    screen.heading("5. Nothing leads out");
    screen.say("\nOutside of the root lies a file that nobody may see.");
    let absolute = stage.path().join("outside").join("note.md");
    let absolute = absolute.to_string_lossy().into_owned();
    for (how, path) in [
        ("climbing", "handbook/public/../../outside/note.md"),
        (
            "climbing, spelled as an escape",
            "handbook/\\x2e\\x2e/outside/note.md",
        ),
        ("an absolute path", absolute.as_str()),
        ("a symbolic link that leads out", "handbook/public/link.md"),
        (
            "a link to the server's environment",
            "handbook/public/environ",
        ),
        (
            "a second name of the file (hard link)",
            "handbook/public/second-name.md",
        ),
    ] {
        let said = reader.call("read_file", &json!({ "path": path })).await?;
        let refused = said.refused && !said.mentions(CANARY);
        let first = said.text.lines().next().unwrap_or_default();
        screen.promise(refused, &format!("{how}: {first}"));
    }
    let said = reader
        .call("search_text", &json!({ "pattern": CANARY }))
        .await?;
    screen.promise(
        !said.text.contains(CANARY),
        "searching for the text of that file finds nothing",
    );

    screen.heading("6. A race");
    race(screen, stage, reader).await
}

/// Reads one path for a second while another thread flips a directory of it.
async fn race(screen: &mut Screen, stage: &Stage, reader: &Client) -> io::Result<()> {
    screen.say("\nA thread flips public/box between a directory and a link to the outside.");
    let flipper = stage.flip();
    let path = json!({ "path": "handbook/public/box/note.md" });
    let end = Instant::now() + Duration::from_secs(1);
    let (mut answered, mut refused, mut leaked) = (0_u32, 0_u32, 0_u32);
    while Instant::now() < end {
        // many at a time: they share the wait for the disk that each record needs
        for said in reader.call_at_once(AT_ONCE, "read_file", &path).await? {
            if said.mentions(CANARY) {
                leaked += 1;
            } else if said.refused {
                refused += 1;
            } else if said.text.contains(HARMLESS) {
                answered += 1;
            }
        }
    }
    let flips = flipper.stop()?;
    let count = format!("{flips} flips; {answered} reads answered, {refused} refused");
    screen.quote(&count, 1);
    screen.promise(leaked == 0, &format!("{leaked} leaks"));
    screen.promise(answered > 0, "and the right file was read all the while");
    Ok(())
}

const AT_ONCE: usize = 24;
