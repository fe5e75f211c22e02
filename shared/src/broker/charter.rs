//! What a worker may ask for, as it is told to the broker once.
//!
//! # Invariants
//!
//! - A charter holds no secret: references, names and paths only.
//! - It is read whole or not at all, and nothing longer than [`LONGEST`].

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::secret::SecretRef;
use crate::secret::SecretsConfig;

/// Decides which addresses of a target may be dialled, in the broker.
pub trait Policy:
    Clone + fmt::Debug + Eq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Whether `address` may be dialled.
    ///
    /// # Errors
    ///
    /// [`Barred`] with the kind of reason.
    fn vet(&self, address: IpAddr) -> Result<(), Barred>;

    /// The certificates that the system trusts, each as DER. Reads files: may block.
    fn roots() -> Vec<Vec<u8>>;
}

/// Why an address is not dialled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Barred {
    /// By what kind of address it is.
    Shut,
    /// It is one of this machine.
    Own,
}

/// All that may be asked for. What is asked for is a number in one of these lists.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(bound = "P: Policy", deny_unknown_fields)]
pub struct Charter<P> {
    /// What may be dialled.
    pub targets: Vec<Target<P>>,
    /// Which secrets may be read again.
    pub secrets: Vec<SecretRef>,
    /// How their places are reached that need to be told.
    pub places: SecretsConfig,
    /// Which other files may be read again.
    pub documents: Vec<Document>,
}

/// One thing that may be dialled.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(bound = "P: Policy", deny_unknown_fields)]
pub struct Target<P> {
    /// Where it is.
    pub place: Place,
    /// Its port; of no meaning for a socket of the file system.
    pub port: u16,
    /// Which of its addresses will do.
    pub policy: P,
    /// Whether the connection is looked after while nobody uses it: the other side is asked after
    /// a minute of silence, and is lost when it owes an answer for half a minute.
    pub lasting: bool,
}

/// Where a target is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// At all addresses that a name has when it is dialled.
    Name(String),
    /// At an address.
    Address(IpAddr),
    /// A socket of the file system.
    Socket(PathBuf),
}

/// A file that may be read again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// The certificates that the system trusts; see [`super::certificates`].
    Roots,
    /// A file, whoever else may read it.
    File(PathBuf),
    /// A file that nobody but its owner may read, or a group if it belongs to root.
    Key(PathBuf),
}

impl<P: Policy> Charter<P> {
    /// The number of a target, adding it if it is not there yet.
    pub fn target(&mut self, target: Target<P>) -> usize {
        number(&mut self.targets, target)
    }

    /// Allows reading a secret again. One that is in the environment is the worker's own.
    pub fn secret(&mut self, reference: &SecretRef) {
        if !is_in_environment(reference) {
            number(&mut self.secrets, reference.clone());
        }
    }

    /// Allows reading a document again.
    pub fn document(&mut self, document: Document) {
        number(&mut self.documents, document);
    }

    /// The environment's variables that loading its secrets reads.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        let secrets = self.secrets.iter();
        secrets
            .flat_map(|secret| secret.variables(&self.places))
            .collect()
    }

    /// Tells it to a broker: its length in four bytes, and JSON.
    pub(super) fn tell(&self, mut to: &UnixStream) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        let length = u32::try_from(text.len()).ok();
        let length = length.filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("the configuration names too much"))?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&text)
    }

    /// Hears it from a worker.
    pub(super) fn hear(mut from: &UnixStream) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut text = Vec::new();
        from.take(u64::from(length)).read_to_end(&mut text)?;
        if text.len() as u64 != u64::from(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let charter: Self = serde_json::from_slice(&text)?;
        let most = usize::from(u16::MAX);
        let counts = [
            charter.targets.len(),
            charter.secrets.len(),
            charter.documents.len(),
        ];
        if counts.into_iter().any(|count| count > most) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(charter)
    }
}

/// One that allows nothing.
impl<P> Default for Charter<P> {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            secrets: Vec::new(),
            places: SecretsConfig::default(),
            documents: Vec::new(),
        }
    }
}

/// Whether a secret never changes while a process runs, and needs no right to be read.
pub(super) fn is_in_environment(reference: &SecretRef) -> bool {
    reference.to_string().starts_with("env:")
}

fn number<T: PartialEq>(all: &mut Vec<T>, one: T) -> usize {
    if let Some(at) = all.iter().position(|known| *known == one) {
        return at;
    }
    all.push(one);
    all.len() - 1
}

/// Bytes of a charter: thousands of targets.
const LONGEST: u32 = 4 << 20;
