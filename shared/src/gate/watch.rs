//! Change notifications, for both eras: `subscriptions/listen` and the older `subscribe`.
//!
//! # Invariants
//!
//! - A change is passed on only if the caller may read the resource at that instant.
//! - What may not be read looks like what never changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use rmcp::Peer;
use rmcp::RoleServer;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::SubscriptionContext;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::desk::Desk;
use crate::call::Call;
use crate::error::Denial;
use crate::error::Refusal;
use crate::server::Changes;
use crate::server::Server;
use crate::server::Watch;

/// The watches that legacy peers asked for one by one.
#[derive(Debug, Default)]
pub(super) struct Watches(Mutex<HashMap<String, DropGuard>>);

impl Watches {
    pub(super) async fn add<S: Server>(
        &self,
        server: &Arc<S>,
        desk: &Arc<Desk>,
        call: &Call,
        uri: String,
        peer: Peer<RoleServer>,
    ) -> Result<(), Refusal> {
        if self.lock().len() >= MOST {
            return Err(Denial::TooLarge("subscriptions").into());
        }
        let (changes, mut changed) = channel();
        let watch = watch(server, call, uri.clone(), changes).await?;
        let end = desk.closing().child_token();
        self.lock().insert(uri, end.clone().drop_guard());
        let (server, desk) = (Arc::clone(server), Arc::clone(desk));
        tokio::spawn(async move {
            let _watch = watch;
            while let Some(uri) = next(&mut changed, &end).await {
                if may_still_read(&server, &desk, &uri).await {
                    let update = ResourceUpdatedNotificationParam::new(uri);
                    if peer.notify_resource_updated(update).await.is_err() {
                        break;
                    }
                }
            }
        });
        Ok(())
    }

    pub(super) fn remove(&self, uri: &str) {
        drop(self.lock().remove(uri));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, DropGuard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one `subscriptions/listen` until it is cancelled.
pub(super) async fn listen<S: Server>(
    server: &Arc<S>,
    desk: &Arc<Desk>,
    call: &Call,
    uris: Vec<String>,
    context: &SubscriptionContext,
) -> Result<(), Refusal> {
    let (changes, mut changed) = channel();
    let mut watches = Vec::new();
    for uri in uris.into_iter().take(MOST) {
        match watch(server, call, uri, changes.clone()).await {
            Ok(watch) => watches.push(watch),
            Err(Refusal::Denied(_)) => {}
            Err(failed) => return Err(failed),
        }
    }
    while let Some(uri) = next(&mut changed, call.cancellation()).await {
        let gone = may_still_read(server, desk, &uri).await
            && context.sink().notify_resource_updated(uri).await.is_err();
        if gone {
            break;
        }
    }
    drop(watches);
    Ok(())
}

async fn watch<S: Server>(
    server: &Arc<S>,
    call: &Call,
    uri: String,
    changes: Changes,
) -> Result<Watch, Refusal> {
    let labeled = server.watch(call.clone(), uri, changes).await?;
    Ok(labeled.release(call.caller().clearance)?)
}

/// The next resource that changed. Changes that come in quick succession are one.
async fn next(changed: &mut mpsc::Receiver<String>, end: &CancellationToken) -> Option<String> {
    let uri = tokio::select! {
        () = end.cancelled() => None,
        uri = changed.recv() => uri,
    }?;
    tokio::time::sleep(QUIET).await;
    Some(uri)
}

/// Asks the whole question again, with the authority of this instant.
async fn may_still_read<S: Server>(server: &Arc<S>, desk: &Desk, uri: &str) -> bool {
    let Ok(call) = desk.fresh_call() else {
        return false;
    };
    let (changes, _ignored) = channel();
    watch(server, &call, uri.to_owned(), changes).await.is_ok()
}

fn channel() -> (Changes, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Changes(sender), receiver)
}

/// Subscriptions of one client.
const MOST: usize = 64;
/// Changes that wait to be passed on.
const WAITING: usize = 64;
/// How long a resource must be quiet before a change is told.
const QUIET: Duration = Duration::from_millis(50);
