//! Leave to send one request. Made by the scope alone, needed by everything that connects.

use std::time::Duration;

use guard::label::Label;

/// Leave to send one request to one endpoint.
///
/// The target is in parts that are already checked and encoded; whoever sends it joins them,
/// parses the outcome, and checks once more that scheme, host, port and path are these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Permit {
    pub(crate) endpoint: String,
    pub(crate) upstream: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limits: Budget,
    pub(crate) keep: Option<Keep>,
}

/// How an answer is kept for the one who asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Keep {
    /// The longest that it is given without asking again, whatever the upstream says.
    pub most: Duration,
    /// The label of the endpoint.
    pub label: Label,
}

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head of the answer only.
    Head,
    /// Changes something.
    Post,
    /// Changes something; may be repeated.
    Put,
    /// Changes something.
    Patch,
    /// Changes something; may be repeated.
    Delete,
}

/// The most that one exchange may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// Bytes of the body, once inflated.
    pub body: u64,
    /// Bytes of all headers.
    pub headers: u64,
    /// For the whole exchange, retries and redirects included.
    pub time: Duration,
    /// Between two reads.
    pub silence: Duration,
    /// Redirects that are followed, each to an endpoint of the same upstream.
    pub redirects: u8,
    /// Whether one retry is allowed after 429, 503 or a connection that could not be made.
    pub retry: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The media type without its parameters, in lower case.
    pub media_type: String,
    /// Seconds that the upstream asked to wait, with 429 and 503.
    pub retry_after: Option<u64>,
    /// The link to the next page as the endpoint's pagination finds it in headers.
    pub link_next: Option<String>,
    /// The body, inflated.
    pub body: Vec<u8>,
}
