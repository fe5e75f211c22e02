//! Makes the TLS of a receiver, by rustls with ring.
//!
//! # Invariants
//!
//! - The other side is always verified: its chain, its name, its dates. There is no way around it.
//! - Where the operator names certificates, no others vouch.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::effects::files;
use crate::forward::address::Scheme;

/// The TLS that trusts the certificates in `file`, else those of the system.
pub(super) fn config(file: Option<&Path>, scheme: Scheme) -> io::Result<Arc<ClientConfig>> {
    let mut store = RootCertStore::empty();
    match file {
        // what cannot be read is left out: with none at all, nothing is trusted
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            for root in certificates(path)? {
                store.add(root).map_err(io::Error::other)?;
            }
        }
    }
    if store.is_empty() {
        return Err(io::Error::other(
            "this machine trusts no certificate: name one with `ca`",
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(store)
        .with_no_client_auth();
    if scheme == Scheme::Https {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let named = |cause: String| io::Error::other(format!("`ca`, {}: {cause}", path.display()));
    let text = files::read(path).map_err(|cause| named(cause.to_string()))?;
    let all = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(named("there is no certificate in it".to_owned())),
        Err(_) => Err(named("it is not PEM".to_owned())),
    }
}
