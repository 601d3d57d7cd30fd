//! The place of one configured connection: the little of it that depends on its type.
//!
//! Opening is in [`opening`](super::opening), closing in [`closing`](super::closing); both work on any type.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::untyped::Core;
use crate::backend::Backend;
use crate::connection_limit::ConnectionLimit;
use crate::context::Context;
use crate::error::ConnectError;
use crate::event::Hub;
use crate::pool::PoolStatistics;
#[cfg(feature = "testing")]
use crate::testing::{self, Call, Faults, OpenClient};

/// How long a client may take to finish its work and close.
pub(crate) const DRAIN: Duration = Duration::from_secs(30);

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One configured connection.
pub(crate) struct Slot<B: Backend> {
    core: Arc<Core>,
    /// What it is opened with; a reload may replace it.
    backend: ArcSwap<B>,
    pub(super) open: ArcSwapOption<Open<B>>,
    /// The slot that took over what a reload had prepared in this one.
    successor: OnceLock<Arc<Self>>,
    /// A test's own client, used whenever one is to be opened.
    #[cfg(feature = "testing")]
    given: Option<Arc<Open<B>>>,
}

impl<B: Backend> Slot<B> {
    pub(crate) fn new(backend: Arc<B>, context: Context, hub: Arc<Hub>) -> Self {
        Self {
            core: Core::new(context, hub),
            backend: ArcSwap::new(backend),
            open: ArcSwapOption::empty(),
            successor: OnceLock::new(),
            #[cfg(feature = "testing")]
            given: None,
        }
    }

    /// Uses `open` whenever a client is to be opened.
    #[cfg(feature = "testing")]
    pub(crate) fn with_client(mut self, open: Arc<Open<B>>) -> Self {
        self.given = Some(open);
        self
    }

    /// This slot, or the one that stands for it now.
    #[inline]
    pub(super) fn current(&self) -> &Self {
        match self.successor.get() {
            Some(successor) => successor,
            None => self,
        }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.current().core
    }

    pub(super) fn settings(&self) -> Arc<B> {
        self.current().backend.load_full()
    }
}

/// An open client, closed when its last user lets go of it, at the latest.
pub(crate) struct Open<B: Backend> {
    client: Arc<B::Client>,
    closed: AtomicBool,
    runtime: Option<Handle>,
    /// Counts it, if a test injects faults.
    #[cfg(feature = "testing")]
    counted: OnceLock<OpenClient>,
}

impl<B: Backend> Open<B> {
    pub(crate) fn new(client: Arc<B::Client>) -> Self {
        Self {
            client,
            closed: AtomicBool::new(false),
            runtime: Handle::try_current().ok(),
            #[cfg(feature = "testing")]
            counted: OnceLock::new(),
        }
    }

    /// Has `faults` tell how it is closed, unless some do already.
    #[cfg(feature = "testing")]
    fn count(&self, faults: Option<&Faults>) {
        if let Some(faults) = faults {
            self.counted.get_or_init(|| faults.client());
        }
    }

    pub(super) fn client(&self) -> &Arc<B::Client> {
        &self.client
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        if *self.closed.get_mut() {
            return;
        }
        let Some(runtime) = &self.runtime else { return };
        let client = Arc::clone(&self.client);
        #[cfg(feature = "testing")]
        let counted = self.counted.take();
        runtime.spawn(async move {
            #[cfg(not(feature = "testing"))]
            let closing = B::close(&client);
            #[cfg(feature = "testing")]
            let closing = testing::close::<B>(&client, counted.as_ref());
            // Past the deadline the client is dropped as it is.
            let _ = timeout(DRAIN, closing).await;
        });
    }
}

/// An [`Open`] whose type is not known.
pub(crate) trait AnyOpen: Send + Sync {
    /// A round trip to the server.
    fn check(self: Arc<Self>) -> BoxFuture<'static, Result<(), ConnectError>>;
    /// How many connections the server takes, if it says.
    fn connection_limit(
        self: Arc<Self>,
    ) -> BoxFuture<'static, Result<Option<ConnectionLimit>, ConnectError>>;
    /// Ends the client in good order, once.
    fn close(self: Arc<Self>) -> BoxFuture<'static, ()>;
    fn statistics(&self) -> Option<PoolStatistics>;
    fn client(&self) -> Arc<dyn Any + Send + Sync>;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<B: Backend> AnyOpen for Open<B> {
    fn check(self: Arc<Self>) -> BoxFuture<'static, Result<(), ConnectError>> {
        Box::pin(async move { B::check(&self.client).await })
    }

    fn connection_limit(
        self: Arc<Self>,
    ) -> BoxFuture<'static, Result<Option<ConnectionLimit>, ConnectError>> {
        Box::pin(async move { B::connection_limit(&self.client).await })
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if !self.closed.swap(true, Ordering::AcqRel) {
                #[cfg(not(feature = "testing"))]
                B::close(&self.client).await;
                #[cfg(feature = "testing")]
                testing::close::<B>(&self.client, self.counted.get()).await;
            }
        })
    }

    fn statistics(&self) -> Option<PoolStatistics> {
        B::statistics(&self.client)
    }

    fn client(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.client) as Arc<dyn Any + Send + Sync>
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A [`Slot`] whose type is not known: the steps that opening, closing and reloading are made of.
pub(crate) trait AnySlot: Send + Sync {
    fn core(&self) -> &Arc<Core>;
    /// Where its connections go, without credentials.
    fn server(&self) -> Option<String>;
    /// How many connections it opens at the most.
    fn most_connections(&self) -> u32;
    /// The client, if it is open.
    fn opened(&self) -> Option<Arc<dyn AnyOpen>>;
    /// Opens a client with the settings of this moment.
    fn connect(
        &self,
        context: Context,
    ) -> BoxFuture<'static, Result<Arc<dyn AnyOpen>, ConnectError>>;
    /// Puts a client of this slot's own type, or none, in place; gives back the one before.
    fn replace(&self, open: Option<Arc<dyn AnyOpen>>) -> Option<Arc<dyn AnyOpen>>;
    /// Takes over the settings and the client that a reload has prepared in `staged`, a slot of the same type, and
    /// stands for it from now on; gives back the client before. To be called with the gate held.
    fn adopt(self: Arc<Self>, staged: Arc<dyn AnySlot>) -> Option<Arc<dyn AnyOpen>>;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<B: Backend> AnySlot for Slot<B> {
    fn core(&self) -> &Arc<Core> {
        Slot::core(self)
    }

    fn server(&self) -> Option<String> {
        self.settings().server()
    }

    fn most_connections(&self) -> u32 {
        self.settings()
            .most_connections(self.core().context().pool())
    }

    fn opened(&self) -> Option<Arc<dyn AnyOpen>> {
        let open = self.current().open.load_full();
        open.map(|open| open as Arc<dyn AnyOpen>)
    }

    fn connect(
        &self,
        context: Context,
    ) -> BoxFuture<'static, Result<Arc<dyn AnyOpen>, ConnectError>> {
        let backend = self.settings();
        let connecting = async move {
            let client = backend.connect(&context).await?;
            Ok(Arc::new(Open::<B>::new(Arc::new(client))))
        };
        #[cfg(feature = "testing")]
        let connecting = {
            let (given, faults) = (self.given.clone(), self.core().faults().cloned());
            async move {
                let work = async || match given {
                    Some(given) => Ok(given),
                    None => connecting.await,
                };
                let faults = faults.as_ref();
                let open = testing::around(faults, Call::Open, work, |error| error).await?;
                open.count(faults);
                Ok(open)
            }
        };
        Box::pin(async move { connecting.await.map(|open| open as Arc<dyn AnyOpen>) })
    }

    fn replace(&self, open: Option<Arc<dyn AnyOpen>>) -> Option<Arc<dyn AnyOpen>> {
        // What comes is always what `connect` made.
        let open = open.and_then(|open| open.into_any().downcast::<Open<B>>().ok());
        let before = self.current().open.swap(open);
        before.map(|open| open as Arc<dyn AnyOpen>)
    }

    fn adopt(self: Arc<Self>, staged: Arc<dyn AnySlot>) -> Option<Arc<dyn AnyOpen>> {
        let staged = staged.into_any().downcast::<Self>().ok()?;
        self.backend.store(staged.backend.load_full());
        let before = self.open.swap(staged.open.swap(None));
        let _ = staged.successor.set(self);
        before.map(|open| open as Arc<dyn AnyOpen>)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
