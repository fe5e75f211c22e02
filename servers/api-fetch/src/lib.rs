//! Calls named endpoints of named hosts, with credentials that the model never sees, and can do
//! nothing else.
//!
//! The promise: nothing is sent but to an endpoint that the operator declared, at an address that
//! the operator's rules allow, with parameters of the declared form; and no credential comes back.
//!
//! | authority                  | held by               | taken                                 |
//! |----------------------------|-----------------------|---------------------------------------|
//! | connect to declared hosts  | `effects`             | per call, by a permit of the scope    |
//! | use a credential           | `effects`             | last, for its own upstream alone      |
//! | read files, run, listen    | nothing               | never                                 |

pub mod address;
pub mod effects;
pub mod permit;
