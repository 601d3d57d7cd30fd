//! A client that is asked for: there at once where the connection is open, opened first where it is not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::slot::BoxFuture;
use super::untyped::Core;
use crate::error::Error;

/// Where a client comes from.
pub(super) trait Provides: Sync {
    type Client: Send;

    fn core(&self) -> &Arc<Core>;
    /// The client, if it is open.
    fn current(&self) -> Option<Self::Client>;
    /// Opens it first.
    fn opened(&self) -> impl Future<Output = Result<Self::Client, Error>> + Send;
}

/// A client that was asked for. Written by hand: an `async fn` would make room for opening where there is
/// nothing to open.
pub(super) enum Asked<'a, S: Provides> {
    Look(&'a S),
    Wait(BoxFuture<'a, Result<S::Client, Error>>),
}

impl<S: Provides> Future for Asked<'_, S> {
    type Output = Result<S::Client, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Self::Look(source) = *self {
            if let Some(client) = source.current() {
                return Poll::Ready(Ok(client));
            }
            *self = Self::Wait(Box::pin(source.opened()));
        }
        match &mut *self {
            Self::Wait(opening) => opening.as_mut().poll(context),
            Self::Look(_) => unreachable!("replaced above"),
        }
    }
}
