//! From the configuration to a server. No secret is fetched and nothing is sent: a server starts
//! where its upstreams are down, and asks for a secret when it first needs it.

use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;

use super::ApiFetchProgram;
use super::document;
use crate::ApiFetch;
use crate::effects::Settings;
use crate::effects::Upstreams;
use crate::effects::charter;
use crate::endpoint;
use crate::endpoint::Declared;
use crate::openapi;
use crate::openapi::LeftOut;
use crate::scope::Scope;

type Starting<'a> = Start<'a, ApiFetchProgram>;

/// What a configuration declares, with its imports.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) declared: Declared,
    /// The words of its labels.
    pub(super) known: Taxonomy,
    /// What was chosen of documents and is not served.
    pub(super) left_out: Vec<LeftOut>,
}

/// What the configuration declares. Its documents are read here, and only here.
pub(super) fn declared(start: &Starting<'_>) -> Result<Read, StartError> {
    let Some(source) = start.source else {
        let why = "give --config FILE, which names the hosts and what may be asked of them";
        return Err(StartError::Arguments(why.to_owned()));
    };
    let known = start.taxonomy();
    let unlabelled = start.unlabelled(&known, None)?;
    let mut config = start.config.clone();
    let left_out = openapi::expand(&mut config, source, &document::read)?;
    let declared = endpoint::declare(&config, source, &known, unlabelled)?;
    if declared.endpoints.is_empty() {
        let why = "nothing is served: the configuration declares no [endpoints.NAME]";
        return Err(StartError::step("read the configuration", why));
    }
    Ok(Read {
        declared,
        known,
        left_out,
    })
}

/// The server.
pub(super) fn serve(start: &Starting<'_>) -> Result<ApiFetch, StartError> {
    let Read {
        declared, known, ..
    } = declared(start)?;
    let bases: Vec<_> = declared.upstreams.iter().map(|u| u.base.clone()).collect();
    let mut settings = Settings::new(start.secrets());
    settings.broker = Some(start.broker(&charter::charter(&declared.upstreams))?);
    settings.cache = start.config.limits.cache_bytes.count();
    let upstreams = Upstreams::open(declared.upstreams, &settings)
        .map_err(|trouble| StartError::step("prepare the upstreams", trouble))?;
    let scope = Scope::new(declared.endpoints);
    let most = start.config.limits.tools_at_most.count();
    Ok(ApiFetch::new(scope, upstreams, &bases, known, most))
}
