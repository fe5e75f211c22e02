//! One upstream: its client, its credential, its limits, and the way of a call through them.

mod cached;

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use guard::broker::Charter;
use guard::call::Call;
use guard::trace::Span;
use hyper::HeaderMap;
use hyper::StatusCode;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use tokio::time::Instant;

use super::OpenTrouble;
use super::again;
use super::base::Base;
use super::base::Host;
use super::cache::Cache;
use super::charter;
use super::charter::Networks;
use super::client::Client;
use super::exchange::Answer;
use super::kept::Places;
use super::kept::Safe;
use super::limit::Limit;
use super::proof::Prover;
use super::redirect;
use super::reflect::Search;
use super::reply;
use super::request::Template;
use super::trouble::Trouble;
use super::upstream::Context;
use super::upstream::Credential;
use super::upstream::Upstream;
use super::who::Teller;
use crate::address;
use crate::permit::Method;
use crate::permit::Permit;
use crate::permit::Reply;

/// One upstream.
#[derive(Debug)]
pub(super) struct One {
    client: Client,
    prover: Option<Prover>,
    teller: Option<Teller>,
    limit: Limit,
    cache: Arc<Cache>,
    /// Whether it hears of the client's trace.
    trace: bool,
}

/// A call on its way to an upstream.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) call: &'a Call,
    pub(super) safe: &'a Safe,
    pub(super) permit: &'a Permit,
    pub(super) context: &'a Context,
    /// Whether a redirect may lead to a path.
    pub(super) allowed: &'a (dyn Fn(&str) -> bool + Send + Sync),
}

/// What came of one question.
#[derive(Debug)]
struct Came {
    reply: Reply,
    headers: HeaderMap,
    /// Whether it came from another place of the upstream.
    moved: bool,
    took: Duration,
}

/// Whoever holds it is changing something of the upstream.
struct Changing<'a>(&'a Cache, usize);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        // what was asked meanwhile may be of before
        self.0.changed(self.1);
    }
}

impl One {
    pub(super) fn open(
        upstream: Upstream,
        charter: &mut Charter<Networks>,
        places: &mut Places,
        cache: &Arc<Cache>,
    ) -> Result<Self, OpenTrouble> {
        let issuer = match &upstream.credential {
            Some(Credential::ClientCredentials { token_url, .. }) => {
                Some(client(&upstream, token_url, charter)?)
            }
            _ => None,
        };
        let client = client(&upstream, &upstream.base, charter)?;
        let name = upstream.name;
        let form = |expected| OpenTrouble::Form {
            upstream: name.clone(),
            expected,
        };
        if upstream.rate.is_some_and(|rate| rate.burst == 0) {
            return Err(form("a rate that lets at least one call through"));
        }
        let prover = upstream.credential;
        let prover = prover.map(|credential| Prover::new(credential, issuer, places));
        let teller = upstream.user_context;
        let teller = teller.map(|how| Teller::new(how, &name, places));
        Ok(Self {
            client,
            prover: prover.transpose().map_err(form)?,
            teller: teller.transpose().map_err(form)?,
            limit: Limit::new(upstream.rate, upstream.concurrent),
            cache: Arc::clone(cache),
            trace: upstream.trace,
        })
    }

    /// Brings the answer to `permit`: from the upstream, or one that was kept.
    pub(super) async fn send(&self, asking: Asking<'_>) -> Result<Reply, Trouble> {
        let Asking { call, permit, .. } = asking;
        let reply = match self.question(asking).await? {
            Some(question) => self.kept(asking, &question).await?,
            None => {
                let _changing = (!reads(permit)).then(|| {
                    self.cache.changed(permit.upstream);
                    Changing(&self.cache, permit.upstream)
                });
                self.ask(asking, &[]).await?.reply
            }
        };
        call.reserve(reply.body.len() as u64).await?;
        Ok(reply)
    }

    /// What the upstream says, asked under `conditions`.
    async fn ask(
        &self,
        asking: Asking<'_>,
        conditions: &[(HeaderName, HeaderValue)],
    ) -> Result<Came, Trouble> {
        let Asking {
            call,
            safe,
            permit,
            context,
            allowed,
        } = asking;
        self.limit.count(&call.caller().principal, Instant::now())?;
        call.reserve(permit.limits.body).await?;
        let (mut template, signature) = self.template(call, safe, permit, context).await?;
        for (name, value) in conditions {
            template.add(name.clone(), value.clone());
        }
        let begun = Instant::now();
        let ends = begun + permit.limits.time.min(call.remaining());
        let reads = reads(permit);
        let mut moved = false;
        let mut redirects = if reads {
            permit.limits.redirects.min(MOST_REDIRECTS)
        } else {
            0
        };
        let mut again = permit.limits.retry && again::may_repeat(permit.method);
        let mut renew = true;
        let mut proof = match &self.prover {
            Some(prover) => Some(prover.proof(call, safe).await?),
            None => None,
        };
        // INVARIANT: each turn but the last uses up a redirect, the retry or the renewal.
        loop {
            let request = template.request(&self.client.base, proof.as_ref())?;
            let asked = {
                let _inside = self.limit.enter().await?;
                call.count("api.requests", 1);
                let watch = &safe.watch;
                self.client
                    .ask(call, safe, request, &permit.limits, watch)
                    .await
            };
            let left = ends.saturating_duration_since(Instant::now());
            let answer = match asked {
                Ok(answer) => answer,
                Err(trouble) => match again::pause(None, left) {
                    Some(pause) if again && trouble.may_pass() => {
                        again = false;
                        tokio::time::sleep(pause).await;
                        continue;
                    }
                    _ => return Err(trouble),
                },
            };
            if signature.as_ref().is_some_and(|it| repeats(&answer, it)) {
                return Err(Trouble::Reflected("user context"));
            }
            if again && again::is_for_later(answer.status) {
                let asked = again::asked_to_wait(&answer.headers, call.now());
                if let Some(pause) = again::pause(asked, left) {
                    again = false;
                    tokio::time::sleep(pause).await;
                    continue;
                }
            }
            if answer.status == StatusCode::UNAUTHORIZED
                && std::mem::take(&mut renew)
                && let (Some(prover), Some(refused)) = (&self.prover, &proof)
                && let Some(newer) = prover.renewed(refused, call, safe).await?
            {
                proof = Some(newer);
                continue;
            }
            if redirects > 0
                && redirect::is_redirect(answer.status)
                && let Some(location) = answer.headers.get(header::LOCATION)
            {
                let target = redirect::target(&self.client.base, location.as_bytes())?;
                if !allowed(&target.path) {
                    return Err(Trouble::Redirect("it leads to no endpoint of this caller"));
                }
                redirects -= 1;
                moved = true;
                template.redirect(target);
                continue;
            }
            call.count("api.status", u64::from(answer.status.as_u16()));
            let headers = answer.headers.clone();
            return Ok(Came {
                reply: reply::of(answer, call.now()),
                headers,
                moved,
                took: begun.elapsed(),
            });
        }
    }

    async fn template(
        &self,
        call: &Call,
        safe: &Safe,
        permit: &Permit,
        context: &Context,
    ) -> Result<(Template, Option<Search>), Trouble> {
        let of_prover = self.prover.as_ref().and_then(Prover::header);
        let of_teller = self.teller.as_ref().map(|teller| &teller.header);
        let reserved: Vec<_> = of_prover.into_iter().chain(of_teller).collect();
        let mut template = Template::new(&self.client.base, permit, &reserved)?;
        if let Some(span) = call.span().filter(|_| self.trace) {
            template.add(TRACEPARENT, traceparent(span)?);
        }
        let Some(teller) = &self.teller else {
            return Ok((template, None));
        };
        let told = teller.tell(context, call, safe).await?;
        template.add(teller.header.clone(), told.value);
        Ok((template, told.signature))
    }
}

/// Names our own span, made of numbers: `tracestate` and `baggage` are not sent.
fn traceparent(span: &Span) -> Result<HeaderValue, Trouble> {
    HeaderValue::try_from(span.traceparent()).map_err(|_| Trouble::Permit("no trace context"))
}

fn reads(permit: &Permit) -> bool {
    matches!(permit.method, Method::Get | Method::Head)
}

fn client(
    upstream: &Upstream,
    base: &Base,
    charter: &mut Charter<Networks>,
) -> Result<Client, OpenTrouble> {
    if !base.tls() && !upstream.plain_http {
        return Err(OpenTrouble::PlainHttp(upstream.name.clone()));
    }
    if let Host::Address(address) = base.host() {
        let refused = |shut| OpenTrouble::Address {
            upstream: upstream.name.clone(),
            address: *address,
            shut,
        };
        address::vet(*address, &upstream.allow_addresses).map_err(refused)?;
    }
    // a token endpoint of another origin hears nothing of our certificate
    let own = base.origin() == upstream.base.origin();
    let certificate = upstream.client_certificate.clone().filter(|_| own);
    let target = charter::target(base, upstream);
    Ok(Client {
        base: base.clone(),
        allowed: target.policy.clone(),
        // it is there already: the number is that of the broker
        target: charter.target(target),
        roots: upstream.roots.clone(),
        certificate,
        idle: Mutex::default(),
        // as many as may be in use at once: fewer would be opened anew each time
        most_idle: upstream.concurrent,
        tls: tokio::sync::Mutex::default(),
    })
}

fn repeats(answer: &Answer, signature: &Search) -> bool {
    let mut values = answer.headers.values();
    signature.finds(&answer.body) || values.any(|value| signature.finds(value.as_bytes()))
}

const MOST_REDIRECTS: u8 = 3;
/// W3C Trace Context, section 3.2.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
