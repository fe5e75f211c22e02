//! The server as the gate sees it.

use std::sync::Arc;
use std::sync::OnceLock;

use serde_json::Value;
use tokio::sync::AcquireError;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

use guard::call::Call;
use guard::call::Caller;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Changes;
use guard::server::Contents;
use guard::server::Outcome;
use guard::server::Page;
use guard::server::Server;
use guard::server::Template;
use guard::server::Tool;
use guard::server::Watch;

use crate::effects::Handles;
use crate::effects::lines_index::Indexes;
use crate::effects::watch::Watcher;
use crate::resources;
use crate::scope::Permit;
use crate::scope::Place;
use crate::scope::Scope;
use crate::tools;

/// The server: roots that are open, and what is decided about them. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ReadonlyFs(Arc<Inner>);

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) scope: Scope,
    pub(crate) handles: Handles,
    pub(crate) known: Taxonomy,
    pub(crate) indexes: Indexes,
    pub(crate) watcher: Watcher,
    pub(crate) sandbox: OnceLock<Value>,
    /// The limits as `list_roots` tells them.
    pub(crate) told_limits: Value,
    /// Room for file operations; those that may take long get only some of it, so that a slow
    /// walk never keeps a small read waiting.
    any: Semaphore,
    long: Semaphore,
}

type Held<'a> = Result<SemaphorePermit<'a>, AcquireError>;
/// A place among all operations, and where it may take long among those.
type Room<'a> = (Option<Held<'a>>, Held<'a>);

/// How long an operation may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Weight {
    /// A few system calls.
    Short,
    /// A walk.
    Long,
}

impl ReadonlyFs {
    pub(crate) fn new(scope: Scope, handles: Handles, known: Taxonomy) -> Self {
        let told_limits = tools::roots::told(scope.limits());
        let room = scope.limits().file_operations.count();
        Self(Arc::new(Inner {
            scope,
            handles,
            known,
            indexes: Indexes::default(),
            watcher: Watcher::default(),
            sandbox: OnceLock::new(),
            told_limits,
            any: Semaphore::new(room),
            long: Semaphore::new(room.div_ceil(2)),
        }))
    }

    /// Tells what confines this process, for `list_roots` to report. Only the first time counts.
    pub fn tell_sandbox(&self, report: Value) {
        if self.0.sandbox.set(report).is_err() {
            tracing::debug!("the sandbox was reported twice");
        }
    }

    /// The roots, for what confines this process to them.
    #[must_use]
    pub fn handles(&self) -> &Handles {
        &self.0.handles
    }

    /// What is decided about the roots.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    pub(crate) fn taxonomy(&self) -> &Taxonomy {
        &self.0.known
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Runs `work` beside the other requests, when there is room for it; again, once there is
    /// memory for what it found that its answer takes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: Call,
        weight: Weight,
        work: impl Fn(&Inner, &Call) -> Result<T, Refusal> + Send + Sync + 'static,
    ) -> Result<T, Refusal> {
        let work = Arc::new(work);
        // on the heap: what waits for a thread is large, and most need not wait
        Box::pin(self.run_beside(call, weight, work)).await
    }

    async fn run_beside<T: Send + 'static>(
        &self,
        call: Call,
        weight: Weight,
        work: Arc<impl Fn(&Inner, &Call) -> Result<T, Refusal> + Send + Sync + 'static>,
    ) -> Result<T, Refusal> {
        loop {
            let held = self.room(&call, weight).await?;
            let (inner, work) = (Arc::clone(&self.0), Arc::clone(&work));
            let done = call.blocking(move |call| work(&inner, call)).await;
            drop(held);
            match (done?, call.wanted()) {
                // it waits without keeping a place from others
                (Err(Refusal::Denied(Denial::Busy)), Some(bytes)) => call.reserve(bytes).await?,
                (done, _) => return done,
            }
        }
    }

    /// Room for one operation, given back on drop.
    async fn room(&self, call: &Call, weight: Weight) -> Result<Room<'_>, Denial> {
        let room = async {
            let long = match weight {
                Weight::Short => None,
                Weight::Long => Some(self.0.long.acquire().await),
            };
            (long, self.0.any.acquire().await)
        };
        tokio::select! {
            room = tokio::time::timeout(call.remaining(), room) => {
                room.map_err(|_| Denial::TimedOut)
            }
            () = call.cancellation().cancelled() => Err(Denial::Cancelled),
        }
    }
}

impl Inner {
    /// Leave to do something with what the caller's `text` names.
    ///
    /// # Errors
    ///
    /// What the scope says; the record then names what was asked for.
    pub(crate) fn permit(&self, call: &Call, text: &str, act: Act) -> Result<Permit, Denial> {
        let clearance = call.caller().clearance;
        let readings = self.scope.readings(text)?;
        let (first, others) = readings.split_first().ok_or(Denial::NotFound)?;
        if !others.is_empty() {
            for place in &readings {
                if let Ok(permit) = act(&self.scope, place, clearance)
                    && self.is_there(&permit)
                {
                    return Ok(permit);
                }
            }
        }
        // none exists for the reader: the record names the likelier one, and why
        act(&self.scope, first, clearance).inspect_err(|_| {
            call.asked_for(&first.uri());
            self.handles.look_in_vain(first.index());
        })
    }

    /// Whether there is something that exists for the reader, fit for the act or not.
    fn is_there(&self, permit: &Permit) -> bool {
        match self.handles.look(permit) {
            Ok(_) => true,
            Err(Refusal::Denied(denial)) => denial.code() != Denial::NotFound.code(),
            Err(Refusal::Failed(_)) => true,
        }
    }

    /// The directories that a request without a path is about: all roots of the reader.
    pub(crate) fn tops(&self, clearance: Clearance) -> Vec<Permit> {
        let tops = (0..self.scope.roots().len()).filter_map(|index| self.scope.top(index));
        tops.filter_map(|place| self.scope.permit_walk(&place, clearance).ok())
            .collect()
    }
}

/// One of the `permit_*` functions of the scope.
pub(crate) type Act = fn(&Scope, &Place, Clearance) -> Result<Permit, Denial>;

impl Server for ReadonlyFs {
    const NAME: &'static str = "readonly-fs";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = "Files, read only";
    const RESOURCES: bool = true;

    fn tools(&self) -> &[Tool] {
        &tools::TOOLS
    }

    fn instructions(&self, caller: &Caller) -> String {
        let mut text = "Paths are ROOT/relative/path. Roots:".to_owned();
        for root in self.0.scope.roots() {
            if root.rules.top(caller.clearance).is_some() {
                text.push(' ');
                text.push_str(&root.name);
            }
        }
        text.push_str(
            ". In names, \\xNN, \\u{HEX} and \\\\ are escapes: give them back as they are.",
        );
        text
    }

    async fn call(&self, call: Call, tool: &'static str, arguments: Arguments) -> Outcome<Answer> {
        tools::call(self, call, tool, arguments).await
    }

    async fn resources(&self, call: Call, after: Option<String>) -> Outcome<Page> {
        let work = move |inner: &Inner, call: &Call| resources::list(inner, call, after.as_deref());
        self.run(call, Weight::Long, work).await
    }

    fn templates(&self, _call: &Call) -> Vec<Template> {
        resources::templates()
    }

    async fn read(&self, call: Call, uri: String) -> Outcome<Vec<Contents>> {
        let work = move |inner: &Inner, call: &Call| resources::read(inner, call, &uri);
        self.run(call, Weight::Short, work).await
    }

    async fn complete(
        &self,
        call: Call,
        template: String,
        variable: String,
        typed: String,
        known: Vec<(String, String)>,
    ) -> Outcome<Vec<String>> {
        let work = move |inner: &Inner, call: &Call| {
            resources::complete(inner, call, &template, &variable, &typed, &known)
        };
        self.run(call, Weight::Long, work).await
    }

    async fn watch(&self, call: Call, uri: String, changes: Changes) -> Outcome<Watch> {
        let work = move |inner: &Inner, call: &Call| {
            resources::watch(inner, call, uri.clone(), changes.clone())
        };
        self.run(call, Weight::Short, work).await
    }

    fn label_of(&self, resource: &str) -> Option<(Label, String)> {
        let place = if resource.starts_with(crate::scope::SCHEME) {
            self.0.scope.place_of_uri(resource).ok()?
        } else {
            self.0.scope.readings(resource).ok()?.into_iter().next()?
        };
        Some(place.root().rules.explain(place.path().as_bytes()))
    }

    fn is_untrusted(&self) -> bool {
        self.0.scope.roots().iter().any(|root| !root.trusted)
    }

    fn opened(&self) -> Clearance {
        let roots = self.0.scope.roots().iter();
        roots.fold(Clearance::default(), |all, root| {
            all.or(Clearance::up_to(root.label))
        })
    }
}
