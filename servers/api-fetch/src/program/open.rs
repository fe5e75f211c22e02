//! From the configuration to a server. No secret is fetched and nothing is sent: a server starts
//! where its upstreams are down, and asks for a secret when it first needs it.

use std::sync::Arc;

use guard::config::Spanned;
use guard::label::Taxonomy;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;
use guard::sandbox::Sockets;
use guard::secret::Providers;
use guard::secret::SecretRef;

use super::ApiFetchProgram;
use super::document;
use crate::ApiFetch;
use crate::config::Config;
use crate::config::CredentialConfig;
use crate::effects::Settings;
use crate::effects::Upstreams;
use crate::effects::upstream::Base;
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
    let mut settings = Settings::new(Arc::new(Providers::of_process()));
    settings.broker = Some(start.broker(&charter::charter(&declared.upstreams))?);
    settings.cache = start.config.limits.cache_bytes.count();
    let upstreams = Upstreams::open(declared.upstreams, &settings)
        .map_err(|trouble| StartError::step("prepare the upstreams", trouble))?;
    let scope = Scope::new(declared.endpoints);
    let most = start.config.limits.tools_at_most.count();
    Ok(ApiFetch::new(scope, upstreams, &bases, known, most))
}

/// What it needs of the kernel. It connects by itself, and loads a secret when it needs it, so
/// that what it reads is not confined.
pub(super) fn profile(config: &Config) -> Profile {
    let mut profile = Profile::new()
        .reads_anywhere()
        .files_for_dns()
        .sockets(Sockets::Dns);
    for upstream in config.upstreams.values() {
        let tokens = match upstream.credential.as_ref().map(Spanned::get_ref) {
            Some(CredentialConfig::Oauth2(oauth)) => Some(oauth.token_url.as_str()),
            _ => None,
        };
        let all = [Some(upstream.base.get_ref().as_str()), tokens];
        for base in all
            .into_iter()
            .flatten()
            .filter_map(|text| Base::parse(text).ok())
        {
            profile = profile.sockets(Sockets::Tcp(base.port()));
        }
        if upstream.secrets().any(SecretRef::is_in_a_keyring) {
            profile = profile.sockets(Sockets::Unix).asks_kernel_keyring();
        }
    }
    profile
}
