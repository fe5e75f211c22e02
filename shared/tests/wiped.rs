//! Whether secrets that are gone are gone, by a look at the memory of the process that had them.
//!
//! A process of its own looks for a secret that it knows by two halves only, which it never joins:
//! so whatever is found was left by the code under test. The other process has the secret, writes
//! the file and answers as the vault does.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the tests read the memory of a process and write its files"
)]

use std::fs;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use guard::secret::Providers;
use guard::secret::Secret;

/// A text that is known as two halves, each of which is noise.
struct Halves {
    mask: Vec<u8>,
    masked: Vec<u8>,
}

impl Halves {
    fn of(text: &str) -> Self {
        let mut mask = vec![0; text.len()];
        File::open("/dev/urandom")
            .unwrap()
            .read_exact(&mut mask)
            .unwrap();
        let masked = text.bytes().zip(&mask).map(|(byte, mask)| byte ^ mask);
        let masked = masked.collect();
        Self { mask, masked }
    }

    fn to_hex(&self) -> String {
        let both = self.mask.iter().chain(&self.masked);
        both.map(|byte| format!("{byte:02x}")).collect()
    }

    fn from_environment(name: &str) -> Self {
        let text = std::env::var(name).unwrap();
        let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16).unwrap()).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap());
        let mut mask: Vec<u8> = bytes.collect();
        let masked = mask.split_off(mask.len() / 2);
        Self { mask, masked }
    }

    /// Whether the middle of the text stands at the beginning of `bytes`. The middle, because
    /// who frees memory writes over its first bytes.
    fn begins(&self, bytes: &[u8]) -> bool {
        let middle = MIDDLE.0..MIDDLE.1;
        let both = self.mask[middle.clone()].iter().zip(&self.masked[middle]);
        bytes.len() >= MIDDLE.1 - MIDDLE.0
            && both
                .zip(bytes)
                .all(|((mask, masked), byte)| *byte == mask ^ masked)
    }

    /// How often it is in the memory of this process that can be written.
    fn count(&self) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        // large enough to be a mapping of its own, in which nothing is looked for
        let mut window = vec![0_u8; WINDOW];
        let own = window.as_ptr() as usize;
        let own = own..own + window.len();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut found = 0;
        for line in maps.lines() {
            let (range, rest) = line.split_once(' ').unwrap();
            if !rest.starts_with("rw") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let at = |text| usize::from_str_radix(text, 16).unwrap();
            let (mut start, end) = (at(start), at(end));
            while start < end {
                let size = window.len().min(end - start);
                let read = memory
                    .read_at(&mut window[..size], start as u64)
                    .unwrap_or(0);
                let hits = (0..read).filter(|offset| {
                    !own.contains(&(start + offset)) && self.begins(&window[*offset..read])
                });
                found += hits.count();
                window.fill(0);
                if size < window.len() {
                    break;
                }
                start += size - (MIDDLE.1 - MIDDLE.0) + 1;
            }
        }
        found
    }
}

const MIDDLE: (usize, usize) = (20, 44);
const WINDOW: usize = 4 << 20;

fn noise() -> String {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .unwrap()
        .read_exact(&mut bytes)
        .unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn l4_a_secret_is_in_memory_once_and_gone_when_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (in_file, in_environment) = (noise(), noise());
    let path = dir.path().join("secret");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    std::io::Write::write_all(&mut file, in_file.as_bytes()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--ignored",
            "--exact",
            "looks_into_its_own_memory",
            "--nocapture",
        ])
        .env("IN_FILE", Halves::of(&in_file).to_hex())
        .env("IN_ENVIRONMENT", Halves::of(&in_environment).to_hex())
        .env("FILE", &path)
        .env("SECRET", &in_environment);
    #[cfg(feature = "vault")]
    let (in_vault, token) = (noise(), noise());
    #[cfg(feature = "vault")]
    child
        .env("IN_VAULT", Halves::of(&in_vault).to_hex())
        .env("TOKEN", Halves::of(&token).to_hex())
        .env("VAULT_ADDR", vault::start(in_vault, &token))
        .env("HOME", {
            let mut file = options.open(dir.path().join(".vault-token")).unwrap();
            std::io::Write::write_all(&mut file, token.as_bytes()).unwrap();
            dir.path()
        });
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 passed"), "it ran: {said}");
}

#[test]
#[ignore = "run by the other test, in a process of its own"]
fn looks_into_its_own_memory() {
    let providers = Providers::of_process();
    let load = |reference: &str| -> Secret { providers.load(&reference.parse().unwrap()).unwrap() };

    let text = Halves::from_environment("IN_FILE");
    assert_eq!(text.count(), 0, "it was not read yet");
    // a look that finds nothing when there is something would prove nothing
    let plain = fs::read_to_string(std::env::var("FILE").unwrap()).unwrap();
    assert_eq!(text.count(), 1, "a plain copy is found");
    drop(secret_of(plain));
    assert_eq!(text.count(), 0, "and is wiped as a secret");
    let file = format!("file:{}", std::env::var("FILE").unwrap());
    let secret = load(&file);
    assert_eq!(text.count(), 1, "of a file, alive");
    drop(secret);
    assert_eq!(text.count(), 0, "of a file, dropped");

    let text = Halves::from_environment("IN_ENVIRONMENT");
    assert_eq!(
        text.count(),
        1,
        "the environment itself stays: a file is better"
    );
    let secret = load("env:SECRET");
    assert_eq!(text.count(), 2, "of the environment, alive");
    drop(secret);
    assert_eq!(text.count(), 1, "of the environment, dropped");

    #[cfg(feature = "vault")]
    {
        let (text, token) = (
            Halves::from_environment("IN_VAULT"),
            Halves::from_environment("TOKEN"),
        );
        for _ in 0..2 {
            let secret = load("vault:secret/app/db#password");
            assert_eq!(text.count(), 1, "of a vault, alive");
            drop(secret);
            assert_eq!(text.count(), 0, "of a vault, dropped");
            assert_eq!(token.count(), 1, "the token of the session");
        }
        drop(providers);
        assert_eq!(token.count(), 0, "and it goes with the session");
    }
}

/// A secret out of a text, whose memory is handed over and not copied.
fn secret_of(text: String) -> Secret {
    Secret::new(text).unwrap()
}

/// The two answers of a vault.
#[cfg(feature = "vault")]
mod vault {
    use std::io::BufRead;
    use std::io::BufReader;
    use std::io::Write;
    use std::net::Ipv4Addr;
    use std::net::TcpListener;
    use std::thread;

    pub(super) fn start(secret: String, token: &str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let expected = format!("X-Vault-Token: {token}\r\n");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = String::new();
                let mut reader = BufReader::new(&stream);
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).unwrap();
                }
                let body = if !head.contains(&expected) {
                    "{}".to_owned()
                } else if head.starts_with("GET /v1/sys/internal/ui/mounts/secret/app/db ") {
                    r#"{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}"#
                        .to_owned()
                } else {
                    // an escape in it, so that it cannot be taken as it stands
                    format!(r#"{{"data":{{"data":{{"password":"\u0022{secret}"}}}}}}"#)
                };
                // in chunks, as the server does with what is longer
                let (one, two) = body.split_at(body.len() / 2);
                let chunks = format!(
                    "{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
                    one.len(),
                    two.len()
                );
                let answer =
                    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
                drop(stream.write_all(answer.as_bytes()));
            }
        });
        address
    }
}
