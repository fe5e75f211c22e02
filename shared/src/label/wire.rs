//! How a label is written into the protocol.
