//! The engines of a connection's policy, made when something is first run: most connections have nothing run on them
//! before they are used, and some never.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};

use crate::context::{self, Context};
use crate::policy::Resilience;

/// A connection's context, and the engines that are made from it.
pub(super) struct Engines {
    context: ArcSwap<context::Inner>,
    made: ArcSwapOption<Resilience>,
    /// Held while the engines are made or their context is replaced, so that none outlives its context.
    changing: Mutex<()>,
}

impl Engines {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context: ArcSwap::new(context.0),
            made: ArcSwapOption::empty(),
            changing: Mutex::default(),
        }
    }

    pub(super) fn context(&self) -> Context {
        Context(self.context.load_full())
    }

    #[inline]
    pub(super) fn get(&self) -> Engine {
        let made = self.made.load();
        if made.is_some() {
            return Engine(made);
        }
        self.make()
    }

    #[cold]
    fn make(&self) -> Engine {
        let _changing = self.changing();
        if self.made.load().is_none() {
            let context = self.context();
            let resilience = Resilience::new(context.name(), context.policy());
            self.made.store(Some(Arc::new(resilience)));
        }
        Engine(self.made.load())
    }

    /// Those that have been made.
    pub(super) fn made(&self) -> Option<Engine> {
        let made = self.made.load();
        made.is_some().then_some(Engine(made))
    }

    /// Gives back the engines of the context before, if they were made.
    pub(super) fn replace(&self, context: Context) -> Option<Arc<Resilience>> {
        let _changing = self.changing();
        self.context.store(context.0);
        self.made.swap(None)
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engines of one moment; a reload may replace them.
pub(super) struct Engine(Guard<Option<Arc<Resilience>>>);

impl Deref for Engine {
    type Target = Resilience;

    #[inline]
    fn deref(&self) -> &Resilience {
        let Some(resilience) = &*self.0 else {
            unreachable!("made only from engines that are there")
        };
        resilience
    }
}
