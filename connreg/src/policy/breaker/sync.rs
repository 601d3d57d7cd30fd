//! The atomic word and the lock under a breaker, so that a model checker can put its own in their place.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::machine::Machine;

/// A kind of atomic word and of lock.
pub(crate) trait Primitives: fmt::Debug + 'static {
    type Word: Word;
    type Locked: Locked;
}

/// A number that is read without a lock.
pub(crate) trait Word: fmt::Debug + Send + Sync {
    fn new(value: u64) -> Self;
    fn load(&self) -> u64;
    fn store(&self, value: u64);
}

/// A machine that one thread at a time may look at.
pub(crate) trait Locked: fmt::Debug + Send + Sync {
    fn new(machine: Machine) -> Self;
    fn with<R>(&self, act: impl FnOnce(&mut Machine) -> R) -> R;
}

/// The standard library's.
#[derive(Debug)]
pub(crate) enum Standard {}

impl Primitives for Standard {
    type Word = AtomicU64;
    type Locked = Mutex<Machine>;
}

impl Word for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn store(&self, value: u64) {
        self.store(value, Ordering::Release);
    }
}

impl Locked for Mutex<Machine> {
    fn new(machine: Machine) -> Self {
        Self::new(machine)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Machine) -> R) -> R {
        // Nothing panics while it is held.
        act(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
