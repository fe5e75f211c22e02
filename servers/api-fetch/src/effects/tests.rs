//! Servers that mean well, and hostile ones: what they get, and what comes back.

mod addresses;
mod bodies;
mod cached;
mod credentials;
mod ends;
mod framing;
mod measure;
mod plain;
mod redirects;
mod reflected;
mod retries;
mod tls;
mod tokens;
