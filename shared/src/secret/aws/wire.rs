//! Requests to AWS, as often as it takes and no longer than there is time.
//!
//! # Invariants
//!
//! - All of one load ends within its patience.
//! - What may be answered better in a moment is asked again, at growing distances; nothing else is.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;

use super::load::Clock;
use super::settings::Settings;
use crate::secret::Trouble;
use crate::secret::Unreached;
use crate::secret::http::Answer;
use crate::secret::http::Client;
use crate::secret::http::Origin;
use crate::secret::http::Request;

/// The way to AWS, for one load.
#[derive(Debug)]
pub(super) struct Wire {
    client: Client,
    clock: Clock,
    deadline: Instant,
}

impl Wire {
    /// Trusts whom the system trusts, or those of `AWS_CA_BUNDLE`.
    pub(super) fn new(
        settings: &Settings<'_>,
        clock: Clock,
        patience: Duration,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            client: Client::new(&settings.roots()?)?,
            clock,
            deadline: Instant::now() + patience,
        })
    }

    /// What time it is.
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Asks, and again while the answer is one that passes. The request is made anew each time, for
    /// a signature holds the time.
    pub(super) fn ask(
        &self,
        origin: &Origin,
        request: impl Fn() -> Result<Request, Unreached>,
        is_passing: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, Trouble> {
        let mut pause = FIRST_PAUSE;
        loop {
            let outcome = self.send(origin, &request()?);
            let again = match &outcome {
                Ok(answer) => is_passing(answer),
                Err(unreached) => may_pass(*unreached),
            };
            let asked = outcome.as_ref().ok().and_then(Answer::retry_after);
            pause = pause.max(asked.unwrap_or_default());
            let left = self.deadline.saturating_duration_since(Instant::now());
            if !again || left <= pause + FIRST_PAUSE {
                return Ok(outcome?);
            }
            thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
    }

    /// Asks once.
    pub(super) fn send(&self, origin: &Origin, request: &Request) -> Result<Answer, Unreached> {
        let deadline = self.deadline.min(Instant::now() + ONE_PATIENCE);
        self.client.send(origin, request, deadline)
    }
}

fn may_pass(unreached: Unreached) -> bool {
    matches!(
        unreached,
        Unreached::Connect(_) | Unreached::Late | Unreached::Broken | Unreached::Name
    )
}

/// For one request: AWS answers in a tenth of a second.
const ONE_PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
