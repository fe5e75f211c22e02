//! Hosts and paths in odd spellings.
