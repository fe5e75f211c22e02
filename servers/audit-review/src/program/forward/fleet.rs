//! Runs the receivers, each in a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::watch;

use guard::audit::Audit;
use guard::program::Start;
use guard::program::StartError;

use super::super::AuditReviewProgram;
use super::drive::Drive;
use super::drive::End;
use super::log::Log;
use crate::effects::Trail;
use crate::effects::kept::KeptFile;
use crate::effects::kept::Trouble;
use crate::effects::send::receiver::Print;
use crate::effects::send::receiver::Sender;
use crate::forward::kept;
use crate::forward::kept::At;
use crate::forward::settings::From;
use crate::forward::settings::Receiver;

/// What all of them are to do.
#[derive(Clone, Debug)]
pub(in crate::program) struct Orders {
    /// The trail.
    pub(in crate::program) trail: Trail,
    /// Where it is recorded what happens.
    pub(in crate::program) audit: Arc<Audit>,
    /// Whether they end when all is sent.
    pub(in crate::program) once: bool,
    /// Whether they get the findings of `watch` alone.
    pub(in crate::program) findings: bool,
    /// The time between two looks.
    pub(in crate::program) every: Duration,
    /// How long one that ends when all is sent is waited for.
    pub(in crate::program) patience: Duration,
}

/// The receivers, on their way.
#[derive(Debug)]
pub(in crate::program) struct Fleet {
    threads: Vec<(String, JoinHandle<End>)>,
    stop: watch::Sender<bool>,
}

impl Fleet {
    /// Opens all, and then starts all: where one is configured wrongly, nothing is sent.
    pub(in crate::program) fn launch(
        receivers: &[Receiver],
        orders: &Orders,
        start: &Start<'_, AuditReviewProgram>,
        print: &mpsc::Sender<Print>,
    ) -> Result<Self, StartError> {
        let (stop, stopped) = watch::channel(false);
        let secrets = start.secrets();
        let mut drives = Vec::new();
        for receiver in receivers {
            let sender = Sender::open(receiver, start.source, &secrets, print)?;
            let (file, at) = place(receiver, orders)?;
            drives.push(Drive {
                receiver: receiver.clone(),
                sender,
                trail: orders.trail.clone(),
                at,
                file,
                log: Log::new(Arc::clone(&orders.audit), &receiver.name),
                once: orders.once,
                findings: orders.findings,
                every: orders.every,
                patience: orders.patience,
                stop: stopped.clone(),
            });
        }
        let mut fleet = Self {
            threads: Vec::new(),
            stop,
        };
        for drive in drives {
            let name = drive.receiver.name.clone();
            // held by each, so that whoever prints knows when all have ended
            let print = print.clone();
            let started = std::thread::Builder::new()
                .name(format!("to {name}"))
                .spawn(move || {
                    let end = thread(drive);
                    drop(print);
                    end
                });
            let started = started.map_err(|cause| StartError::step("start a thread", cause))?;
            fleet.threads.push((name, started));
        }
        Ok(fleet)
    }

    /// Tells all to stop.
    pub(in crate::program) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for all, and says what each came to.
    pub(in crate::program) fn join(self) -> Vec<(String, End)> {
        let ends = self.threads.into_iter().map(|(name, thread)| {
            // what a thread cannot say of itself is the worst
            let end = thread.join().unwrap_or(End::Behind);
            (name, end)
        });
        ends.collect()
    }
}

fn thread(drive: Drive) -> End {
    let log = drive.log.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            log.trouble(&format!("no runtime: {error}"));
            return End::Behind;
        }
    };
    log.start(drive.seq());
    let (end, seq) = runtime.block_on(drive.run());
    log.stop(seq);
    // a name that is still being resolved must not hold up the end
    runtime.shutdown_background();
    end
}

/// Where the receiver stands, and the file that keeps it.
fn place(receiver: &Receiver, orders: &Orders) -> Result<(KeptFile, At), StartError> {
    let path = path(receiver, orders);
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
        let step = format!("the position of `{}` in {}", receiver.name, path.display());
        StartError::step(step, cause)
    };
    let file = KeptFile::hold(&path).map_err(|cause| match cause {
        Trouble::Held => failed(HELD.into()),
        Trouble::System(..) | Trouble::Open | Trouble::Large => failed(cause.into()),
    })?;
    let kept = file
        .load(kept::MOST)
        .map_err(|cause| failed(cause.into()))?;
    if let Some(bytes) = kept {
        let at = kept::parse(&bytes, &receiver.kind).map_err(|cause| {
            let said = format!("{cause}: remove it, and it is sent from where `from` says");
            failed(said.into())
        })?;
        let (_, known) = orders
            .trail
            .after(&at.position)
            .map_err(|cause| failed(cause.into()))?;
        if !known {
            let said = "it is of another trail: remove it, and it is sent from where `from` says";
            return Err(failed(said.into()));
        }
        return Ok((file, at));
    }
    let position = orders
        .trail
        .end(receiver.from)
        .map_err(|cause| failed(cause.into()))?;
    let position = position.ok_or_else(|| failed("there is no trail yet".into()))?;
    let seq = match receiver.from {
        From::Start => Some(0),
        From::Now => position.last.map(|link| link.seq),
    };
    let at = At {
        position,
        seq,
        stuck: false,
    };
    // a receiver that begins now begins now, also if it takes nothing before the next start
    let kept = kept::print(&at, &receiver.kind);
    file.save(kept.as_bytes())
        .map_err(|cause| failed(cause.into()))?;
    Ok((file, at))
}

fn path(receiver: &Receiver, orders: &Orders) -> PathBuf {
    let mut path = orders.trail.dir().as_os_str().to_owned();
    path.push(".forward.");
    path.push(&receiver.name);
    if orders.findings {
        path.push(".alerts");
    }
    path.into()
}

const HELD: &str = "another process sends to this receiver: stop that one first";
