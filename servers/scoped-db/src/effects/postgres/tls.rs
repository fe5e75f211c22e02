//! Makes the TLS that a connection asks for, by rustls with ring.
//!
//! # Invariants
//!
//! - A server is verified unless the operator wrote a mode that says otherwise.
//! - Even where nobody asks who the server is, it must hold the key of the certificate it shows:
//!   that is what a password is bound to.

use std::sync::Arc;

use guard::broker;
use guard::broker::Document;
use guard::broker::Outside;
use guard::error::Fault;
use guard::error::fault;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::charter;
use crate::connection::Roots;
use crate::connection::SslMode;
use crate::connection::Target;

/// The TLS for `mode`, with what `target` names in files.
pub(super) async fn connector(
    target: &Target,
    mode: SslMode,
    outside: &dyn Outside,
) -> Result<MakeRustlsConnect, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match mode {
        SslMode::Disable | SslMode::Prefer | SslMode::Require => {
            Arc::new(Unverified(Arc::clone(&provider)))
        }
        SslMode::VerifyCa => Arc::new(AnyName(verifier(&target.roots, &provider, outside).await?)),
        SslMode::VerifyFull => verifier(&target.roots, &provider, outside).await?,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(fault("prepare TLS"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &target.certificate {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let key = read(Document::Key(key.clone()), outside).await?;
            let key = PrivateKeyDer::from_pem_slice(&key);
            let key = key.map_err(fault("read the key of the client certificate"))?;
            let chain = read(Document::File(chain.clone()), outside).await?;
            config
                .with_client_auth_cert(certificates(&chain)?, key)
                .map_err(fault("use the client certificate"))?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

async fn verifier(
    roots: &Roots,
    provider: &Arc<CryptoProvider>,
    outside: &dyn Outside,
) -> Result<Arc<WebPkiServerVerifier>, Fault> {
    let mut store = RootCertStore::empty();
    let known = read(charter::roots(roots), outside).await?;
    let known = match roots {
        Roots::File(_) => certificates(&known)?,
        Roots::System => broker::certificates(&known)
            .map(|one| CertificateDer::from(one.to_vec()))
            .collect(),
    };
    store.add_parsable_certificates(known);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(fault("find a root certificate to verify the server with"))
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault("read the certificates"))
}

async fn read(document: Document, outside: &dyn Outside) -> Result<Vec<u8>, Fault> {
    let read = outside.document(&document).await;
    read.map_err(fault("read a file of the TLS connection"))
}

/// For `prefer` and `require`: whoever it is.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

/// For `verify-ca`: of a known authority, for whatever name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .0
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        match verified {
            // INVARIANT: the name is looked at last, when the chain is known to be good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
