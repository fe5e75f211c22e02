//! Stub.
/// What is taken from a document.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The upstream's name in the configuration.
    pub upstream: String,
    /// What is taken.
    pub include: Vec<String>,
    /// What is left out.
    pub exclude: Vec<String>,
    /// For reading.
    pub permission: String,
    /// For changing.
    pub write_permission: String,
    /// The label.
    pub label: String,
}
/// Why not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no")]
pub struct Trouble;
/// Drafts.
///
/// # Errors
///
/// Trouble.
pub const fn draft(_document: &[u8], _choice: &Choice) -> Result<String, Trouble> {
    Err(Trouble)
}
