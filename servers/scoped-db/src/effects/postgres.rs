//! PostgreSQL through tokio-postgres.
//!
//! # Invariants
//!
//! - Nothing is connected before the first use, and nothing is bound to the runtime of that use.
//! - A read that found its connection broken before it began is run once more on a new one;
//!   nothing else is ever run twice.

mod bind;
mod catalog;
mod change;
mod decode;
mod explain;
mod link;
mod pool;
mod prepared;
pub mod proof;
mod read;
mod time;
mod tls;
mod trouble;
mod verdict;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use guard::call::Call;
use guard::error::Fault;
use guard::error::Refusal;
use guard::secret::Secret;

use super::PlanStep;
use super::Rows;
use super::catalog::Catalog;
use crate::connection::SslMode;
use crate::connection::Target;
use crate::permit::Change;
use crate::permit::Query;
use catalog::Wanted;
use link::Link;
use pool::Lease;
use pool::Pool;
use pool::within;
use read::Ended;

/// A server that answers.
pub struct Postgres {
    pool: Arc<Pool>,
}

/// How the server is used.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most connections at one time.
    pub connections: usize,
    /// How long a statement may run that nothing else bounds.
    pub statement: Duration,
}

/// One connection of its own, for what is done at start.
#[derive(Debug)]
pub struct Session {
    link: Link,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 8,
            statement: Duration::from_secs(10),
        }
    }
}

impl Postgres {
    /// The server at `target`. `password` is asked anew for each connection, so that a changed
    /// one needs no restart; and once more, with the one that was refused, for another. Nothing is
    /// connected yet.
    pub fn open(
        target: Target,
        password: impl Fn(Option<&Arc<Secret>>) -> Result<Option<Arc<Secret>>, Fault>
        + Send
        + Sync
        + 'static,
        settings: Settings,
    ) -> Self {
        for host in &target.hosts {
            if matches!(host.tls, SslMode::Require) {
                tracing::warn!(%host, "the server is not verified: sslmode=require encrypts, no more");
            }
        }
        Self {
            pool: Pool::new(target, Box::new(password), settings),
        }
    }

    /// A connection of its own, made now and closed when it is dropped.
    ///
    /// # Errors
    ///
    /// If no server can be reached, or none lets the role in.
    pub async fn session(&self) -> Result<Session, Fault> {
        // what is read at start is the catalog, whatever a caller's statement may take
        let settings = Settings {
            statement: START_TIME,
            ..self.pool.settings
        };
        let link = self.pool.connect(&settings).await;
        let link = link.map_err(|unreached| unreached.fault)?;
        Ok(Session { link })
    }

    pub(super) async fn query(&self, call: &Call, query: &Query) -> Result<Rows, Refusal> {
        let mut lease = self.pool.lease(call).await?;
        let mut outcome = self.once(&mut lease, call, query).await?;
        if matches!(&outcome, Err(ended) if ended.unused) && !lease.fresh {
            lease.renew(call).await?;
            outcome = self.once(&mut lease, call, query).await?;
        }
        match outcome {
            Ok((rows, clean)) => {
                lease.done(clean);
                Ok(rows)
            }
            Err(ended) => Err(lease.ended(ended)),
        }
    }

    async fn once(
        &self,
        lease: &mut Lease,
        call: &Call,
        query: &Query,
    ) -> Result<Result<(Rows, bool), Ended>, Refusal> {
        let limit = query.limits().time;
        lease.running = true;
        let link = lease.link()?;
        within(call, limit, async {
            Ok(read::run(link, call, query).await)
        })
        .await
    }

    pub(super) async fn explain(
        &self,
        call: &Call,
        query: &Query,
    ) -> Result<Vec<PlanStep>, Refusal> {
        let mut lease = self.pool.lease(call).await?;
        let mut outcome = self.plan_once(&mut lease, call, query).await?;
        if matches!(&outcome, Err(ended) if ended.unused) && !lease.fresh {
            lease.renew(call).await?;
            outcome = self.plan_once(&mut lease, call, query).await?;
        }
        match outcome {
            Ok(plan) => {
                lease.done(true);
                Ok(explain::steps(&plan))
            }
            Err(ended) => Err(lease.ended(ended)),
        }
    }

    async fn plan_once(
        &self,
        lease: &mut Lease,
        call: &Call,
        query: &Query,
    ) -> Result<Result<serde_json::Value, Ended>, Refusal> {
        let limit = query.limits().time;
        lease.running = true;
        let link = lease.link()?;
        within(call, limit, async { Ok(read::plan(link, query).await) }).await
    }

    pub(super) async fn change(&self, call: &Call, change: &Change) -> Result<u64, Refusal> {
        let mut lease = self.pool.lease(call).await?;
        let limit = change.limits().time;
        // A connection that waited may be broken. Asking is cheap; running twice is not safe.
        if !lease.fresh {
            let link = lease.link()?;
            let asked = async { Ok(link.client.check_connection().await.is_ok()) };
            if !within(call, limit, asked).await? {
                lease.renew(call).await?;
            }
        }
        lease.running = true;
        let link = lease.link()?;
        let done = within(call, limit, async { Ok(change::run(link, change).await) }).await?;
        let count = match done {
            Ok(count) => count,
            Err(ended) => return Err(lease.ended(ended)),
        };
        // Not `within`: a caller who leaves now would not know whether it was done.
        match change::commit(lease.link()?).await {
            Ok(()) => {
                lease.done(true);
                Ok(count)
            }
            Err(ended) => Err(lease.ended(ended)),
        }
    }
}

const START_TIME: Duration = Duration::from_secs(30);

impl Session {
    /// What the database has, as far as the role sees it, and what is said about it.
    ///
    /// # Errors
    ///
    /// If the catalog cannot be read.
    pub async fn catalog(&self) -> Result<Catalog, Fault> {
        catalog::read(&self.link.client, Wanted::All).await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.pool.target.to_string();
        f.debug_struct("Postgres").field("target", &target).finish()
    }
}
