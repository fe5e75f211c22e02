//! Asks PostgreSQL's own parser about every statement that the gate of `scoped-db` lets through.
//!
//! `judge [MANY] [SEED]` prints each disagreement, and exits with 1 if there was one. With `-` it
//! prints what becomes of each line of its input instead.
//!
//! The parser is C and its binding wants libclang to build: `apt-get install libclang-dev`, and
//! `LIBCLANG_PATH=/usr/lib/llvm-NN/lib` where it is not found by itself. Then, in this folder,
//! `cargo run --release -- 2000000`.

mod shop;
mod verdict;

// where the generator is tested; it needs nothing but the standard library
#[path = "../../../servers/scoped-db/src/statement/tests/generate.rs"]
mod generate;

use std::io::BufRead;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use scoped_db::statement::Dialect;
use scoped_db::statement::translate;

use generate::Choices;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("-") {
        return print();
    }
    let mut given = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut number = |default| given.next().and_then(Result::ok).unwrap_or(default);
    let (many, seed) = (number(200_000), number(1));
    let view = shop::view();
    let corpus: Vec<&str> = shop::HONEST.lines().collect();
    let mut random = Random(seed.max(1));
    let (mut accepted, mut wrong) = (0_u64, 0_u64);
    let (mut slowest, mut all) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..many {
        let bytes = random.bytes();
        let mut choices = Choices::new(&bytes);
        let sql = if random.next() % 4 == 0 {
            generate::mutation(&mut choices, &corpus)
        } else {
            generate::statement(&mut choices)
        };
        let began = Instant::now();
        let answer = translate(&sql, &view, Dialect::Postgres, shop::BOUNDS);
        let took = began.elapsed();
        all += took;
        if took > slowest {
            slowest = took;
            println!("slowest so far: {took:?} for {sql:?}");
        }
        let Ok(done) = answer else {
            continue;
        };
        accepted += 1;
        if let Err(reason) = verdict::judge(&done) {
            wrong += 1;
            println!("{reason}\n  given:   {sql:?}\n  printed: {}\n", done.sql);
        }
    }
    println!("{many} statements, {accepted} let through, {wrong} wrong (seed {seed})");
    println!(
        "{} ns each, the slowest {slowest:?}",
        all.as_nanos() / u128::from(many.max(1))
    );
    ExitCode::from(u8::from(wrong > 0))
}

/// A line is a statement.
fn print() -> ExitCode {
    let view = shop::view();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match translate(&line, &view, Dialect::Postgres, shop::BOUNDS) {
            Ok(done) => println!("{};", done.sql),
            Err(denial) => println!("-- {denial}"),
        }
    }
    ExitCode::SUCCESS
}

/// xorshift64*: the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.next() % 80).unwrap_or(0);
        (0..length)
            .flat_map(|_| self.next().to_be_bytes())
            .collect()
    }
}
