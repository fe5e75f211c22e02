//! Makes the TLS of an upstream, by rustls with ring.
//!
//! # Invariants
//!
//! - The other side is always verified: its chain, its name, its dates. There is no way around it.
//! - A key is read from a place that only its owner can read, when it is first needed.

#![expect(
    clippy::disallowed_methods,
    reason = "certificates are files that the operator names"
)]

use std::path::Path;
use std::sync::Arc;

use guard::secret::Providers;
use guard::secret::SecretRef;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::trouble::Trouble;
use super::upstream::ClientCertificate;
use super::upstream::ClientKey;
use super::upstream::Roots;

/// The TLS that trusts `roots` and shows `certificate`. Reads files: may block.
pub(super) fn config(
    roots: &Roots,
    certificate: Option<&ClientCertificate>,
    secrets: &Providers,
) -> Result<Arc<ClientConfig>, Trouble> {
    let mut store = RootCertStore::empty();
    match roots {
        // What cannot be read is left out: with no roots at all, nothing is trusted.
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Roots::File(file) => {
            for root in certificates(file)? {
                store
                    .add(root)
                    .map_err(|_| Trouble::Identity("a root certificate cannot be used"))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Trouble::Identity("no protocol version"))?
        .with_root_certificates(store);
    let mut config = match certificate {
        None => config.with_no_client_auth(),
        Some(own) => {
            let chain = certificates(&own.chain)?;
            config
                .with_client_auth_cert(chain, key(&own.key, secrets)?)
                .map_err(|_| Trouble::Identity("the client certificate and its key do not fit"))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let text = std::fs::read(file)
        .map_err(|_| Trouble::Identity("a file of certificates cannot be read"))?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|_| Trouble::Identity("a file of certificates is not PEM"))?;
    if all.is_empty() {
        return Err(Trouble::Identity("a file of certificates has none"));
    }
    Ok(all)
}

fn key(place: &ClientKey, secrets: &Providers) -> Result<PrivateKeyDer<'static>, Trouble> {
    let secret = match place {
        ClientKey::Secret(reference) => secrets.load(reference)?,
        ClientKey::File(file) => {
            // the same care as for every other secret in a file
            let text = format!("file:{}", file.display());
            secrets.load(&text.parse::<SecretRef>()?)?
        }
    };
    let key = secret.show_to(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()));
    key.map_err(|_| Trouble::Identity("the key of the client certificate is not PEM"))
}
