//! Reaches one origin: has connections made to it, and keeps those that are idle.
//!
//! # Invariants
//!
//! - There is no way to an origin around its client, and no client without an address policy.
//! - A request leaves at most once, unless it may be repeated: a connection that was kept and had
//!   gone gives it back unsent.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use guard::broker::Failure;
use guard::call::Call;
use hyper::Method;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::base::Base;
use super::charter;
use super::charter::Networks;
use super::exchange;
use super::exchange::Answer;
use super::exchange::Unanswered;
use super::kept::Safe;
use super::link::Link;
use super::link::Outgoing;
use super::reflect::Watch;
use super::tls;
use super::trouble::Trouble;
use super::upstream::ClientCertificate;
use super::upstream::Roots;
use crate::permit::Budget;

/// The way to one origin.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) base: Base,
    /// Its number, for what dials it.
    pub(super) target: usize,
    pub(super) allowed: Networks,
    pub(super) roots: Roots,
    pub(super) certificate: Option<ClientCertificate>,
    pub(super) idle: Mutex<Vec<Link>>,
    /// How many of them are kept.
    pub(super) most_idle: usize,
    pub(super) tls: tokio::sync::Mutex<Option<Arc<ClientConfig>>>,
}

impl Client {
    /// What stands in `Host`.
    pub(super) fn authority(&self) -> String {
        self.base.authority()
    }

    /// Sends `request` and brings the answer, in which nothing of `watch` is.
    pub(super) async fn ask(
        &self,
        call: &Call,
        safe: &Safe,
        request: Outgoing,
        budget: &Budget,
        watch: &Watch,
    ) -> Result<Answer, Trouble> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut request = request;
        while let Some(link) = self.take_idle().await {
            // a connection that was kept may be on its way out: what only reads is asked again
            let copy = reads.then(|| request.clone());
            match exchange::ask(link, request, budget, watch).await {
                Ok((answer, link)) => return Ok(self.done(answer, link)),
                Err(Unanswered {
                    unsent: Some(unsent),
                    ..
                }) => request = unsent,
                Err(Unanswered { trouble, .. }) => match (trouble, copy) {
                    (Trouble::Broken(_), Some(copy)) => request = copy,
                    (trouble, _) => return Err(trouble),
                },
            }
        }
        let link = self.open(call, safe).await?;
        match exchange::ask(link, request, budget, watch).await {
            Ok((answer, link)) => Ok(self.done(answer, link)),
            Err(unanswered) => {
                // with TLS 1.3 a client learns only now that its certificate was refused
                if self.certificate.is_some() && matches!(unanswered.trouble, Trouble::Broken(_)) {
                    *self.tls.lock().await = None;
                }
                Err(unanswered.trouble)
            }
        }
    }

    async fn open(&self, call: &Call, safe: &Safe) -> Result<Link, Trouble> {
        let tls = match self.base.tls() {
            true => Some(self.tls(safe).await?),
            false => None,
        };
        let time = call.remaining().min(DIAL);
        let dialled = timeout(time, safe.outside.dial(self.target, time)).await;
        let dialled = dialled.unwrap_or(Err(Failure::Connect(ErrorKind::TimedOut)));
        let dialled =
            dialled.map_err(|failure| charter::trouble(failure, &self.base, &self.allowed))?;
        let tcp = TcpStream::from_std(dialled.descriptor.into());
        let tcp = tcp.map_err(|error| Trouble::Connect(error.kind()))?;
        let link = Link::open(&self.base, tcp, tls).await;
        if matches!(link, Err(Trouble::Tls(_))) {
            // perhaps a certificate was replaced: read them anew
            *self.tls.lock().await = None;
        }
        link
    }

    async fn tls(&self, safe: &Safe) -> Result<Arc<ClientConfig>, Trouble> {
        let mut ready = self.tls.lock().await;
        if let Some(config) = &*ready {
            return Ok(Arc::clone(config));
        }
        let own = self.certificate.as_ref();
        let config = tls::config(&self.roots, own, safe.outside.as_ref()).await?;
        *ready = Some(Arc::clone(&config));
        Ok(config)
    }

    async fn take_idle(&self) -> Option<Link> {
        loop {
            let link = self.with_idle(Vec::pop)?;
            let mut link = link;
            if link.since.elapsed() < KEPT && link.is_free().await {
                return Some(link);
            }
        }
    }

    fn done(&self, answer: Answer, link: Option<Link>) -> Answer {
        if let Some(mut link) = link {
            link.since = tokio::time::Instant::now();
            self.with_idle(|idle| {
                idle.retain(|link| link.since.elapsed() < KEPT);
                if idle.len() < self.most_idle {
                    idle.push(link);
                }
            });
        }
        answer
    }

    fn with_idle<T>(&self, take: impl FnOnce(&mut Vec<Link>) -> T) -> T {
        take(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// For the resolver and all addresses that it finds.
const DIAL: Duration = Duration::from_secs(15);
/// How long an idle connection is kept.
const KEPT: Duration = Duration::from_secs(55);
