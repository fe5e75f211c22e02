//! What a receiver can do to a sender: hostile answers, TLS of others, connections that break.
#![expect(clippy::disallowed_methods, reason = "certificates are files")]

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;
use rustls::pki_types::PrivateKeyDer;
use tokio::sync::mpsc;

use guard::config::Source;
use guard::secret::Providers;

use super::Sender;
use super::Sent;
use super::Trouble;
use crate::config::Config;
use crate::effects::send::testing::answering;
use crate::effects::send::testing::receiver;
use crate::effects::send::testing::request;
use crate::forward::batch::Batch;
use crate::forward::batch::Item;

fn sender(keys: &str) -> Sender {
    let text = format!("[[forward]]\nname = \"siem\"\n{keys}\n");
    let source = Source::new("review.toml", text);
    let config: Config = source.parse().unwrap();
    let (print, _) = mpsc::channel(1);
    let secrets = Providers::new(|name| (name == "KEY").then(|| "hunter2-hunter2".into()));
    Sender::open(&config.forward[0], Some(&source), &secrets, &print).unwrap()
}

fn webhook(at: SocketAddr) -> Sender {
    sender(&format!(
        "kind = \"webhook\"\naddress = \"http://{at}/x?y\"\ninsecure = true\nsecret = \"env:KEY\"\n\
         token = \"env:KEY\"\ntimeout-seconds = 2"
    ))
}

fn send(sender: &Sender) -> Sent {
    let mut batch = Batch::default();
    batch.push(Item::Line(r#"{"v":1,"t":"event","seq":1}"#.to_owned()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let now = "2026-05-05T12:00:00Z".parse().unwrap();
    runtime.block_on(sender.send(&batch, "kh_1", now))
}

#[test]
fn a_webhook_gets_its_batch_with_id_time_signature_and_token() {
    let (heard, hears) = std::sync::mpsc::channel();
    let at = receiver(move |mut tcp| {
        heard.send(request(&mut tcp)).unwrap();
        tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    assert!(matches!(send(&webhook(at)), Sent::Taken));
    let (head, body) = hears.recv().unwrap();
    assert!(head.starts_with("POST /x?y HTTP/1.1\r\n"), "{head}");
    for line in [
        "webhook-id: kh_1",
        "webhook-timestamp: 1777982400",
        "authorization: Bearer hunter2-hunter2",
        "content-type: application/json",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(head.contains("webhook-signature: v1,"), "{head}");
    assert!(
        body.contains("\n{\"v\":1,\"t\":\"event\",\"seq\":1}\n"),
        "{body}"
    );
}

#[test]
fn a_status_says_whether_it_was_taken_and_when_to_ask_again() {
    let of = |answer: &str| send(&webhook(answering(answer)));
    let status = |code: u16| of(&format!("HTTP/1.1 {code} X\r\ncontent-length: 0\r\n\r\n"));
    for code in [200, 202, 204] {
        assert!(matches!(status(code), Sent::Taken), "{code}");
    }
    for code in [408, 429, 500, 503] {
        assert!(matches!(status(code), Sent::Later(..)), "{code}");
    }
    for code in [400, 401, 404, 413] {
        assert!(matches!(status(code), Sent::Refused(_)), "{code}");
    }
    let waits = of("HTTP/1.1 429 X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
    let Sent::Later(Trouble::Status(429), Some(after)) = waits else {
        panic!("{waits:?}");
    };
    assert_eq!(after, Duration::from_secs(7));
}

#[test]
fn o2_a_redirect_is_not_followed_and_where_it_leads_is_not_told() {
    let asked = receiver(|_| panic!("nobody goes there"));
    for to in [format!("http://{asked}/"), "file:///etc/passwd".to_owned()] {
        let answer = format!("HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let Sent::Refused(why) = send(&webhook(answering(answer))) else {
            panic!("{to}");
        };
        assert_eq!(why, Trouble::Redirect(307));
        assert!(!why.to_string().contains(&to));
    }
}

#[test]
fn o2_an_answer_without_end_is_given_up_in_time_and_without_memory() {
    let pour = |head: &'static str, piece: &'static [u8]| {
        receiver(move |mut tcp| {
            request(&mut tcp);
            tcp.write_all(head.as_bytes()).ok();
            while tcp.write_all(piece).is_ok() {}
        })
    };
    for (head, piece) in [
        (
            "HTTP/1.1 200 OK\r\n",
            &b"x-header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"[..],
        ),
        ("HTTP/1.1 200 OK\r\nx: ", &[b'a'; 4096][..]),
        ("", &b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n"[..]),
        ("", &b"garbage\r\n\r\n"[..]),
        ("", &[0; 512][..]),
    ] {
        let began = Instant::now();
        let sent = send(&webhook(pour(head, piece)));
        assert!(matches!(sent, Sent::Later(..)), "{head:?}: {sent:?}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    // the head says that it was taken: the body is nothing to wait for
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let sent = send(&webhook(pour(head, &[b'a'; 4096])));
        assert!(matches!(sent, Sent::Taken), "{sent:?}");
    }
}

#[test]
fn what_breaks_or_says_nothing_is_tried_again() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = receiver(|tcp| {
        std::thread::sleep(Duration::from_secs(4));
        drop(tcp);
    });
    let closing = receiver(drop);
    let nothing_yet = answering("HTTP/1.1 100 Continue\r\n\r\n");
    let garbled = answering(&b"\xff\xfe\0garbage\r\n\r\n"[..]);
    for at in [nobody, silent, closing, nothing_yet, garbled] {
        let sent = send(&webhook(at));
        assert!(matches!(sent, Sent::Later(..)), "{sent:?}");
    }
}

#[test]
fn a_stream_counts_once_it_was_read_to_its_end() {
    let syslog = |at: SocketAddr| {
        sender(&format!(
            "kind = \"syslog\"\naddress = \"tcp://{at}\"\ninsecure = true\ntimeout-seconds = 2"
        ))
    };
    let reads = receiver(|mut tcp| {
        let mut all = String::new();
        tcp.read_to_string(&mut all).unwrap();
        assert!(all.contains("<110>1 "), "{all}");
    });
    assert!(matches!(send(&syslog(reads)), Sent::Taken));
    // what it had not read when it died is not taken
    let dies = receiver(|tcp| {
        std::thread::sleep(Duration::from_millis(300));
        drop(tcp);
    });
    let sent = send(&syslog(dies));
    assert!(matches!(sent, Sent::Later(..)), "{sent:?}");
    // nor what it never reads
    let (keep, kept) = std::sync::mpsc::channel();
    let hangs = receiver(move |tcp| keep.send(tcp).unwrap());
    let sent = send(&syslog(hangs));
    assert!(matches!(sent, Sent::Later(Trouble::Slow, _)), "{sent:?}");
    drop(kept);
}

/// A receiver over TLS with a certificate of its own; gives that as PEM in `file`.
fn over_tls(file: &Path, http: bool) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    receiver(move |tcp| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = StreamOwned::new(connection, tcp);
        if http {
            request(&mut tls);
            tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .ok();
        } else {
            let mut all = Vec::new();
            tls.read_to_end(&mut all).ok();
        }
    })
}

#[test]
fn o3_a_certificate_is_checked_and_a_private_one_is_trusted_where_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (own, other) = (dir.path().join("own.pem"), dir.path().join("other.pem"));
    let _other = over_tls(&other, true);
    let https = over_tls(&own, true);
    let of = |host: &str, ca: Option<&Path>| {
        let ca = ca.map_or(String::new(), |ca| format!("ca = \"{}\"\n", ca.display()));
        let port = https.port();
        sender(&format!(
            "kind = \"otlp\"\naddress = \"https://{host}:{port}\"\n{ca}timeout-seconds = 5"
        ))
    };
    assert!(matches!(send(&of("localhost", Some(&own))), Sent::Taken));
    // another name, another certificate
    for (host, ca) in [("127.0.0.1", &own), ("localhost", &other)] {
        let sent = send(&of(host, Some(ca)));
        assert!(
            matches!(sent, Sent::Later(Trouble::Tls(_), _)),
            "{host}: {sent:?}"
        );
    }
    let tls = over_tls(&own, false);
    let syslog = sender(&format!(
        "kind = \"syslog\"\naddress = \"tls://localhost:{}\"\nca = \"{}\"",
        tls.port(),
        own.display()
    ));
    let sent = send(&syslog);
    assert!(matches!(sent, Sent::Taken), "{sent:?}");
}

#[test]
fn who_speaks_no_tls_hears_no_token() {
    let (heard, hears) = std::sync::mpsc::channel();
    let at = receiver(move |mut tcp| {
        let mut bytes = [0; 4096];
        let count = tcp.read(&mut bytes).unwrap();
        heard.send(bytes[..count].to_vec()).unwrap();
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .ok();
    });
    let sender = sender(&format!(
        "kind = \"otlp\"\naddress = \"https://{at}\"\ntoken = \"env:KEY\"\ntimeout-seconds = 2"
    ));
    let sent = send(&sender);
    assert!(matches!(sent, Sent::Later(Trouble::Tls(_), _)), "{sent:?}");
    let heard = hears.recv().unwrap();
    assert!(!heard.windows(7).any(|part| part == b"hunter2"));
}

#[test]
fn a_file_of_certificates_that_is_none_is_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), "no certificate\n").unwrap();
    let text =
        "[[forward]]\nname = \"a\"\nkind = \"otlp\"\naddress = \"https://a\"\nca = \"ca.pem\"\n";
    let source = Source::new(dir.path().join("review.toml"), text);
    let config: Config = source.parse().unwrap();
    let (print, _) = mpsc::channel(1);
    let secrets = Providers::new(|_| None);
    let error = Sender::open(&config.forward[0], Some(&source), &secrets, &print).unwrap_err();
    assert!(
        error.to_string().contains("there is no certificate in it"),
        "{error}"
    );
}
