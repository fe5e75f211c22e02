//! Changes of real files, told or not.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make the files they look at"
)]

use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use guard::label::Clearance;

use super::Held;
use super::Watcher;
use crate::scope::RelPath;
use crate::testing::World;
use crate::testing::label;

fn watch(world: &World, watcher: &Watcher, path: &str) -> (Held, Receiver<()>) {
    let scope = world.server.scope();
    let place = scope.top(0).unwrap().at(RelPath::parse(path).unwrap());
    let clearance = Clearance::up_to(label("internal"));
    let permit = scope.permit_look(&place, clearance).unwrap();
    let handles = world.server.handles();
    let looked = handles.look(&permit).unwrap();
    let (sender, receiver) = mpsc::channel();
    let tell = move || sender.send(()).unwrap_or_default();
    let held = handles.watch(watcher, &permit, &looked, tell).unwrap();
    (held, receiver)
}

fn told(receiver: &Receiver<()>) -> bool {
    let told = receiver.recv_timeout(Duration::from_millis(300)).is_ok();
    while receiver.recv_timeout(Duration::from_millis(30)).is_ok() {}
    told
}

#[test]
fn a_file_is_watched_also_when_another_takes_its_place() {
    let world = World::new(&[("a.md", "one"), ("b.md", "one")], "");
    let watcher = Watcher::default();
    let (held, changes) = watch(&world, &watcher, "a.md");
    std::fs::write(world.path("b.md"), "two").unwrap();
    assert!(!told(&changes));
    std::fs::write(world.path("a.md"), "two").unwrap();
    assert!(told(&changes));
    std::fs::rename(world.path("b.md"), world.path("a.md")).unwrap();
    assert!(told(&changes));
    std::fs::write(world.path("a.md"), "three").unwrap();
    assert!(told(&changes));
    drop(held);
    std::fs::write(world.path("a.md"), "four").unwrap();
    assert!(!told(&changes));
}

#[test]
fn a2_a_directory_tells_of_what_exists_for_the_reader_only() {
    let rule = "[[roots.label-rules]]\npaths = [\"*.key\"]\nlabel = \"confidential\"\n";
    let world = World::new(&[("a.md", "one")], rule);
    let watcher = Watcher::default();
    let (_held, changes) = watch(&world, &watcher, "");
    std::fs::write(world.path("my.key"), "secret").unwrap();
    std::fs::remove_file(world.path("my.key")).unwrap();
    assert!(!told(&changes));
    std::fs::write(world.path("new.md"), "new").unwrap();
    assert!(told(&changes));
}

#[test]
fn two_who_watch_one_thing_do_not_end_each_others_watch() {
    let world = World::new(&[("a.md", "one")], "");
    let watcher = Watcher::default();
    let (one, first) = watch(&world, &watcher, "a.md");
    let (_two, second) = watch(&world, &watcher, "a.md");
    drop(one);
    std::fs::write(world.path("a.md"), "two").unwrap();
    assert!(told(&second) && !told(&first));
}
