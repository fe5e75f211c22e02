//! Where the database is, and what is needed to reach it before anything is served.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use guard::config::Source;
use guard::error::Fault;
use guard::program::Start;
use guard::program::StartError;
use guard::secret::Kept;
use guard::secret::Loads;
use guard::secret::Providers;
use guard::secret::Rhythm;
use guard::secret::Secret;
use guard::secret::SecretRef;

use super::Arguments;
use super::ScopedDbProgram;
use crate::config::Config;
use crate::connection::Target;
use crate::effects::catalog::Catalog;
use crate::effects::postgres;
use crate::effects::postgres::Postgres;
#[cfg(feature = "sqlite")]
use crate::effects::sqlite;

/// Where the database is.
#[derive(Debug)]
pub(super) enum Place {
    /// A PostgreSQL server, as the operator wrote it, and where the password is kept.
    Postgres(Box<Target>, String, Option<SecretRef>),
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Place {
    /// What the database has, as far as the role sees it.
    pub(super) fn catalog(
        &self,
        config: &Config,
        secrets: &Arc<Providers>,
    ) -> Result<Catalog, StartError> {
        match self {
            Self::Postgres(target, _, password) => {
                let postgres = server(config, Target::clone(target), password.clone(), secrets);
                in_a_runtime(async {
                    let session = postgres.session().await.map_err(reach)?;
                    session.catalog().await.map_err(reach)
                })
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => sqlite_catalog(path),
            #[cfg(not(feature = "sqlite"))]
            Self::Sqlite(_) => Err(no_sqlite()),
        }
    }

    /// The table `[database]` of a configuration that means this place.
    pub(super) fn as_configuration(&self) -> String {
        let quoted = super::draft::quoted;
        match self {
            Self::Postgres(_, text, password) => {
                let mut table = format!("[database]\nconnection = {}\n", quoted(text));
                if let Some(password) = password {
                    table.push_str(&format!("password = {}\n", quoted(&password.to_string())));
                }
                table
            }
            Self::Sqlite(path) => {
                let path = path.to_string_lossy();
                format!("[database]\nsqlite = {}\n", quoted(&path))
            }
        }
    }
}

/// Where the arguments, or else the configuration, say that the database is.
pub(super) fn place(
    start: &Start<'_, ScopedDbProgram>,
    arguments: &Arguments,
) -> Result<Place, StartError> {
    let database = &start.config.database;
    if let Some(path) = &arguments.sqlite {
        return Ok(Place::Sqlite(path.clone()));
    }
    if let Some(text) = &arguments.connection {
        let target: Target = text
            .parse()
            .map_err(|why| StartError::Arguments(format!("--connection: expected {why}")))?;
        let password = password(arguments, None)?;
        return Ok(Place::Postgres(Box::new(target), text.clone(), password));
    }
    let none = Source::new("arguments", "");
    let source = start.source.unwrap_or(&none);
    match (&database.connection, &database.sqlite) {
        (Some(text), None) => {
            let target: Target = text
                .get_ref()
                .parse()
                .map_err(|why| source.error_at(text.span(), format!("expected {why}")))?;
            let password = password(arguments, database.password.clone())?;
            let text = text.get_ref().clone();
            Ok(Place::Postgres(Box::new(target), text, password))
        }
        (None, Some(path)) => Ok(Place::Sqlite(source.resolve(path.get_ref()))),
        (Some(_), Some(path)) => {
            let why = "`connection` or `sqlite`, not both";
            Err(source.error_at(path.span(), why).into())
        }
        (None, None) => Err(StartError::Arguments(
            "no database: give --connection URL, --sqlite FILE, or --config FILE".to_owned(),
        )),
    }
}

pub(super) fn password(
    arguments: &Arguments,
    configured: Option<SecretRef>,
) -> Result<Option<SecretRef>, StartError> {
    if let Some(text) = &arguments.password {
        let parsed = text.parse();
        return parsed
            .map(Some)
            .map_err(|error| StartError::Arguments(format!("--password: {error}")));
    }
    if configured.is_some() {
        return Ok(configured);
    }
    Ok(environment::has_password()
        .then(|| USUAL_PASSWORD.parse().ok())
        .flatten())
}

/// What libpq looks at, too.
const USUAL_PASSWORD: &str = "env:PGPASSWORD";

pub(super) fn server(
    config: &Config,
    target: Target,
    password: Option<SecretRef>,
    secrets: &Arc<Providers>,
) -> Postgres {
    let secrets: Arc<dyn Loads> = Arc::<Providers>::clone(secrets);
    let kept = password.map(|password| Kept::new(password, secrets, Rhythm::default()));
    // asked for each connection, so that a password may change
    let load = move |refused: Option<&Arc<Secret>>| -> Result<Option<Arc<Secret>>, Fault> {
        let Some(kept) = &kept else { return Ok(None) };
        let now = Instant::now();
        match refused {
            None => kept.current(now).map(Some),
            Some(refused) => kept.instead_of(refused, now),
        }
        .map_err(guard::error::fault("load the password"))
    };
    let settings = postgres::Settings {
        connections: config.limits.connections.count(),
        statement: Duration::from_secs(config.limits.statement_seconds.get()),
    };
    Postgres::open(target, load, settings)
}

#[cfg(feature = "sqlite")]
pub(super) fn sqlite_catalog(path: &std::path::Path) -> Result<Catalog, StartError> {
    sqlite::Sqlite::catalog_of(path)
        .map_err(|trouble| StartError::step("open the database", trouble))
}

#[cfg(not(feature = "sqlite"))]
pub(super) fn no_sqlite() -> StartError {
    let why = "this build has no SQLite: install it with `--features sqlite`";
    StartError::Arguments(why.to_owned())
}

/// Runs what is asked of a database before anything is served, in a runtime that ends with it.
pub(super) fn in_a_runtime<T>(
    work: impl Future<Output = Result<T, StartError>>,
) -> Result<T, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| StartError::step("start the runtime", cause))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// For the operator, who may see the whole chain of causes.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn reach(fault: Fault) -> StartError {
    StartError::step("reach the database", fault.chain())
}

/// What the environment says beside secrets.
pub(super) mod environment {
    #![expect(
        clippy::disallowed_methods,
        reason = "two variables that users set for such servers"
    )]

    use super::StartError;

    /// `DB_READ_ONLY`: keeps all tools that write away, whatever the configuration opens.
    pub(in crate::program) fn read_only() -> Result<bool, StartError> {
        let Some(value) = std::env::var_os("DB_READ_ONLY") else {
            return Ok(false);
        };
        match value.to_str().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("") => Ok(false),
            _ => Err(StartError::Arguments(
                "DB_READ_ONLY: only `true` is accepted; what may be written is said by \
                 [tables.insert], [tables.update] and [tables.delete] of the configuration"
                    .to_owned(),
            )),
        }
    }

    /// Whether there is a password where libpq would look for one.
    pub(super) fn has_password() -> bool {
        std::env::var_os("PGPASSWORD").is_some_and(|value| !value.is_empty())
    }
}
