//! A client and servers that behave, lie, wait and break off.

use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::CertificateParams;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use rustls::pki_types::PrivateKeyDer;

use super::*;

/// Answers one request by `script`, which gets the request's text.
fn server(
    script: impl FnOnce(TcpStream) -> Vec<u8> + Send + 'static,
) -> (Origin, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || script(listener.accept().unwrap().0));
    (format!("http://127.0.0.1:{port}").parse().unwrap(), thread)
}

fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return text;
        }
        text.extend(byte);
    }
    text
}

/// Says `answer` to whatever it is asked, and closes.
fn says(answer: &'static [u8]) -> (Origin, JoinHandle<Vec<u8>>) {
    server(move |mut stream| {
        let text = request(&mut stream);
        drop(stream.write_all(answer));
        text
    })
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn get() -> Request {
    Request::new("GET", "/v1/x?a=b").unwrap()
}

fn client() -> Client {
    Client::new(&Roots::System).unwrap()
}

#[test]
fn a_request_is_sent_as_it_was_made_and_its_answer_comes_back() {
    let (origin, thread) =
        says(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nab");
    let request = get().header("X-Vault-Token", "hvs.1").unwrap();
    let answer = client().send(&origin, &request, soon()).unwrap();
    assert_eq!((answer.status, &*answer.body), (429, &b"ab"[..]));
    assert_eq!(answer.retry_after(), Some(Duration::from_secs(7)));
    let sent = String::from_utf8(thread.join().unwrap()).unwrap();
    assert!(
        sent.starts_with("GET /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:"),
        "{sent}"
    );
    assert!(sent.contains("\r\nX-Vault-Token: hvs.1\r\n"), "{sent}");
}

#[test]
fn a_redirect_is_not_followed() {
    let (origin, _thread) =
        says(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    let answer = client().send(&origin, &get(), soon()).unwrap();
    assert_eq!(answer.status, 307);
}

#[test]
fn nothing_gets_into_a_request_beside_what_is_meant() {
    for target in ["", "v1", "/a b", "/a\r\nX: y", "/ü"] {
        assert_eq!(
            Request::new("GET", target).unwrap_err(),
            Unreached::Unsendable
        );
    }
    for value in ["a\r\nX: y", "a\n", "\0"] {
        let added = get().header("X-Vault-Token", value);
        assert_eq!(added.unwrap_err(), Unreached::Unsendable);
    }
}

#[test]
fn a_server_that_breaks_off_waits_or_says_too_much_gives_no_answer() {
    let (cut, _thread) = says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
    assert_eq!(
        client().send(&cut, &get(), soon()).unwrap_err(),
        Unreached::Broken
    );

    let (silent, _thread) = server(|mut stream| {
        let text = request(&mut stream);
        // until the client goes
        drop(stream.read(&mut [0]));
        text
    });
    let deadline = Instant::now() + Duration::from_secs(1);
    assert_eq!(
        client().send(&silent, &get(), deadline).unwrap_err(),
        Unreached::Late
    );

    let (endless, _thread) = server(|mut stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        Vec::new()
    });
    let said = client().send(&endless, &get(), soon()).unwrap_err();
    assert_eq!(said, Unreached::TooLarge(MAX_ANSWER));
}

#[test]
fn a_port_where_nobody_listens_is_told_from_one_that_is_silent() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let origin = format!("http://127.0.0.1:{port}").parse().unwrap();
    let said = client().send(&origin, &get(), soon()).unwrap_err();
    assert_eq!(
        said,
        Unreached::Connect(std::io::ErrorKind::ConnectionRefused)
    );
}

/// An authority, and a server with its certificate for `name`.
struct Authority {
    pem: tempfile::NamedTempFile,
    config: Arc<ServerConfig>,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let mut pem = tempfile::NamedTempFile::new().unwrap();
    pem.write_all(root.pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap(),
        )
        .unwrap();
    Authority {
        pem,
        config: Arc::new(config),
    }
}

/// Speaks TLS; `polite` closes it before the connection.
fn secure(authority: &Authority, polite: bool) -> (Origin, JoinHandle<Vec<u8>>) {
    let config = Arc::clone(&authority.config);
    let (plain, thread) = server(move |stream| {
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let text = request(&mut stream);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nab"));
        if polite {
            stream.conn.send_close_notify();
        }
        drop(stream.flush());
        text
    });
    let origin = format!("https://localhost:{}", plain.port).parse().unwrap();
    (origin, thread)
}

#[test]
fn a_server_is_believed_when_the_named_authority_vouches_for_its_name() {
    let ours = authority("localhost");
    let client = Client::new(&Roots::File(ours.pem.path().to_owned())).unwrap();
    let (origin, thread) = secure(&ours, true);
    let answer = client.send(&origin, &get(), soon()).unwrap();
    assert_eq!(&*answer.body, b"ab");
    assert!(thread.join().unwrap().starts_with(b"GET /v1/x"));

    let cut = secure(&ours, false).0;
    let said = client.send(&cut, &get(), soon()).unwrap_err();
    assert_eq!(
        said,
        Unreached::Broken,
        "an end that TLS does not vouch for"
    );

    for (other, roots) in [
        (authority("localhost"), &ours),
        (authority("vault.example.org"), &ours),
    ] {
        let client = Client::new(&Roots::File(roots.pem.path().to_owned())).unwrap();
        let (origin, thread) = secure(&other, true);
        let secret = get().header("X-Vault-Token", "hvs.1").unwrap();
        let said = client.send(&origin, &secret, soon()).unwrap_err();
        assert_eq!(said, Unreached::Certificate);
        assert!(
            thread.join().unwrap().is_empty(),
            "it got nothing of the request"
        );
    }
    let named = authority("vault.example.org");
    let client = Client::new(&Roots::File(named.pem.path().to_owned())).unwrap();
    let said = client.send(&secure(&named, true).0, &get(), soon());
    assert_eq!(said.unwrap_err(), Unreached::Certificate, "another name");
}

#[test]
fn a_file_without_certificates_is_no_authority() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let said = Client::new(&Roots::File(empty.path().to_owned())).unwrap_err();
    assert_eq!(said, Unreached::Roots);
    let said = Client::new(&Roots::File("/nonexistent".into())).unwrap_err();
    assert_eq!(said, Unreached::Roots);
}
