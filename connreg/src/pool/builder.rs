//! A pool beside or without a configured connection, set up in code.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::event::{Observer, PoolEvent, Told};
use super::{Manage, Pool};
use crate::context::Context;
use crate::policy::{Policy, PoolSettings};

/// As good as for ever: ten years, which can be added to any time.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// How a [`Pool`] is to be; made by [`Pool::builder`].
#[must_use = "it is `build` that makes the pool"]
pub struct PoolBuilder<M> {
    manager: M,
    name: Arc<str>,
    settings: PoolSettings,
    connect_timeout: Duration,
    observer: Option<Observer>,
    context: Option<Context>,
}

impl<M: Manage> PoolBuilder<M> {
    pub(super) fn new(manager: M, name: Arc<str>) -> Self {
        let policy = Policy::default();
        Self {
            manager,
            name,
            settings: policy.pool,
            connect_timeout: policy.connect_timeout,
            observer: None,
            context: None,
        }
    }

    /// Takes name, pool settings and `connect_timeout` from a connection.
    pub(super) fn of(manager: M, context: &Context) -> Self {
        let mut builder = Self::new(manager, Arc::clone(context.name()))
            .settings(context.pool().clone())
            .connect_timeout(context.connect_timeout());
        builder.context = Some(context.clone());
        builder
    }

    /// All settings at once.
    pub fn settings(mut self, settings: PoolSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The most connections at a time; 10 unless set.
    pub fn max_size(mut self, connections: u32) -> Self {
        self.settings.max_size = connections;
        self
    }

    /// How many are opened at once and kept open; none unless set.
    pub fn min_size(mut self, connections: u32) -> Self {
        self.settings.min_size = connections;
        self
    }

    /// How long a caller waits for a connection; 5 s unless set.
    pub fn acquire_timeout(mut self, limit: Duration) -> Self {
        self.settings.acquire_timeout = limit;
        self
    }

    /// How long opening one may take; 10 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Tells `observer` of all that happens, where it happens: it must be quick, must not panic and must not use the pool.
    pub fn on_event(mut self, observer: impl Fn(PoolEvent) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The pool. Opens nothing by itself but `min_size` in the background.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn build(self) -> Pool<M> {
        let mut settings = self.settings;
        // bb8 panics on a size of nothing.
        settings.max_size = settings.max_size.max(1);
        settings.min_size = settings.min_size.min(settings.max_size);
        for limit in [
            &mut settings.acquire_timeout,
            &mut settings.max_lifetime,
            &mut settings.idle_timeout,
            &mut settings.leak_warning,
            &mut settings.slow_acquire_warning,
        ] {
            *limit = LONGEST.min(*limit);
        }
        Pool::from_parts(
            self.manager,
            self.name,
            settings,
            LONGEST.min(self.connect_timeout),
            Told {
                observer: self.observer,
                context: self.context,
            },
        )
    }
}

impl<M> fmt::Debug for PoolBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolBuilder({})", self.name)
    }
}
