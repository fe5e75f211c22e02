//! The watch over a trail: how well it does, what blinds it, and the program as it runs.
//!
//! | file       | holds                                                     |
//! |------------|-----------------------------------------------------------|
//! | `random`   | random figures from a seed                                |
//! | `act`      | a record as a simulated server writes it                  |
//! | `honest`   | people and machines who do nothing wrong                  |
//! | `injected` | what is wrong, and must be found or cannot be             |
//! | `trial`    | recall and false findings                                 |
//! | `rules`    | each rule at its threshold                                |
//! | `hostile`  | what clients can do to blind it                           |
//! | `trail`    | a trail of such records, as servers write it              |
//! | `program`  | the binary over such a trail                              |
//! | `sigma`    | the rules for other systems, judged by pySigma            |
//! | `cost`     | time and memory                                           |

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by a panic, drives a process over files, and makes figures of its own"
)]

#[path = "watch/act.rs"]
mod act;
#[path = "watch/cost.rs"]
mod cost;
#[path = "watch/honest.rs"]
mod honest;
#[path = "watch/hostile.rs"]
mod hostile;
#[path = "watch/injected.rs"]
mod injected;
#[path = "watch/program.rs"]
mod program;
#[path = "watch/random.rs"]
mod random;
#[path = "watch/rules.rs"]
mod rules;
#[path = "watch/sigma.rs"]
mod sigma;
#[path = "watch/trail.rs"]
mod trail;
#[path = "watch/trial.rs"]
mod trial;

use injected::CLASSES;
use trial::Score;
use trial::World;

fn score(seeds: std::ops::Range<u64>) -> Score {
    let mut score = Score::default();
    for seed in seeds {
        let world = World::new(seed);
        score.add(&world, &trial::watch(&world.acts, trial::settings()));
    }
    score
}

#[test]
#[ignore = "prints the tables of DETECTION.md; a minute in release"]
fn the_trial_over_twenty_seeds() {
    let score = score(0..20);
    println!(
        "{} records, {} principal-weeks\n",
        score.records, score.weeks
    );
    println!("{}", score.table());
}

#[test]
fn the_detectors_find_what_is_injected_and_leave_honest_work_alone() {
    let score = score(100..102);
    let table = score.table();
    for class in CLASSES {
        let recall = score.recall(class);
        if class.must_be_missed() {
            assert!(recall < 0.2, "{class:?} is not hidden:\n{table}");
        } else {
            assert!(recall >= 0.9, "{class:?}:\n{table}");
        }
    }
    assert!(score.false_rate() < 0.1, "{table}");
}
