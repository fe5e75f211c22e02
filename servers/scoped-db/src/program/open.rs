//! From arguments and configuration to a database that is open and a role that is proven.

use std::path::Path;

use guard::label::Label;
use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;
use guard::secret::Providers;
use guard::secret::Secret;

use super::Arguments;
use super::ScopedDbProgram;
use super::place;
use super::place::Place;
use super::place::environment;
use super::place::in_a_runtime;
use super::place::reach;
use crate::ScopedDb;
use crate::config::Config;
use crate::effects::Engine;
use crate::effects::catalog::Catalog;
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

/// A database that is open, what exists in it, and what its role may do beyond that.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) engine: Engine,
    pub(super) schema: Schema,
    pub(super) findings: Vec<Finding>,
    pub(super) known: Taxonomy,
    pub(super) profile: Profile,
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
        mask_key(config, &start.secrets())?,
    );
    Ok(ScopedDb::new(
        scope,
        ready.engine,
        ready.known,
        !config.database.trusted,
        accepted && !excess.is_empty(),
    )
    .reaching(ready.profile))
}

fn refused(excess: &[&Finding]) -> String {
    let shown = excess.iter().take(SHOWN).map(|finding| {
        let fix = finding.fix.as_ref().map(|fix| fix.replace('\n', " "));
        fix.map_or_else(
            || finding.what.clone(),
            |fix| format!("{} ({fix})", finding.what),
        )
    });
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
    let known = start.taxonomy();
    let unlabelled = start.unlabelled(&known, arguments.label.as_deref())?;
    let schema = |catalog: &Catalog, dialect: Dialect| -> Result<Schema, StartError> {
        let schema = schema(start, catalog, &known, unlabelled, dialect)?;
        Ok(if read_only {
            without_writes(&schema)
        } else {
            schema
        })
    };
    let place = place::place(start, arguments)?;
    let profile = profile(&place);
    let (engine, schema, findings) = match place {
        Place::Postgres(target, _, password) => {
            let postgres = place::server(start, *target, password)?;
            let (schema, findings) = in_a_runtime(async {
                let session = postgres.session().await.map_err(reach)?;
                let names = start.source.map(|_| declare::names(start.config));
                let survey = session.survey(names.as_deref()).await.map_err(reach)?;
                let schema = schema(&survey.catalog, Dialect::Postgres)?;
                let findings = survey.excess(&schema);
                Ok((schema, findings))
            })?;
            (Engine::Postgres(postgres), schema, findings)
        }
        #[cfg(feature = "sqlite")]
        Place::Sqlite(path) => {
            let catalog = place::sqlite_catalog(&path)?;
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
        Place::Sqlite(_) => return Err(place::no_sqlite()),
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
        profile,
    })
}

/// What the engine needs of the kernel.
fn profile(place: &Place) -> Profile {
    match place {
        // connections and passwords come from the second process
        Place::Postgres(..) => Profile::new().receives_descriptors(),
        // beside the file SQLite keeps others: the log of changes, and memory that is shared
        Place::Sqlite(path) => {
            let above = path.parent().filter(|above| !above.as_os_str().is_empty());
            Profile::new().write_beneath(above.unwrap_or_else(|| Path::new(".")))
        }
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

/// What the engine lets a statement reach of `table`: also what its row rule reads.
#[cfg(feature = "sqlite")]
fn reach_of(table: &crate::schema::Table) -> sqlite::Reach {
    let mut reach = sqlite::Reach::of(table);
    let rule = table.rows.iter().flat_map(crate::statement::Rule::columns);
    reach.columns.extend(rule.map(str::to_owned));
    reach
}

/// The key of `hash` masks: the configured one, or one of this process.
fn mask_key(config: &Config, secrets: &Providers) -> Result<Secret, StartError> {
    if let Some(reference) = &config.masks.key {
        let loaded = secrets.load(reference);
        return loaded.map_err(|cause| StartError::step("load the key of masks", cause));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|cause| StartError::step("get random bytes", cause))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Secret::new(digits).map_err(|cause| StartError::step("make a key of masks", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_refused_is_told_with_the_sql_that_mends_it() {
        let temporary = Finding {
            severity: Severity::Refuse,
            what: "the role has TEMPORARY on the database crm".to_owned(),
            fix: Some("REVOKE TEMPORARY ON DATABASE \"crm\" FROM \"r\", PUBLIC;".to_owned()),
        };
        let text = refused(&[&temporary]);
        assert!(text.contains(
            "TEMPORARY on the database crm \
             (REVOKE TEMPORARY ON DATABASE \"crm\" FROM \"r\", PUBLIC;)"
        ));
        assert!(!text.contains('\n'));
    }
}
