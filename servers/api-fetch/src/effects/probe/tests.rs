//! Probes of hosts that are well, ill, and not what they should be.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::super::testing::*;
use super::super::upstream::ClientCertificate;
use super::super::upstream::ClientKey;
use super::super::upstream::Roots;
use super::*;

/// An authority, its files, and what servers that it vouches for heard after the handshake.
struct Bed {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Bed {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(&directory.path().join("ca.pem"), &root.pem());
        Self {
            directory,
            issuer: Issuer::new(params, key),
            root: root.der().clone(),
            heard: Arc::default(),
        }
    }

    fn sign(&self, name: &str, past: bool) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if past {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A server for `name` that wants a certificate by one of `clients`.
    async fn serve(&self, name: &str, past: bool, clients: Option<&Self>) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.root.clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let (pem, key) = self.sign(name, past);
        let chain = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = config.with_single_cert(vec![chain], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let heard = Arc::clone(&self.heard);
        Server::raw(move |stream| {
            let (acceptor, heard) = (acceptor.clone(), Arc::clone(&heard));
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut all = Vec::new();
                // whatever is sent, until the other end hangs up
                let _ended = stream.read_to_end(&mut all).await;
                heard.lock().unwrap().extend(all);
            }
        })
        .await
    }

    fn upstream(&self, server: &Server, host: &str) -> Upstream {
        let base = format!("https://{host}:{}", server.address.port());
        let mut upstream = upstream(Base::parse(&base).unwrap());
        upstream.roots = Roots::File(self.directory.path().join("ca.pem"));
        upstream.plain_http = false;
        upstream
    }

    /// A certificate for ourselves.
    fn client(&self) -> ClientCertificate {
        let (pem, key) = self.sign("keyhole", false);
        let (chain, file) = (
            self.directory.path().join("c.pem"),
            self.directory.path().join("c.key"),
        );
        write(&chain, &pem);
        write(&file, &key);
        ClientCertificate {
            chain,
            key: ClientKey::File(file),
        }
    }
}

/// For ourselves alone, as a key has to be.
fn write(file: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(file)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

fn settings(names: &[&[&str]]) -> (Settings, Arc<Names>) {
    let names = Names::new(names);
    let resolver = Arc::clone(&names) as Arc<dyn Resolve>;
    let settings = Settings {
        broker: None,
        secrets: secrets(),
        resolver,
        cache: 0,
    };
    (settings, names)
}

async fn one(upstream: &Upstream, names: &[&[&str]]) -> (Probed, String) {
    let (settings, asked) = settings(names);
    let all = probe(upstream, &settings).await;
    assert!(asked.asked() <= 1, "nothing is resolved twice");
    let one = all.into_iter().next().unwrap();
    let told = format!("{:?}", one.findings);
    (one, told)
}

#[tokio::test]
async fn s1_a_host_that_is_well_is_told_and_hears_nothing() {
    let bed = Bed::new();
    let server = bed.serve("api.example.com", false, None).await;
    let upstream = bed.upstream(&server, "api.example.com");
    let (probed, told) = one(&upstream, &[&["127.0.0.1"]]).await;
    assert!(probed.is_good(), "{told}");
    assert!(
        told.contains("127.0.0.1:") && told.contains("TLSv1.3"),
        "{told}"
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*bed.heard.lock().unwrap(), b"", "no byte of a request");
}

#[tokio::test]
async fn s4_an_address_that_may_not_be_dialled_is_told_and_not_dialled() {
    let bed = Bed::new();
    let server = bed.serve("api.example.com", false, None).await;
    let mut upstream = bed.upstream(&server, "api.example.com");
    upstream.allow_addresses.clear();
    let (probed, told) = one(&upstream, &[&["127.0.0.1", "169.254.169.254"]]).await;
    assert!(!probed.is_good());
    assert!(
        told.contains("127.0.0.1 may not") && told.contains("169.254.169.254 may not"),
        "{told}"
    );
    assert!(!told.contains("TLS"), "{told}");
}

#[tokio::test]
async fn s2_a_host_that_is_not_who_it_should_be_is_told() {
    let (bed, other) = (Bed::new(), Bed::new());
    for (server, root, word) in [
        (
            bed.serve("other.example.com", false, None).await,
            &bed,
            "not valid for name",
        ),
        (
            bed.serve("api.example.com", true, None).await,
            &bed,
            "expired",
        ),
        (
            bed.serve("api.example.com", false, None).await,
            &other,
            "invalid peer certificate",
        ),
    ] {
        let upstream = root.upstream(&server, "api.example.com");
        let (probed, told) = one(&upstream, &[&["127.0.0.1"]]).await;
        assert!(!probed.is_good(), "{told}");
        assert!(told.contains(word), "{word}: {told}");
    }
    let mut upstream = bed.upstream(
        &bed.serve("api.example.com", false, None).await,
        "api.example.com",
    );
    upstream.roots = Roots::File(bed.directory.path().join("none.pem"));
    let (_, told) = one(&upstream, &[&["127.0.0.1"]]).await;
    assert!(told.contains("cannot be read"), "{told}");
    let (_, told) = one(&upstream, &[]).await;
    assert!(told.contains("not resolved"), "{told}");
}

#[tokio::test]
async fn s2_what_becomes_of_our_own_certificate_is_told() {
    let (bed, other) = (Bed::new(), Bed::new());
    let server = bed.serve("api.example.com", false, Some(&bed)).await;
    let mut upstream = bed.upstream(&server, "api.example.com");
    let names: &[&[&str]] = &[&["127.0.0.1"]];
    let (probed, told) = one(&upstream, names).await;
    assert!(
        !probed.is_good() && told.contains("there is none"),
        "{told}"
    );
    upstream.client_certificate = Some(bed.client());
    let (probed, told) = one(&upstream, names).await;
    assert!(
        probed.is_good() && told.contains("did not refuse it"),
        "{told}"
    );
    upstream.client_certificate = Some(other.client());
    let (probed, told) = one(&upstream, names).await;
    assert!(
        !probed.is_good() && told.contains("client certificate"),
        "{told}"
    );
    assert_eq!(*bed.heard.lock().unwrap(), b"");
}

#[tokio::test]
async fn a_token_endpoint_elsewhere_is_probed_as_well_and_sees_no_certificate_of_ours() {
    let (bed, other) = (Bed::new(), Bed::new());
    let server = bed.serve("api.example.com", false, None).await;
    let tokens = bed.serve("login.example.com", false, Some(&other)).await;
    let mut upstream = bed.upstream(&server, "api.example.com");
    upstream.client_certificate = Some(other.client());
    let token_url = format!("https://login.example.com:{}/token", tokens.address.port());
    upstream.credential = Some(Credential::ClientCredentials {
        token_url: Base::parse(&token_url).unwrap(),
        client_id: "keyhole".to_owned(),
        client_secret: "env:NOT_THERE".parse().unwrap(),
        scope: None,
        audience: None,
        shown: super::super::upstream::Shown::Header,
    });
    let (settings, _) = settings(&[&["127.0.0.1"]]);
    let all = probe(&upstream, &settings).await;
    assert_eq!(all.len(), 2);
    assert!(all[0].is_good(), "{all:?}");
    let told = format!("{:?}", all[1].findings);
    assert!(
        !all[1].is_good() && told.contains("there is none"),
        "{told}"
    );
}

#[tokio::test]
async fn a_port_that_is_shut_and_a_host_without_tls_are_told() {
    let bed = Bed::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut upstream =
        upstream(Base::parse(&format!("https://127.0.0.1:{}", free.port())).unwrap());
    upstream.roots = Roots::File(bed.directory.path().join("ca.pem"));
    let (probed, told) = one(&upstream, &[]).await;
    assert!(
        !probed.is_good() && told.contains("no connection"),
        "{told}"
    );
    let plain = Server::raw(|stream| async move { drop(stream) }).await;
    let mut upstream =
        self::upstream(Base::parse(&format!("http://127.0.0.1:{}", plain.address.port())).unwrap());
    let (probed, told) = one(&upstream, &[]).await;
    assert!(probed.is_good() && told.contains("without TLS"), "{told}");
    upstream.allow_addresses.clear();
    let (probed, _) = one(&upstream, &[]).await;
    assert!(!probed.is_good());
}
