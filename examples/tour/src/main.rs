//! `cargo run --release -p tour`: the tour, from the first reader to the last verified trail.
//!
//! With `-- --sqlite` the database is a file, also where PostgreSQL is found.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use tour::announced;
use tour::api::Api;
use tour::attacks;
use tour::binary;
use tour::client::Client;
use tour::client::Talk;
use tour::crm::Crm;
use tour::desks;
use tour::errands;
use tour::grant;
use tour::lineage;
use tour::readers;
use tour::screen::Screen;
use tour::stage::Stage;
use tour::statements;
use tour::trail;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut screen = Screen::new();
    // what was started and set up is taken down in either case
    let ended = tokio::select! {
        ended = tour(&mut screen) => ended,
        _ = tokio::signal::ctrl_c() => Err(io::Error::from(io::ErrorKind::Interrupted)),
    };
    match ended {
        Ok(()) => screen.end(),
        Err(error) => {
            screen.failed(&error);
            ExitCode::FAILURE
        }
    }
}

async fn tour(screen: &mut Screen) -> io::Result<()> {
    let files = binary::build("readonly-fs", &[])?;
    let database = binary::build("scoped-db", &["sqlite"])?;
    let fetcher = binary::build("api-fetch", &[])?;
    let sample = binary::build("sample-crm", &[])?;
    let begun = Instant::now();
    folder(screen, &files).await?;
    tables(screen, database).await?;
    endpoints(screen, fetcher, &sample).await?;
    screen.say(&format!("\nTook {:.1} s.", begun.elapsed().as_secs_f64()));
    Ok(())
}

async fn folder(screen: &mut Screen, binary: &Path) -> io::Result<()> {
    let stage = Stage::set()?;
    screen.title("Keyhole: one folder, two readers, one record");
    screen.say("A language model asks for files. The server decides what exists for it.");

    let support = Client::start(binary, stage.path(), &stage.arguments("support-desk")).await?;
    let hr = Client::start(binary, stage.path(), &stage.arguments("hr-desk")).await?;
    readers::show(screen, &support, &hr).await?;
    attacks::show(screen, &stage, &support).await?;
    support.stop().await?;
    hr.stop().await?;
    trail::show(screen, &stage)
}

async fn tables(screen: &mut Screen, binary: PathBuf) -> io::Result<()> {
    let crm = Crm::set(binary, std::env::args().any(|word| word == "--sqlite"))?;
    screen.title("Keyhole: one database, two desks, one record");
    screen.say("A language model writes SQL. The server decides what exists for it.");
    screen.say(&crm.engine()?);

    let support = crm.start("support-desk").await?;
    let auditor = crm.start("auditor").await?;
    desks::show(screen, &support, &auditor).await?;
    statements::show(screen, &crm, &support).await?;
    support.stop().await?;
    auditor.stop().await?;
    lineage::show(screen, &crm)
}

async fn endpoints(screen: &mut Screen, binary: PathBuf, sample: &Path) -> io::Result<()> {
    let api = Api::set(binary, sample)?;
    screen.title("Keyhole: one API, one key, one hour");
    screen
        .say("A language model asks for a customer. The server decides whether it may, and calls.");

    let mut talk = Talk::new(api.start().await?);
    grant::before(screen, &api, &mut talk).await?;
    grant::begins(screen, &api, &mut talk).await?;
    errands::show(screen, &api, &mut talk).await?;
    errands::attack(screen, &api, &mut talk).await?;
    grant::ends(screen, &api, &mut talk).await?;
    let heard = talk.end().await?;
    announced::show(screen, &api, &heard)
}
