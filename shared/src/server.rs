//! What a server is to the gate: one narrow capability behind a handful of questions.
//!
//! A server knows nothing of the protocol. It gets a checked request, decides, acts with a
//! permit of its own, and gives back a labelled value; only the gate turns that into an answer.

use std::future::Future;
use std::future::ready;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;

use crate::call::Call;
use crate::call::Caller;
use crate::error::Denial;
use crate::error::Fault;
use crate::error::Refusal;
use crate::error::fault;
use crate::label::Clearance;
use crate::label::Label;
use crate::label::Labeled;
use crate::schema::Arguments;
use crate::schema::Parameter;

/// What a request brings: a labelled value, or why there is none.
pub type Outcome<T> = Result<Labeled<T>, Refusal>;

/// One narrow capability.
pub trait Server: Send + Sync + 'static {
    /// The name of the binary.
    const NAME: &'static str;
    /// Its version.
    const VERSION: &'static str;
    /// One line on what it reaches, shown as the server's title.
    const TITLE: &'static str;
    /// Whether it has resources beside its tools.
    const RESOURCES: bool;

    /// The tools, sorted by name. Which of them a caller is shown is decided by the gate.
    fn tools(&self) -> &[Tool];

    /// Whether `caller` is shown `tool` and may call it, beyond having its permission: say no where
    /// nothing that it gives is within their clearance. Asked before anything else of a call.
    fn offers(&self, _caller: &Caller, _tool: &Tool) -> bool {
        true
    }

    /// What a model should know before its first call; nothing above `caller`'s clearance.
    fn instructions(&self, caller: &Caller) -> String;

    /// Answers a call of one of [`Server::tools`].
    fn call(
        &self,
        call: Call,
        tool: &'static str,
        arguments: Arguments,
    ) -> impl Future<Output = Outcome<Answer>> + Send;

    /// The resources, one page at a time; `after` is what [`Page::next`] said before.
    fn resources(
        &self,
        _call: Call,
        _after: Option<String>,
    ) -> impl Future<Output = Outcome<Page>> + Send {
        ready(Ok(Labeled::new(Page::default(), Label::PUBLIC)))
    }

    /// The templates by which resources may be addressed.
    fn templates(&self, _call: &Call) -> Vec<Template> {
        Vec::new()
    }

    /// Reads one resource.
    fn read(
        &self,
        _call: Call,
        _uri: String,
    ) -> impl Future<Output = Outcome<Vec<Contents>>> + Send {
        ready(Err(Denial::NotFound.into()))
    }

    /// Proposes values for the variable `variable` of a template that begin with `typed`.
    /// At most 100; `known` holds the variables that are settled already.
    fn complete(
        &self,
        _call: Call,
        _template: String,
        _variable: String,
        _typed: String,
        _known: Vec<(String, String)>,
    ) -> impl Future<Output = Outcome<Vec<String>>> + Send {
        ready(Ok(Labeled::new(Vec::new(), Label::PUBLIC)))
    }

    /// Watches one resource; every change is told to `changes` until the result is dropped.
    ///
    /// Before a change is passed on, the gate asks again whether the caller may still read it.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`] for what the caller may not read, as for what is not there.
    fn watch(
        &self,
        _call: Call,
        _uri: String,
        _changes: Changes,
    ) -> impl Future<Output = Outcome<Watch>> + Send {
        ready(Err(Denial::NotFound.into()))
    }

    /// The label of a resource as the operator writes it on the command line, and which rule
    /// gave it. For `explain`.
    fn label_of(&self, _resource: &str) -> Option<(Label, String)> {
        None
    }

    /// Whether any of its content was written by somebody other than the operator. For
    /// `--describe`; say yes where in doubt.
    fn is_untrusted(&self) -> bool {
        true
    }

    /// What the arguments or the configuration opened, as labels: all that the local user is
    /// cleared for where there is no policy.
    fn opened(&self) -> Clearance;

    /// The permissions of the local user where there is no policy: for what that user may do
    /// without this server as well.
    fn local_permissions(&self) -> &'static [&'static str] {
        &[]
    }
}

/// One tool, as the model sees it. All tools here are read-only unless they say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// `verb_noun`, unique in the suite.
    pub name: &'static str,
    /// For people; empty where the name says it, for every list is paid for in tokens.
    pub title: &'static str,
    /// For the model.
    pub about: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What its structured content is: the JSON Schema of an object, as text.
    pub output: &'static str,
    /// The permission that a caller needs; without one, being cleared suffices.
    pub permission: Option<&'static str>,
    /// Whether it reaches beyond this machine. Then its call is announced by a durable record
    /// before the server hears of it, even if it only reads: what is asked for leaves as well.
    pub open_world: bool,
    /// Whether it changes anything. Then its call is announced by a durable record before the
    /// server hears of it.
    pub writes: bool,
}

impl Tool {
    /// Whether a durable record goes before each call.
    #[must_use]
    pub const fn is_announced(&self) -> bool {
        self.writes || self.open_world
    }
}

/// What a tool gives back.
#[derive(Debug, Default)]
pub struct Answer {
    /// What the model reads.
    pub blocks: Vec<Block>,
    /// Small facts about it for programs.
    pub structured: Facts,
    /// How many things were returned, for the audit.
    pub items: u64,
    /// Whether a limit cut it short; then it says how to go on.
    pub truncated: bool,
    /// Whether its content was written by somebody other than the operator.
    pub untrusted: bool,
}

/// Small facts for programs: an object of the tool's output schema, as JSON, or nothing. It is
/// written once, and leaves as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts(String);

impl Facts {
    /// The facts that `object` holds; it is written as a JSON object.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if it cannot be written as JSON.
    pub fn of(object: &impl Serialize) -> Result<Self, Fault> {
        let text = serde_json::to_string(object);
        text.map(Self).map_err(fault("write the facts"))
    }

    /// The text; empty where there are none.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl From<Value> for Facts {
    /// `null` is none.
    fn from(object: Value) -> Self {
        if object.is_null() {
            Self::default()
        } else {
            Self(object.to_string())
        }
    }
}

/// One block of content.
#[derive(Debug)]
pub enum Block {
    /// Text.
    Text(String),
    /// An image, as base64.
    Image(Binary),
    /// Sound, as base64.
    Audio(Binary),
    /// Any other bytes, as an embedded resource.
    Blob {
        /// The address of the resource.
        uri: String,
        /// The bytes.
        content: Binary,
    },
}

/// Bytes that are not text.
#[derive(Debug)]
pub struct Binary {
    /// The media type, for example `image/png`.
    pub mime: String,
    /// The bytes in base64.
    pub base64: String,
}

/// One page of resources.
#[derive(Debug, Default)]
pub struct Page {
    /// The resources.
    pub items: Vec<Resource>,
    /// Where the next page begins; the gate seals it before it leaves.
    pub next: Option<String>,
}

/// One resource in a list.
#[derive(Debug)]
pub struct Resource {
    /// Its address.
    pub uri: String,
    /// Its name, escaped.
    pub name: String,
    /// The media type, where known.
    pub mime: Option<String>,
    /// Its size in bytes, where known.
    pub size: Option<u64>,
    /// When it last changed, where known.
    pub modified: Option<DateTime<Utc>>,
    /// Its own label.
    pub label: Label,
}

/// One way to address resources.
#[derive(Debug)]
pub struct Template {
    /// An RFC 6570 template.
    pub uri: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it addresses.
    pub about: &'static str,
}

/// The contents of a resource.
#[derive(Debug)]
pub struct Contents {
    /// Its address.
    pub uri: String,
    /// The media type, where known.
    pub mime: Option<String>,
    /// The bytes.
    pub body: Body,
    /// Its own label.
    pub label: Label,
    /// Whether it was written by somebody other than the operator.
    pub untrusted: bool,
}

/// The bytes of a resource.
#[derive(Debug)]
pub enum Body {
    /// As text.
    Text(String),
    /// As base64.
    Blob(String),
}

/// Where a server tells that a watched resource changed.
#[derive(Clone, Debug)]
pub struct Changes(pub(crate) tokio::sync::mpsc::Sender<String>);

impl Changes {
    /// Tells that `uri` changed. Changes that nobody collects in time are dropped: one
    /// notification says as much as many.
    pub fn tell(&self, uri: &str) {
        if self.0.try_send(uri.to_owned()).is_err() {
            tracing::debug!("a change was not passed on: the subscriber is slow or gone");
        }
    }
}

/// Keeps a watch alive; dropping it ends the watch.
pub struct Watch(
    #[expect(dead_code, reason = "held for its drop")] Box<dyn std::any::Any + Send + Sync>,
);

impl Watch {
    /// A watch that lasts as long as `held`.
    pub fn new(held: impl std::any::Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}
