//! One connection: how it is made, what is set on it, how what runs on it is stopped.
//!
//! # Invariants
//!
//! - A session is read-only by default, sees no schema but the system's, and ends statements,
//!   waits for locks and idle transactions by itself: what a statement is not told later holds
//!   from the start.
//! - The password is shown to nothing but the login.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use guard::broker::Outside;
use guard::error::Fault;
use guard::error::fault;
use guard::secret::Secret;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::config::ChannelBinding;
use tokio_postgres::config::Config;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Settings;
use super::prepared::Statements;
use super::stream::Stream;
use super::tls;
use super::trouble::is_full;
use super::trouble::is_refused;
use super::trouble::start_failure;
use crate::connection::Attributes;
use crate::connection::Binding;
use crate::connection::Host;
use crate::connection::Place;
use crate::connection::SslMode;
use crate::connection::Target;

/// A session with the server.
pub(super) struct Link {
    pub(super) client: Arc<Client>,
    pub(super) statements: Statements,
    /// The first number of the server's version.
    pub(super) version: u32,
    /// How long a statement may run that is told nothing else.
    statement: Duration,
    /// The end of the last transaction, which nobody waited for.
    ending: Option<Ending>,
    way: Way,
    driver: JoinHandle<()>,
}

/// How another connection to the same server is made.
struct Way {
    outside: Arc<dyn Outside>,
    /// Which of the hosts it is.
    host: usize,
    /// What its certificate must be for.
    name: String,
    tls: MakeRustlsConnect,
}

impl Way {
    async fn go(&mut self, time: Duration) -> Result<(Stream, Shaking), Fault> {
        let dialled = self.outside.dial(self.host, time).await;
        let stream = Stream::of(dialled.map_err(fault(CONNECT))?).map_err(fault(CONNECT))?;
        let tls = MakeTlsConnect::<Stream>::make_tls_connect(&mut self.tls, &self.name);
        Ok((stream, tls.map_err(fault("prepare TLS"))?))
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Unreached {
    /// For the operator.
    pub(super) fault: Fault,
    /// Whether the server has as many connections as it, or the role, may have.
    pub(super) full: bool,
    /// Whether a server did not let the password in.
    pub(super) refused: bool,
}

impl From<Fault> for Unreached {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            full: false,
            refused: false,
        }
    }
}

/// The handshake of one connection; its type has no name of its own.
type Shaking = <MakeRustlsConnect as MakeTlsConnect<Stream>>::TlsConnect;

/// The answer to a message that ends a transaction.
pub(super) type Ending =
    Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send + Sync>>;

impl Link {
    /// Connects to the first server that will do.
    pub(super) async fn connect(
        target: &Target,
        outside: &Arc<dyn Outside>,
        password: Option<&Secret>,
        settings: &Settings,
    ) -> Result<Self, Unreached> {
        let mut last = None;
        let mut refused = false;
        for (number, host) in target.hosts.iter().enumerate() {
            let config = config(target, host, password);
            let attempt = async {
                let way = Way {
                    outside: Arc::clone(outside),
                    host: number,
                    name: match &host.place {
                        Place::Tcp(name) => name.clone(),
                        Place::Socket(_) => String::new(),
                    },
                    tls: tls::connector(target, host.tls, outside.as_ref()).await?,
                };
                Self::to(way, &config, target, settings).await
            };
            match tokio::time::timeout(target.connect_timeout, attempt).await {
                Ok(Ok(link)) => return Ok(link),
                Ok(Err(unreached)) => {
                    refused |= unreached.refused;
                    last = Some(unreached);
                }
                Err(_) => {
                    let late = format!("no answer from {host} in time");
                    last = Some(Fault::new(CONNECT, late).into());
                }
            }
        }
        let last = last.unwrap_or_else(|| Fault::new(CONNECT, "no host").into());
        Err(Unreached { refused, ..last })
    }

    async fn to(
        mut way: Way,
        config: &Config,
        target: &Target,
        settings: &Settings,
    ) -> Result<Self, Unreached> {
        let (stream, tls) = way.go(target.connect_timeout).await?;
        let connected = config.connect_raw(stream, tls).await;
        let (client, connection) = connected.map_err(|error| Unreached {
            full: is_full(&error),
            refused: is_refused(&error),
            fault: start_failure(CONNECT, &error),
        })?;
        let version = connection.parameter("server_version").map(major);
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                let fault = start_failure("keep the connection", &error);
                tracing::debug!(cause = fault.chain(), "a connection to the database ended");
            }
        });
        let link = Self {
            client: Arc::new(client),
            statements: Statements::default(),
            version: version.unwrap_or_default(),
            statement: settings.statement,
            ending: None,
            way,
            driver,
        };
        link.prepare(target, settings).await?;
        Ok(link)
    }

    async fn prepare(&self, target: &Target, settings: &Settings) -> Result<(), Fault> {
        let setup = setup(settings);
        let standing = async {
            let told = self.client.simple_query(&setup).await;
            told.map_err(|error| start_failure("set up the session", &error))
        };
        let watching = async {
            // So that a statement ends when this side has gone. Some platforms cannot.
            if self.version >= 14 {
                drop(self.client.batch_execute(WATCH).await);
            }
            Ok(())
        };
        let (told, ()) = futures::future::try_join(standing, watching).await?;
        let standby = told.iter().any(|message| {
            matches!(message, SimpleQueryMessage::Row(row) if matches!(row.try_get(0), Ok(Some("t"))))
        });
        match (target.attributes, standby) {
            (Attributes::Any, _) | (Attributes::Primary, false) | (Attributes::Standby, true) => {
                Ok(())
            }
            (Attributes::Primary, true) => Err(Fault::new(CONNECT, "the server is a standby")),
            (Attributes::Standby, false) => Err(Fault::new(CONNECT, "the server is no standby")),
        }
    }

    /// What a transaction must be told of its time: nothing, if it is the session's.
    pub(super) fn timeout(&self, time: Duration) -> Option<Duration> {
        (time != self.statement).then_some(time)
    }

    /// The end of a transaction, to be polled once where it belongs, and kept.
    pub(super) fn rollback(client: &Arc<Client>) -> Ending {
        let client = Arc::clone(client);
        Box::pin(async move { client.batch_execute("ROLLBACK").await })
    }

    /// Keeps the end of a transaction that was sent.
    pub(super) fn end_later(&mut self, ending: Ending) {
        self.ending = Some(ending);
    }

    /// Makes sure that the last transaction has ended.
    pub(super) async fn settle(&mut self) -> Result<(), tokio_postgres::Error> {
        match self.ending.take() {
            Some(ending) => ending.await,
            None => Ok(()),
        }
    }

    /// Whether it is known to be of no use any more.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends the connection, and what may still run on it.
    pub(super) fn stop(self) {
        // Without a runtime there is no connection either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.driver.abort();
            return;
        };
        drop(runtime.spawn(async move {
            let mut way = self.way;
            let token = self.client.cancel_token();
            let cancel = async {
                if let Ok((stream, tls)) = way.go(STOPPING).await {
                    drop(token.cancel_query_raw(stream, tls).await);
                }
            };
            drop(tokio::time::timeout(STOPPING, cancel).await);
            self.driver.abort();
        }));
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

fn config(target: &Target, host: &Host, password: Option<&Secret>) -> Config {
    let mut config = Config::new();
    config
        .application_name(target.application.as_deref().unwrap_or("keyhole scoped-db"))
        .ssl_mode(match host.tls {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        })
        .channel_binding(match target.binding {
            Binding::Disable => ChannelBinding::Disable,
            Binding::Prefer => ChannelBinding::Prefer,
            Binding::Require => ChannelBinding::Require,
        });
    if let Some(user) = &target.user {
        config.user(user);
    }
    if let Some(database) = &target.database {
        config.dbname(database);
    }
    if let Some(password) = password {
        password.show_to(|text| config.password(text));
    }
    config
}

/// What holds for the whole session, in one message.
fn setup(settings: &Settings) -> String {
    let statement = settings.statement.as_millis().max(1);
    let lock = statement.min(LOCK.as_millis());
    format!(
        "SET default_transaction_read_only = on; \
         SET default_transaction_isolation = 'read committed'; \
         SET search_path = ''; \
         SET statement_timeout = {statement}; \
         SET lock_timeout = {lock}; \
         SET idle_in_transaction_session_timeout = {idle}; \
         SET row_security = on; \
         SET standard_conforming_strings = on; \
         SET client_encoding = 'UTF8'; \
         SET TimeZone = 'UTC'; \
         SET DateStyle = 'ISO, YMD'; \
         SET IntervalStyle = 'iso_8601'; \
         SET bytea_output = 'hex'; \
         SET extra_float_digits = 1; \
         SET xmloption = 'content'; \
         SELECT pg_catalog.pg_is_in_recovery()",
        idle = statement + IDLE.as_millis(),
    )
}

/// The first number of a version: 15 of `15.18 (Debian)`.
fn major(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

const CONNECT: &str = "connect to the database";
const WATCH: &str = "SET client_connection_check_interval = 1000";
/// A lock that a reader waits for is held by somebody who alters tables.
const LOCK: Duration = Duration::from_secs(3);
/// Between two messages of one transaction.
const IDLE: Duration = Duration::from_secs(10);
/// For telling the server to stop.
const STOPPING: Duration = Duration::from_secs(3);
