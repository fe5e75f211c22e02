//! From arguments and configuration to a database that is open and a role that is proven.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use guard::config::Source;
use guard::error::Fault;
use guard::label::Label;
use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;
use guard::secret::Providers;
use guard::secret::Secret;
use guard::secret::SecretRef;

use super::Arguments;
use super::ScopedDbProgram;
use crate::ScopedDb;
use crate::config::Config;
use crate::connection::Target;
use crate::effects::Engine;
use crate::effects::catalog::Catalog;
use crate::effects::postgres;
use crate::effects::postgres::Postgres;
use crate::effects::postgres::proof::Finding;
use crate::effects::postgres::proof::Severity;
#[cfg(feature = "sqlite")]
use crate::effects::sqlite;
use crate::schema::Schema;
use crate::schema::Writes;
use crate::schema::declare;
use crate::schema::declare::Declaration;
use crate::scope::Scope;
use crate::statement::Dialect;

/// Where the database is.
#[derive(Debug)]
pub(super) enum Place {
    /// A PostgreSQL server, as the operator wrote it, and where the password is kept.
    Postgres(Box<Target>, String, Option<SecretRef>),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// A database that is open, what exists in it, and what its role may do beyond that.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) engine: Engine,
    pub(super) schema: Schema,
    pub(super) findings: Vec<Finding>,
    pub(super) known: Taxonomy,
}

type Starting<'a> = Start<'a, ScopedDbProgram>;

/// The server, if the role may do no more than the configuration says.
pub(super) fn serve(start: &Starting<'_>, arguments: &Arguments) -> Result<ScopedDb, StartError> {
    let ready = ready(start, arguments)?;
    let excess: Vec<&Finding> = ready
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Refuse)
        .collect();
    let accepted = arguments.dangerous_allow_excess_privileges;
    if !excess.is_empty() && !accepted {
        return Err(StartError::step("prove the role", refused(&excess)));
    }
    for finding in &ready.findings {
        // `check` shows them; a host shows a server's warnings at every start
        tracing::info!("{}", finding.what);
    }
    if start.source.is_none() {
        for table in &ready.schema.tables {
            let columns: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            tracing::info!(table = %table.name, columns = columns.join(" "), "served");
        }
    }
    let config = start.config;
    let scope = Scope::new(
        ready.schema,
        ready.engine.dialect(),
        config.limits,
        config.context.clone(),
        mask_key(config)?,
    );
    Ok(ScopedDb::new(
        scope,
        ready.engine,
        ready.known,
        !config.database.trusted,
        accepted && !excess.is_empty(),
    ))
}

fn refused(excess: &[&Finding]) -> String {
    let shown = excess.iter().take(SHOWN).map(|f| f.what.as_str());
    let mut text = String::from("it may do more than the configuration says: ");
    text.push_str(&shown.collect::<Vec<_>>().join("; "));
    if excess.len() > SHOWN {
        text.push_str(&format!("; and {} more", excess.len() - SHOWN));
    }
    text.push_str(". `scoped-db check` lists them with the SQL that mends each");
    text
}

/// Findings that a refusal names.
const SHOWN: usize = 5;

/// Opens the database, reads its catalog, and asks what the role may do.
pub(super) fn ready(start: &Starting<'_>, arguments: &Arguments) -> Result<Ready, StartError> {
    let read_only = environment::read_only()?;
    let known = start.policy.map_or_else(Taxonomy::default, |policy| {
        Taxonomy::clone(policy.taxonomy())
    });
    let unlabelled = unlabelled(start, &known, arguments.label.as_deref())?;
    let schema = |catalog: &Catalog, dialect: Dialect| -> Result<Schema, StartError> {
        let schema = schema(start, catalog, &known, unlabelled, dialect)?;
        Ok(if read_only {
            without_writes(&schema)
        } else {
            schema
        })
    };
    let (engine, schema, findings) = match place(start, arguments)? {
        Place::Postgres(target, _, password) => {
            let postgres = server(start.config, *target, password);
            let (schema, findings) = in_a_runtime(async {
                let session = postgres.session().await.map_err(reach)?;
                let catalog = session.catalog().await.map_err(reach)?;
                let schema = schema(&catalog, Dialect::Postgres)?;
                let findings = session.excess(&schema).await.map_err(reach)?;
                Ok((schema, findings))
            })?;
            (Engine::Postgres(postgres), schema, findings)
        }
        #[cfg(feature = "sqlite")]
        Place::Sqlite(path) => {
            let catalog = sqlite_catalog(&path)?;
            let schema = schema(&catalog, Dialect::Sqlite)?;
            let settings = sqlite::Settings {
                tables: schema.tables.iter().map(|table| reach_of(table)).collect(),
                connections: start.config.limits.connections.count(),
            };
            let engine = sqlite::Sqlite::open(&path, &settings)
                .map_err(|trouble| StartError::step("open the database", trouble))?;
            (Engine::Sqlite(engine), schema, Vec::new())
        }
        #[cfg(not(feature = "sqlite"))]
        Place::Sqlite(_) => return Err(no_sqlite()),
    };
    if schema.tables.is_empty() {
        let why = "nothing is served: the role may read no column of any table";
        return Err(StartError::step("read the catalog", why));
    }
    Ok(Ready {
        engine,
        schema,
        findings,
        known,
    })
}

impl Place {
    /// What the database has, as far as the role sees it.
    pub(super) fn catalog(&self, config: &Config) -> Result<Catalog, StartError> {
        match self {
            Self::Postgres(target, _, password) => {
                let postgres = server(config, Target::clone(target), password.clone());
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
pub(super) fn place(start: &Starting<'_>, arguments: &Arguments) -> Result<Place, StartError> {
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

fn schema(
    start: &Starting<'_>,
    catalog: &Catalog,
    known: &Taxonomy,
    unlabelled: Label,
    dialect: Dialect,
) -> Result<Schema, StartError> {
    let Some(source) = start.source else {
        return Ok(declare::discovered(catalog, unlabelled));
    };
    if start.config.tables.is_empty() {
        let why = "no [[tables]] in the configuration; `scoped-db init` drafts them";
        return Err(StartError::Arguments(why.to_owned()));
    }
    let declaration = Declaration {
        source,
        known,
        unlabelled,
        catalog,
        dialect,
    };
    Ok(declaration.schema(start.config)?)
}

/// What data is that nothing labels: as `--label` says; where there is no configuration
/// `internal`, the second level; else what the policy says, or `confidential`.
pub(super) fn unlabelled(
    start: &Starting<'_>,
    known: &Taxonomy,
    label: Option<&str>,
) -> Result<Label, StartError> {
    if let Some(label) = label {
        return known
            .parse(label)
            .map_err(|error| StartError::Arguments(format!("--label: {error}")));
    }
    match start.policy {
        Some(policy) => Ok(policy.default_label()),
        None if start.source.is_some() => Ok(known.unlabelled()),
        None => Ok(known
            .parse("internal")
            .unwrap_or_else(|_| known.unlabelled())),
    }
}

fn without_writes(schema: &Schema) -> Schema {
    let tables = schema.tables.iter().map(|table| {
        let mut table = crate::schema::Table::clone(table);
        table.writes = Writes::default();
        std::sync::Arc::new(table)
    });
    Schema {
        tables: tables.collect(),
    }
}

fn password(
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

fn server(config: &Config, target: Target, password: Option<SecretRef>) -> Postgres {
    let providers = Providers::of_process();
    // asked anew for each connection, so that a password may change
    let load = move || -> Result<Option<Secret>, Fault> {
        let loaded = password.as_ref().map(|password| providers.load(password));
        loaded
            .transpose()
            .map_err(guard::error::fault("load the password"))
    };
    let settings = postgres::Settings {
        connections: config.limits.connections.count(),
        statement: Duration::from_secs(config.limits.statement_seconds.get()),
    };
    Postgres::open(target, load, settings)
}

#[cfg(feature = "sqlite")]
fn sqlite_catalog(path: &std::path::Path) -> Result<Catalog, StartError> {
    sqlite::Sqlite::catalog_of(path)
        .map_err(|trouble| StartError::step("open the database", trouble))
}

/// What the engine lets a statement reach of `table`: also what its row rule reads.
#[cfg(feature = "sqlite")]
fn reach_of(table: &crate::schema::Table) -> sqlite::Reach {
    let mut reach = sqlite::Reach::of(table);
    let rule = table.rows.iter().flat_map(crate::statement::Rule::columns);
    reach.columns.extend(rule.map(str::to_owned));
    reach
}

#[cfg(not(feature = "sqlite"))]
fn no_sqlite() -> StartError {
    let why = "this build has no SQLite: install it with `--features sqlite`";
    StartError::Arguments(why.to_owned())
}

/// The key of `hash` masks: the configured one, or one of this process.
fn mask_key(config: &Config) -> Result<Secret, StartError> {
    if let Some(reference) = &config.masks.key {
        let loaded = Providers::of_process().load(reference);
        return loaded.map_err(|cause| StartError::step("load the key of masks", cause));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|cause| StartError::step("get random bytes", cause))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Secret::new(digits).map_err(|cause| StartError::step("make a key of masks", cause))
}

/// Runs what is asked of a database before anything is served, in a runtime that ends with it.
fn in_a_runtime<T>(work: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
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
fn reach(fault: Fault) -> StartError {
    StartError::step("reach the database", fault.chain())
}

/// What the environment says beside secrets.
mod environment {
    #![expect(
        clippy::disallowed_methods,
        reason = "two variables that users set for such servers"
    )]

    use super::StartError;

    /// `DB_READ_ONLY`: keeps all tools that write away, whatever the configuration opens.
    pub(super) fn read_only() -> Result<bool, StartError> {
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
