//! The way of a call through the answers that are kept.
//!
//! # Invariants
//!
//! - A kept answer is looked through for secrets each time that it is given.
//! - What came by a redirect is not kept: where one leads is decided anew for each call.

use hyper::StatusCode;

use super::super::cache::Found;
use super::super::cache::Question;
use super::super::cache::Stale;
use super::super::kept::Safe;
use super::super::proof::Prover;
use super::super::reflect::Search;
use super::super::trouble::Trouble;
use super::super::who::Teller;
use super::Asking;
use super::Came;
use super::One;
use crate::permit::Reply;

impl One {
    /// The question of `permit`, if answers to it are kept.
    pub(super) async fn question(&self, asking: Asking<'_>) -> Result<Option<Question>, Trouble> {
        let Asking {
            call, safe, permit, ..
        } = asking;
        let root = match self.prover.as_ref().filter(|_| permit.keep.is_some()) {
            Some(prover) => Some(prover.root(safe).await?),
            None => None,
        };
        let of_prover = self.prover.as_ref().and_then(Prover::fleeting);
        let of_teller = self.teller.as_ref().and_then(Teller::fleeting);
        let unkeyed = of_prover.into_iter().chain(of_teller).collect();
        Ok(self.cache.question(call.caller(), permit, root, unkeyed))
    }

    /// The answer to `question` that is kept, as far as it holds, else what the upstream says.
    pub(super) async fn kept(
        &self,
        asking: Asking<'_>,
        question: &Question,
    ) -> Result<Reply, Trouble> {
        let Asking { call, safe, .. } = asking;
        let stale = match self.cache.find(question, call.caller()) {
            Some(Found::Fresh(reply)) => {
                call.note(NOTE, "hit");
                // nothing left, and the record says so
                call.count("api.requests", 0);
                return self.looked_through(safe, question, reply);
            }
            Some(Found::Stale(stale)) => Some(stale),
            None => None,
        };
        call.note(NOTE, "miss");
        let conditions = stale.as_ref().map_or(&[][..], Stale::conditions);
        let mut came = self.ask(asking, conditions).await?;
        if let Some(stale) = stale
            && came.reply.status == StatusCode::NOT_MODIFIED.as_u16()
            && !came.moved
        {
            let cache = &self.cache;
            let holds = cache.renew(question, stale, &came.headers, came.took, call.now());
            if let Some(reply) = holds {
                call.note(NOTE, "revalidated");
                return self.looked_through(safe, question, reply);
            }
            came = self.ask(asking, &[]).await?;
        }
        if came.moved {
            // where it leads is decided anew for each call
            self.cache.forget(question);
        } else {
            let Came {
                reply,
                headers,
                took,
                ..
            } = &came;
            self.cache.keep(question, headers, reply, *took, call.now());
        }
        Ok(came.reply)
    }

    /// `reply`, which was kept: a secret that was learnt since may be in it.
    fn looked_through(
        &self,
        safe: &Safe,
        question: &Question,
        reply: Reply,
    ) -> Result<Reply, Trouble> {
        let link = reply.link_next.as_deref().unwrap_or_default();
        let finds = |search: &Search| search.finds(&reply.body) || search.finds(link.as_bytes());
        if safe.watch.search().is_some_and(|search| finds(&search)) {
            self.cache.forget(question);
            return Err(Trouble::Reflected("body"));
        }
        Ok(reply)
    }
}

/// Under which the record says where an answer came from.
const NOTE: &str = "http.cache";
