//! Secrets in every disguise, and texts that only look like one.
