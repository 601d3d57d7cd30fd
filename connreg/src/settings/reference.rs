//! One connection's mention of another.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::context::Context;
use super::{SettingValue, Shape};
use crate::backend::Backend;
use crate::config::tree::{Node, Origin, Value};
use crate::descriptor::{Descriptor, descriptor_of};

/// Another connection, by name; that it exists, has type `T` and makes no cycle is checked at load.
///
/// In `connect`, [`Context::get`](crate::Context::get) gives the connection.
pub struct ConnectionRef<T> {
    name: Arc<str>,
    target: PhantomData<fn() -> T>,
}

impl<T> ConnectionRef<T> {
    /// A reference to the connection called `name`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            target: PhantomData,
        }
    }

    /// The other connection's name, as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T> Clone for ConnectionRef<T> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            target: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ConnectionRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionRef({:?})", self.name)
    }
}

/// A reference found while reading, to be checked when all connections are known.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// The key that holds it, dotted.
    pub(crate) key: String,
    /// The name that it gives.
    pub(crate) target: Arc<str>,
    /// The type that it wants.
    pub(crate) wanted: &'static Descriptor,
    pub(crate) origin: Origin,
}

impl<T: Backend> SettingValue for ConnectionRef<T> {
    const SHAPE: Shape = Shape::Connection;

    fn show(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let Value::Text(name) = &node.value else {
            context.wrong_kind(node, &Self::SHAPE);
            return None;
        };
        let reference = Self::new(name.as_str());
        context.add_reference(Reference {
            key: context.path(),
            target: Arc::clone(&reference.name),
            wanted: descriptor_of::<T>(),
            origin: node.origin.clone(),
        });
        Some(reference)
    }
}
