//! Reads files below the given roots.
