//! Signed notes and the keys that sign them (C2SP `signed-note`, `tlog-checkpoint`), so that the
//! tools of others can check what this trail says of itself.
//!
//! ```text
//! keyhole-audit/0123456789abcdef                     the origin: which chain
//! 42                                                 how many lines
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=       the root of the tree over them
//!
//! — NAME base64(key id || signature)                 Ed25519 over the lines above
//! ```
//!
//! A verifier key is `NAME+ID+base64(0x01 || public key)`, a signing key
//! `PRIVATE+KEY+NAME+ID+base64(0x01 || seed)`; the id are the first four bytes of
//! `SHA-256(NAME || "\n" || 0x01 || public key)`.
//!
//! # Invariants
//!
//! - A [`SigningKey`] has no `Display`, `Serialize` or `Clone`; it is wiped when it goes.
//! - What a note says is read from the very bytes that were signed.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::Signer;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use sha2::Digest;
use sha2::Sha256;

use super::chain::Hash;
use super::merkle::Tree;
use crate::secret::Secret;

/// A public key that checkpoints are held against. `Display` and `parse` speak the form of the
/// signed notes, `NAME+ID+BASE64`.
#[derive(Clone, Eq, PartialEq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: ed25519_dalek::VerifyingKey,
}

/// A private key that signs checkpoints.
pub struct SigningKey {
    public: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// It does not have the form of one.
    #[error("expected a verifier key, `NAME+ID+BASE64`")]
    VerifierForm,
    /// It does not have the form of one. Nothing of it is repeated.
    #[error("expected a signing key, `PRIVATE+KEY+NAME+ID+BASE64`")]
    SigningForm,
    /// A name is 1 to 64 printable ASCII letters without spaces and `+`.
    #[error("the name of the key has to be 1 to 64 printable letters without a space or `+`")]
    Name,
    /// Its id is not that of this name and key.
    #[error("the id of the key does not fit its name and its bytes")]
    Id,
    /// The bytes are no public key.
    #[error("the bytes are not a key of Ed25519")]
    Bytes,
}

/// A signed statement: a chain of that many lines has that root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    note: Note,
}

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a checkpoint: an origin, a size, a root, an empty line, and signatures are expected")]
pub struct NotACheckpoint;

/// A text and the signatures below it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Note {
    /// With its last line feed.
    text: String,
    signatures: Vec<Signed>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Signed {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// What a key says of a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// It signed it.
    Yes,
    /// The signature in its name is not its own.
    Forged,
    /// There is none in its name.
    Nothing,
}

impl VerifierKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let mut hasher = Sha256::new();
        hasher.update(name);
        hasher.update([b'\n', ED25519]);
        hasher.update(key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
        let (name, id) = (name.to_owned(), [a, b, c, d]);
        Ok(Self { name, id, key })
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id, eight hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex(self.id)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::VerifierForm);
        };
        let data = STANDARD.decode(data).map_err(|_| KeyError::VerifierForm)?;
        let Some((&ED25519, key)) = data.split_first() else {
            return Err(KeyError::VerifierForm);
        };
        let key = key.try_into().map_err(|_| KeyError::VerifierForm)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key);
        let key = key.map_err(|_| KeyError::Bytes)?;
        // a key of small order accepts signatures that nobody made
        if key.is_weak() {
            return Err(KeyError::Bytes);
        }
        let found = Self::new(name, key)?;
        if found.id() == id {
            Ok(found)
        } else {
            Err(KeyError::Id)
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        let (name, id) = (&self.name, self.id());
        write!(f, "{name}+{id}+{}", STANDARD.encode(data))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl<'de> Deserialize<'de> for VerifierKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl SigningKey {
    /// The key called `name` that grows from `seed`, 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`].
    pub fn generate(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, key.verifying_key())?;
        Ok(Self { public, key })
    }

    /// Reads a key as [`SigningKey::to_secret`] writes it.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which repeats nothing of the secret.
    pub fn parse(secret: &Secret) -> Result<Self, KeyError> {
        secret.show_to(|text| {
            let mut parts = text
                .strip_prefix(PRIVATE)
                .unwrap_or_default()
                .splitn(3, '+');
            let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(KeyError::SigningForm);
            };
            let mut bytes = Zeroizing::new([0; 36]);
            let count = STANDARD.decode_slice(data, bytes.as_mut_slice());
            let (Ok(33), Some((&ED25519, rest))) = (count, bytes.split_first()) else {
                return Err(KeyError::SigningForm);
            };
            let seed = rest.first_chunk().ok_or(KeyError::SigningForm)?;
            let found = Self::generate(name, seed)?;
            if found.public.id() == id {
                Ok(found)
            } else {
                Err(KeyError::Id)
            }
        })
    }

    /// The key as a text, `PRIVATE+KEY+NAME+ID+BASE64`, to be kept where secrets are.
    #[must_use]
    pub fn to_secret(&self) -> Option<Secret> {
        let mut data = Zeroizing::new([ED25519; 33]);
        if let Some(room) = data.get_mut(1..) {
            room.copy_from_slice(self.key.as_bytes());
        }
        let (name, id) = (&self.public.name, self.public.id());
        // at its final size, so that no copy is left behind
        let mut text = String::with_capacity(PRIVATE.len() + name.len() + id.len() + 46);
        for part in [PRIVATE, name, "+", &id, "+"] {
            text.push_str(part);
        }
        STANDARD.encode_string(data.as_slice(), &mut text);
        Secret::new(text).ok()
    }

    /// The public key, which can be told to everyone.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// Says that the chain with that `origin` is `tree`, and `more`, which is one line.
    pub(super) fn checkpoint(&self, origin: &str, tree: &Tree, more: Option<&str>) -> Checkpoint {
        let (size, root) = (tree.size(), tree.root());
        let mut text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.bytes()));
        if let Some(more) = more {
            text.push_str(more);
            text.push('\n');
        }
        let note = self.sign(text);
        let origin = origin.to_owned();
        Checkpoint {
            origin,
            size,
            root,
            note,
        }
    }

    fn sign(&self, text: String) -> Note {
        let signature = self.key.sign(text.as_bytes());
        let signed = Signed {
            name: self.public.name.clone(),
            id: self.public.id,
            signature: signature.to_bytes().to_vec(),
        };
        let signatures = vec![signed];
        Note { text, signatures }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.id())
    }
}

impl Checkpoint {
    /// Which chain it speaks of.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many lines the chain had.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The fourth line, if there are just four.
    pub(super) fn extension(&self) -> Option<&str> {
        let mut lines = self.note.text.strip_suffix('\n')?.split('\n').skip(3);
        let only = lines.next();
        if lines.next().is_some() { None } else { only }
    }

    /// Whether `key` signed it, and no signature in its name is forged.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.asked(key) == Said::Yes
    }

    /// What `key` says of it.
    pub(super) fn asked(&self, key: &VerifierKey) -> Said {
        let ours = |signed: &&Signed| signed.name == key.name && signed.id == key.id;
        let mut said = Said::Nothing;
        for signed in self.note.signatures.iter().filter(ours) {
            let Ok(signature) = Signature::from_slice(&signed.signature) else {
                return Said::Forged;
            };
            if key
                .key
                .verify_strict(self.note.text.as_bytes(), &signature)
                .is_err()
            {
                return Said::Forged;
            }
            said = Said::Yes;
        }
        said
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let read = || {
            let note = Note::parse(text)?;
            let mut lines = note.text.strip_suffix('\n')?.split('\n');
            let (origin, digits, root) = (lines.next()?, lines.next()?, lines.next()?);
            let size: u64 = digits.parse().ok()?;
            let root = STANDARD.decode(root).ok()?.try_into().ok()?;
            let plain = !origin.is_empty() && size.to_string() == digits;
            // further lines are for other logs; an empty one would be read in two ways
            let plain = plain && lines.all(|line| !line.is_empty());
            plain.then(|| Self {
                origin: origin.to_owned(),
                size,
                root: Hash::from_bytes(root),
                note: note.clone(),
            })
        };
        read().ok_or(NotACheckpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}

impl Note {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_NOTE || text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return None;
        }
        let at = text.rfind("\n\n")?;
        let (text, rest) = text.split_at_checked(at + 1)?;
        let lines = rest.strip_prefix('\n')?.strip_suffix('\n')?;
        let signatures: Option<Vec<Signed>> = lines.split('\n').map(Signed::parse).collect();
        let signatures = signatures.filter(|all| (1..=MAX_SIGNATURES).contains(&all.len()))?;
        let text = text.to_owned();
        Some(Self { text, signatures })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signed in &self.signatures {
            let data = [signed.id.as_slice(), &signed.signature].concat();
            writeln!(f, "{DASH}{} {}", signed.name, STANDARD.encode(data))?;
        }
        Ok(())
    }
}

impl Signed {
    fn parse(line: &str) -> Option<Self> {
        let (name, data) = line.strip_prefix(DASH)?.split_once(' ')?;
        let data = STANDARD.decode(data).ok()?;
        let (id, signature) = data.split_first_chunk()?;
        let fits = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
        (fits && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

/// Narrower than the specification: printable ASCII, and short enough for a field of a record.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'!'..=b'~') && b != b'+')
}

fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// The one kind of key.
const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";
const DASH: &str = "\u{2014} ";
/// More than any checkpoint with all its witnesses.
const MAX_NOTE: usize = 64 << 10;
const MAX_SIGNATURES: usize = 64;

#[cfg(test)]
mod tests;
