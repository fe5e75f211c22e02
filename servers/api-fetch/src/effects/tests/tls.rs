//! TLS with authorities of our own: who is believed, and what is shown.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::super::testing::*;
use super::super::upstream::Base;
use super::super::upstream::ClientCertificate;
use super::super::upstream::ClientKey;
use super::super::upstream::Roots;
use super::super::upstream::Upstream;

/// An authority, and what it signs.
struct Authority {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(&directory.path().join("ca.pem"), &certificate.pem());
        Self {
            directory,
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    fn sign(&self, name: &str, use_: ExtendedKeyUsagePurpose, past: bool) -> (String, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![use_];
        if past {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key)
    }

    /// A certificate for ourselves, in files.
    fn client(&self) -> ClientCertificate {
        let (pem, key) = self.sign("keyhole", ExtendedKeyUsagePurpose::ClientAuth, false);
        let chain = self.directory.path().join("client.pem");
        let file = self.directory.path().join("client.key");
        write(&chain, &pem);
        write(&file, &key.serialize_pem());
        ClientCertificate {
            chain,
            key: ClientKey::File(file),
        }
    }
}

/// A server with a certificate for `name`, that asks for one of `clients` if there is one.
async fn serve(
    authority: &Authority,
    name: &str,
    past: bool,
    clients: Option<&Authority>,
) -> Server {
    let (pem, key) = authority.sign(name, ExtendedKeyUsagePurpose::ServerAuth, past);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.certificate.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = config.with_single_cert(vec![chain], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while read_request(&mut stream).await.is_some() {
                if stream
                    .write_all(&answer("200 OK", "", "fine"))
                    .await
                    .is_err()
                {
                    break;
                }
            }
        }
    })
    .await
}

fn trusting(server: &Server, host: &str, roots: Roots) -> Upstream {
    let base = format!("https://{host}:{}", server.address.port());
    let mut upstream = upstream(Base::parse(&base).unwrap());
    upstream.roots = roots;
    upstream.plain_http = false;
    upstream
}

/// For ourselves alone, as a key has to be.
fn write(file: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut opened = options.open(file).unwrap();
    opened.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_private_authority_is_believed_where_it_is_named() {
    let authority = Authority::new();
    for (name, host) in [("crm.example", "crm.example"), ("127.0.0.1", "127.0.0.1")] {
        let server = serve(&authority, name, false, None).await;
        let roots = Roots::File(authority.file());
        let names = Names::new(&[&["127.0.0.1"]]);
        let upstreams = open_with(trusting(&server, host, roots), &names);
        for _ in 0..3 {
            assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"fine");
        }
        assert_eq!(server.accepted(), 1);
    }
}

#[tokio::test]
async fn o3_who_is_not_whom_we_mean_gets_no_request() {
    let (authority, other) = (Authority::new(), Authority::new());
    let roots = Roots::File(authority.file());
    for (signer, name, past, roots) in [
        (&authority, "evil.example", false, roots.clone()),
        (&authority, "crm.example", true, roots.clone()),
        (&authority, "*.example.crm.example", false, roots.clone()),
        (&other, "crm.example", false, roots),
        (&authority, "crm.example", false, Roots::System),
    ] {
        let server = serve(signer, name, past, None).await;
        let names = Names::new(&[&["127.0.0.1"]]);
        let upstreams = open_with(trusting(&server, "crm.example", roots), &names);
        let refusal = send(&upstreams, &permit()).await.unwrap_err();
        assert_eq!(shown(&refusal), "could not reach the upstream");
        assert!(chain(&refusal).contains("TLS"), "{}", chain(&refusal));
    }
}

#[tokio::test]
async fn who_speaks_no_tls_gets_no_request() {
    let server = Server::raw(|mut stream| async move {
        let _sent = stream.write_all(&answer("200 OK", "", "plain")).await;
        std::future::pending::<()>().await;
    });
    let server = server.await;
    let upstreams = open(trusting(&server, "127.0.0.1", Roots::System));
    let refusal = send(&upstreams, &permit()).await.unwrap_err();
    assert_eq!(shown(&refusal), "could not reach the upstream");
    assert!(chain(&refusal).contains("TLS"), "{}", chain(&refusal));
}

#[tokio::test]
async fn our_own_certificate_is_shown_to_who_asks_for_it() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let server = serve(&authority, "127.0.0.1", false, Some(&clients)).await;
    let roots = Roots::File(authority.file());
    let mut upstream = trusting(&server, "127.0.0.1", roots.clone());
    upstream.client_certificate = Some(clients.client());
    assert_eq!(
        send(&open(upstream), &permit()).await.unwrap().body,
        b"fine"
    );

    let without = trusting(&server, "127.0.0.1", roots.clone());
    assert!(send(&open(without), &permit()).await.is_err());
    let mut foreign = trusting(&server, "127.0.0.1", roots);
    foreign.client_certificate = Some(authority.client());
    assert!(send(&open(foreign), &permit()).await.is_err());
}

#[tokio::test]
async fn files_that_are_missing_or_open_to_others_are_the_operators_trouble() {
    use std::os::unix::fs::PermissionsExt;
    let authority = Authority::new();
    let server = serve(&authority, "127.0.0.1", false, None).await;
    let missing = trusting(&server, "127.0.0.1", Roots::File("/nonexistent".into()));
    let mut exposed = trusting(&server, "127.0.0.1", Roots::File(authority.file()));
    let own = authority.client();
    if let ClientKey::File(file) = &own.key {
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(file, open).unwrap();
    }
    exposed.client_certificate = Some(own);
    for upstream in [missing, exposed] {
        let refusal = send(&open(upstream), &permit()).await.unwrap_err();
        assert_eq!(
            shown(&refusal),
            "could not prepare the credential of the upstream"
        );
    }
    assert_eq!(server.accepted(), 0);
}

/// A truncated stream: TLS has an end of its own, and without it a body of no length is not whole.
#[tokio::test]
async fn o5_a_body_that_is_cut_off_is_not_taken_for_whole() {
    let authority = Authority::new();
    let (pem, key) = authority.sign("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth, false);
    let chain = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            let half = b"HTTP/1.1 200 OK\r\n\r\n{\"allowed\": true";
            stream.write_all(half).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    let server = server.await;
    let upstreams = open(trusting(
        &server,
        "127.0.0.1",
        Roots::File(authority.file()),
    ));
    assert!(send(&upstreams, &permit()).await.is_err());
}
