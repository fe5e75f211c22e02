//! What a database needs of the world outside: its servers, its password, its certificates. It is
//! told once, before anything is asked for.

use std::net::IpAddr;

use guard::broker;
use guard::broker::Barred;
use guard::broker::Document;
use guard::secret::SecretRef;
use serde::Deserialize;
use serde::Serialize;

use crate::connection::Host;
use crate::connection::Place;
use crate::connection::Roots;
use crate::connection::Target;

/// A database may be at every address that its name has: most are in a network of their own, and
/// TLS proves who answers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Anywhere;

impl broker::Policy for Anywhere {
    fn vet(&self, _: IpAddr) -> Result<(), Barred> {
        Ok(())
    }

    fn roots() -> Vec<Vec<u8>> {
        // What cannot be read is left out: with no roots at all, nothing is trusted.
        let found = rustls_native_certs::load_native_certs().certs;
        found.iter().map(|one| one.to_vec()).collect()
    }
}

/// All that `target` needs. Its hosts have the numbers that they have there.
#[must_use]
pub fn charter(target: &Target, password: Option<&SecretRef>) -> broker::Charter<Anywhere> {
    let mut charter = broker::Charter {
        targets: target.hosts.iter().map(place).collect(),
        ..broker::Charter::default()
    };
    if let Some(password) = password {
        charter.secret(password);
    }
    charter.document(roots(&target.roots));
    if let Some((chain, key)) = &target.certificate {
        charter.document(Document::File(chain.clone()));
        charter.document(Document::Key(key.clone()));
    }
    charter
}

/// Where the certificates are that may vouch.
pub(super) fn roots(roots: &Roots) -> Document {
    match roots {
        Roots::System => Document::Roots,
        Roots::File(file) => Document::File(file.clone()),
    }
}

fn place(host: &Host) -> broker::Target<Anywhere> {
    let place = match &host.place {
        Place::Tcp(name) => match name.parse() {
            Ok(address) => broker::Place::Address(address),
            Err(_) => broker::Place::Name(name.clone()),
        },
        // as libpq names it
        Place::Socket(directory) => {
            broker::Place::Socket(directory.join(format!(".s.PGSQL.{}", host.port)))
        }
    };
    broker::Target {
        place,
        port: host.port,
        policy: Anywhere,
        lasting: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charter_holds_the_hosts_in_order_and_the_files() {
        let text = "host=db.example.com,/run/pg,::1 port=5432,5433,5434 user=a dbname=b \
                    sslrootcert=/ca.pem sslcert=/own.pem sslkey=/own.key";
        let target: Target = text.parse().unwrap();
        let password = "file:/etc/password".parse().unwrap();
        let charter = charter(&target, Some(&password));
        let places: Vec<_> = charter.targets.iter().map(|target| &target.place).collect();
        assert_eq!(
            places,
            [
                &broker::Place::Name("db.example.com".to_owned()),
                &broker::Place::Socket("/run/pg/.s.PGSQL.5433".into()),
                &broker::Place::Address("::1".parse().unwrap()),
            ]
        );
        assert_eq!(charter.secrets, ["file:/etc/password".parse().unwrap()]);
        assert_eq!(
            charter.documents,
            [
                Document::File("/ca.pem".into()),
                Document::File("/own.pem".into()),
                Document::Key("/own.key".into()),
            ]
        );
        let text = serde_json::to_string(&charter).unwrap();
        let read: broker::Charter<Anywhere> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, charter);
    }
}
