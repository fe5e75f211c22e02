//! What is recorded, whatever happens: kills, full disks, closed directories, company.

mod company;
mod disk;
mod kill;
mod requests;
mod signed;

use harness::World;

fn world() -> World {
    let world = World::new();
    world.file("root/small.txt", "small\n");
    world.file("root/other.txt", "other\n");
    world
}
