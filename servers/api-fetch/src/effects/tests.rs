//! Servers that mean well, and hostile ones: what they get, and what comes back.

mod plain;
