//! Makes the TLS of an upstream, by rustls with ring.
//!
//! # Invariants
//!
//! - The other side is always verified: its chain, its name, its dates. There is no way around it.
//! - A key is read from a place that only its owner can read, when it is first needed.

use std::sync::Arc;

use guard::broker;
use guard::broker::Document;
use guard::broker::NotLoaded;
use guard::broker::Outside;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::charter;
use super::trouble::Trouble;
use super::upstream::ClientCertificate;
use super::upstream::Roots;

/// The TLS that trusts `roots` and shows `certificate`.
pub(super) async fn config(
    roots: &Roots,
    certificate: Option<&ClientCertificate>,
    outside: &dyn Outside,
) -> Result<Arc<ClientConfig>, Trouble> {
    let mut store = RootCertStore::empty();
    let read = outside.document(&charter::roots(roots)).await;
    match roots {
        // What cannot be read is left out: with no roots at all, nothing is trusted.
        Roots::System => {
            let read = read.map_err(unread)?;
            let found = broker::certificates(&read).map(|one| CertificateDer::from(one.to_vec()));
            store.add_parsable_certificates(found);
        }
        Roots::File(_) => {
            for root in certificates(&read.map_err(unread)?)? {
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
            let chain = outside.document(&Document::File(own.chain.clone())).await;
            let chain = certificates(&chain.map_err(unread)?)?;
            let key = outside.secret(&charter::key(&own.key)?).await?;
            let key = key.show_to(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()));
            let key =
                key.map_err(|_| Trouble::Identity("the key of the client certificate is not PEM"))?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|_| Trouble::Identity("the client certificate and its key do not fit"))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let all = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|_| Trouble::Identity("a file of certificates is not PEM"))?;
    if all.is_empty() {
        return Err(Trouble::Identity("a file of certificates has none"));
    }
    Ok(all)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unread(why: NotLoaded) -> Trouble {
    tracing::warn!(cause = %why, "certificates are not read");
    Trouble::Identity("a file of certificates cannot be read")
}
