//! What is read without a thread of its own is what the long way reads.

use super::*;

/// What is opened at once under `path` as somebody cleared for internal.
fn at_once(world: &World, path: &str) -> Option<Vec<u8>> {
    let scope = world.server.scope();
    let place = scope.readings(path).ok()?.into_iter().next()?;
    let clearance = Clearance::up_to(crate::testing::label("internal"));
    let permit = scope.permit_read(&place, clearance).ok()?;
    let (file, whole) = world.server.handles().open_at_once(&permit)?.into_file();
    let source = Source::at_hand(&file, whole?, &|| Ok(()));
    Some(source.rest(0).unwrap().unwrap().to_vec())
}

#[test]
fn what_is_at_hand_is_read_at_once_and_is_what_the_long_way_reads() {
    let world = trapped(HR);
    let text = "line\n".repeat(800);
    std::fs::write(world.path("small"), &text).unwrap();
    std::fs::write(world.path("empty"), "").unwrap();
    for path in ["docs/small", "docs/in.md", "docs/sub/deep.md", "docs/empty"] {
        let long = world.read("internal", path).unwrap();
        // an old kernel, or a disk that must be asked, takes the long way
        if let Some(content) = at_once(&world, path) {
            assert_eq!(
                String::from_utf8(content).unwrap(),
                long.replace("[nothing]\n", "")
            );
        }
    }
}

#[test]
fn a1_nothing_is_opened_at_once_that_is_not_opened_the_long_way() {
    let world = trapped(HR);
    std::fs::write(world.path("large"), vec![b'x'; 70_000]).unwrap();
    for path in TRAPS.iter().filter(|trap| **trap != "in.md/") {
        assert_eq!(at_once(&world, &format!("docs/{path}")), None, "{path}");
    }
    // the rest is possible, but not easy, or forbidden
    for path in [
        "docs",
        "docs/sub",
        "docs/large",
        "docs/good",
        "docs/good-dir/deep.md",
        "docs/hr/pay.md",
        "docs/absent",
    ] {
        assert_eq!(at_once(&world, path), None, "{path}");
    }
}
