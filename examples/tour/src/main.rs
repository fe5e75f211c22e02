//! `cargo run --release -p tour`: the tour, from the first reader to the verified trail.

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use tour::attacks;
use tour::binary;
use tour::client::Client;
use tour::readers;
use tour::screen::Screen;
use tour::stage::Stage;
use tour::trail;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut screen = Screen::new();
    match tour(&mut screen).await {
        Ok(()) => screen.end(),
        Err(error) => {
            screen.failed(&error);
            ExitCode::FAILURE
        }
    }
}

async fn tour(screen: &mut Screen) -> io::Result<()> {
    let binary = binary::build()?;
    let begun = Instant::now();
    let stage = Stage::set()?;
    screen.title("Keyhole: one folder, two readers, one record");
    screen.say("A language model asks for files. The server decides what exists for it.");

    let support = Client::start(&binary, stage.path(), &stage.arguments("support-desk")).await?;
    let hr = Client::start(&binary, stage.path(), &stage.arguments("hr-desk")).await?;
    readers::show(screen, &support, &hr).await?;
    attacks::show(screen, &stage, &support).await?;
    support.stop().await?;
    hr.stop().await?;
    trail::show(screen, &stage)?;

    screen.say(&format!("\nTook {:.1} s.", begun.elapsed().as_secs_f64()));
    Ok(())
}
