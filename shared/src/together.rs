//! Lets what is ready at the same time be done together.

use std::future::poll_fn;
use std::task::Poll;

/// Lets all tasks run that are ready, so that what they are about to do can be done together.
pub(crate) async fn give_way() {
    let mut gave = false;
    poll_fn(|context| {
        if gave {
            return Poll::Ready(());
        }
        gave = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
