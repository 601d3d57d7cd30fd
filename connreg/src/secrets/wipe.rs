//! Texts that pass through our hands on their way into a setting, wiped when they are done with.

use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, Zeroizing};

use crate::config::tree::{Node, Table, Value};

/// A text that is put together piece by piece; where it must move to grow, the old place is wiped.
#[derive(Default)]
pub(crate) struct Growing(Zeroizing<String>);

impl Growing {
    pub(crate) fn push(&mut self, piece: &str) {
        let needed = self.0.len() + piece.len();
        if needed > self.0.capacity() {
            let mut grown = Zeroizing::new(String::with_capacity(needed.max(32) * 2));
            grown.push_str(&self.0);
            self.0 = grown;
        }
        self.0.push_str(piece);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself, not a copy.
    pub(crate) fn into_string(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

/// A table whose texts are wiped when it goes.
pub(crate) struct Wiped(pub(crate) Table);

impl Deref for Wiped {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Table {
        &mut self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0
            .entries
            .iter_mut()
            .for_each(|entry| wipe(&mut entry.node));
    }
}

fn wipe(node: &mut Node) {
    if let Some(written) = &mut node.written {
        written.zeroize();
    }
    match &mut node.value {
        Value::Text(text) => text.zeroize(),
        Value::List(items) => items.iter_mut().for_each(wipe),
        Value::Table(table) => table
            .entries
            .iter_mut()
            .for_each(|entry| wipe(&mut entry.node)),
        _ => {}
    }
}
