//! What a future spawns goes to the pool's own runtime, whoever polls it.
//!
//! `bb8` opens connections in tasks of the runtime that asks. One that ended meanwhile, as those of tests do, would take
//! the promised place with it for good.

use std::future::{Future, poll_fn};
use std::pin::pin;

use tokio::runtime::Handle;

/// Polls `future` as if it were at home on `runtime`.
pub(super) async fn at_home<F: Future>(runtime: &Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _home = runtime.enter();
        future.as_mut().poll(context)
    })
    .await
}
