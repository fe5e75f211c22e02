//! A path in a root, and how clients name it.

use std::sync::Arc;

use guard::error::Denial;

use super::RelPath;
use super::Root;
use super::Scope;
use super::spelling;

/// A path in one of the roots.
#[derive(Clone, Debug)]
pub struct Place {
    root: Arc<Root>,
    index: usize,
    path: RelPath,
}

impl Scope {
    /// What `text` may stand for, to be tried in this order.
    ///
    /// It is `ROOT/relative/path`, and with a single root the `relative/path` alone will do.
    /// Where both readings are possible the first is the one with the root's name, because that
    /// is how every answer writes paths.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if it spells no path, [`Denial::NotFound`] if there is no such root.
    pub fn readings(&self, text: &str) -> Result<Vec<Place>, Denial> {
        let whole = RelPath::parse(text);
        let (name, rest) = text.split_once('/').unwrap_or((text, ""));
        let named = self.roots.iter().position(|root| root.name == name);
        let mut readings = Vec::new();
        if let Some(index) = named.filter(|_| !rest.starts_with('/')) {
            readings.push(self.place(index, RelPath::parse(rest)?)?);
        }
        match whole {
            Ok(whole) if self.roots.len() == 1 => readings.push(self.place(0, whole)?),
            Ok(_) if readings.is_empty() => return Err(Denial::NotFound),
            // the root's name in front may be what makes it too deep
            Err(denial) if readings.is_empty() => return Err(denial),
            Ok(_) | Err(_) => {}
        }
        Ok(readings)
    }

    /// The place that the URI `fs://ROOT/path` names.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`] for anything else.
    pub fn place_of_uri(&self, uri: &str) -> Result<Place, Denial> {
        let rest = uri.strip_prefix(SCHEME).ok_or(Denial::NotFound)?;
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let index = self.roots.iter().position(|root| root.name == name);
        let path = Some(path).filter(|path| !path.starts_with('/'));
        let path = path.and_then(RelPath::from_uri).ok_or(Denial::NotFound)?;
        self.place(index.ok_or(Denial::NotFound)?, path)
    }

    /// The place of the root at `index` itself.
    #[must_use]
    pub fn top(&self, index: usize) -> Option<Place> {
        self.place(index, RelPath::default()).ok()
    }

    fn place(&self, index: usize, path: RelPath) -> Result<Place, Denial> {
        let root = self.roots.get(index).ok_or(Denial::NotFound)?;
        Ok(Place {
            root: Arc::clone(root),
            index,
            path,
        })
    }
}

impl Place {
    /// The root.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The number of the root in its scope.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The path below the root.
    #[must_use]
    pub const fn path(&self) -> &RelPath {
        &self.path
    }

    /// Another path of the same root.
    #[must_use]
    pub fn at(&self, path: RelPath) -> Self {
        Self {
            path,
            ..self.clone()
        }
    }

    /// `ROOT/relative/path`, on one line.
    #[must_use]
    pub fn spelling(&self) -> String {
        let mut out = String::with_capacity(self.root.name.len() + 1 + self.path.as_bytes().len());
        self.spell(&mut out, self.path.as_bytes());
        out
    }

    /// Appends the spelling of `path` in this root to `out`.
    pub fn spell(&self, out: &mut String, path: &[u8]) {
        out.push_str(&self.root.name);
        if !path.is_empty() {
            out.push('/');
            spelling::escape(out, path);
        }
    }

    /// `fs://ROOT/percent-encoded/path`.
    #[must_use]
    pub fn uri(&self) -> String {
        let path = self.path.as_bytes();
        let length = SCHEME.len() + self.root.name.len() + 1 + path.len();
        let mut out = String::with_capacity(length);
        for part in [SCHEME, &self.root.name, "/"] {
            out.push_str(part);
        }
        spelling::percent_encode(&mut out, path);
        out
    }
}

/// What our URIs begin with.
pub(crate) const SCHEME: &str = "fs://";
