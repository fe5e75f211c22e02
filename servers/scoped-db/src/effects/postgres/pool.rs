//! The connections that are open, and who may use one.
//!
//! # Invariants
//!
//! - There are never more connections than configured, idle ones included.
//! - A connection comes back only by [`Lease::give_back`]. In every other case, a panic and a
//!   dropped future among them, what runs on it is stopped and it is closed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::broker::Outside;
use guard::call::Call;
use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use guard::error::fault;
use guard::secret::Secret;
use guard::secret::SecretRef;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Settings;
use super::link::Link;
use super::link::Unreached;
use super::read::Ended;
use crate::connection::Target;

/// All connections to one target.
pub(super) struct Pool {
    pub(super) target: Target,
    pub(super) settings: Settings,
    outside: Arc<dyn Outside>,
    password: Option<SecretRef>,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<(Link, Instant)>>,
    /// Whether somebody closes what is idle for long.
    swept: AtomicBool,
}

/// A connection for one call.
pub(super) struct Lease {
    link: Option<Link>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
    /// Whether it was made for this call.
    pub(super) fresh: bool,
    /// Whether something may run on it.
    pub(super) running: bool,
}

impl Pool {
    pub(super) fn new(
        target: Target,
        outside: Arc<dyn Outside>,
        password: Option<SecretRef>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            target,
            settings,
            outside,
            password,
            places: Arc::new(Semaphore::new(settings.connections.max(1))),
            idle: Mutex::default(),
            swept: AtomicBool::new(false),
        })
    }

    /// A connection that is not kept. Where the password is refused, and was changed since it was
    /// read, it is tried once more.
    pub(super) async fn connect(self: &Arc<Self>, settings: &Settings) -> Result<Link, Unreached> {
        let Some(kept) = &self.password else {
            return self.with(None, settings).await;
        };
        let password = self.outside.secret(kept).await.map_err(fault(LOAD))?;
        let unreached = match self.with(Some(&password), settings).await {
            Err(unreached) if unreached.refused => unreached,
            done => return done,
        };
        let another = self.outside.another(kept, &password).await;
        let Some(another) = another.map_err(fault(LOAD))? else {
            return Err(unreached);
        };
        tracing::info!("the password of the database was changed; connecting with the new one");
        self.with(Some(&another), settings).await
    }

    async fn with(
        &self,
        password: Option<&Secret>,
        settings: &Settings,
    ) -> Result<Link, Unreached> {
        Link::connect(&self.target, &self.outside, password, settings).await
    }

    /// Waits for a place, and takes an idle connection or makes one.
    pub(super) async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease, Refusal> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::select! {
            biased;
            () = call.cancellation().cancelled() => return Err(Denial::Cancelled.into()),
            place = place => place.map_err(|_| Denial::Busy)?,
            () = tokio::time::sleep(call.remaining()) => return Err(Denial::Busy.into()),
        };
        let (link, fresh) = match self.take_idle() {
            Some(link) => (link, false),
            None => (
                within(call, call.remaining(), self.connected()).await?,
                true,
            ),
        };
        Ok(Lease {
            link: Some(link),
            pool: Arc::clone(self),
            _place: place,
            fresh,
            running: false,
        })
    }

    async fn connected(self: &Arc<Self>) -> Result<Link, Refusal> {
        let connected = self.connect(&self.settings).await;
        connected.map_err(|Unreached { fault, full, .. }| {
            if !full {
                return fault.into();
            }
            tracing::warn!(cause = fault.chain(), "the database lets nobody more in");
            Denial::Busy.into()
        })
    }

    fn take_idle(&self) -> Option<Link> {
        let mut idle = self.idle();
        while let Some((link, _)) = idle.pop() {
            if !link.is_closed() {
                return Some(link);
            }
        }
        None
    }

    fn keep(self: &Arc<Self>, link: Link) {
        self.idle().push((link, Instant::now()));
        if !self.swept.swap(true, Ordering::AcqRel) {
            drop(tokio::spawn(sweep(Sweeper(Arc::downgrade(self)))));
        }
    }

    /// Closes what was idle for long. Gives back whether there is more to watch.
    fn close_idle(&self) -> bool {
        let mut idle = self.idle();
        idle.retain(|(link, since)| !link.is_closed() && since.elapsed() < IDLE);
        !idle.is_empty()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Link, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The connection.
    pub(super) fn link(&mut self) -> Result<&mut Link, Refusal> {
        let gone = || Fault::new("use the connection", "it was given back");
        self.link.as_mut().ok_or_else(|| gone().into())
    }

    /// Puts a new connection in the place of one that turned out to be broken. All that are idle
    /// go with it: what broke one has mostly broken them all.
    pub(super) async fn renew(&mut self, call: &Call) -> Result<(), Refusal> {
        self.link = None;
        self.pool.idle().clear();
        let link = within(call, call.remaining(), self.pool.connected()).await?;
        self.link = Some(link);
        self.fresh = true;
        self.running = false;
        Ok(())
    }

    /// What a caller hears; the connection goes on if its session is as it was.
    pub(super) fn ended(self, ended: Ended) -> Refusal {
        self.done(ended.clean);
        ended.refusal
    }

    /// Gives the connection back if it is clean.
    pub(super) fn done(self, clean: bool) {
        if clean {
            self.give_back();
        }
    }

    /// Lets another call have the connection.
    fn give_back(mut self) {
        if let Some(link) = self.link.take() {
            self.pool.keep(link);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.link.take() {
            Some(link) if self.running => link.stop(),
            link => drop(link),
        }
    }
}

/// What `work` gives, unless the call ends before or it takes longer than `limit`.
pub(super) async fn within<T>(
    call: &Call,
    limit: Duration,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let limit = limit.min(call.remaining());
    tokio::select! {
        biased;
        () = call.cancellation().cancelled() => Err(Denial::Cancelled.into()),
        outcome = work => outcome,
        () = tokio::time::sleep(limit) => Err(Denial::TimedOut.into()),
    }
}

/// Says that nobody closes what is idle, however the one who did has ended.
struct Sweeper(Weak<Pool>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.swept.store(false, Ordering::Release);
        }
    }
}

async fn sweep(sweeper: Sweeper) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = sweeper.0.upgrade() else {
            return;
        };
        if !pool.close_idle() {
            return;
        }
    }
}

const LOAD: &str = "load the password";
/// How long a connection may wait for work.
const IDLE: Duration = Duration::from_secs(180);
const SWEEP: Duration = Duration::from_secs(30);
