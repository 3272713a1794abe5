//! What was looked up last: the slots of keys that no inline cache tells.
//!
//! `t[s]` for a string that was computed has no cache of its own, as each turn brings another string, and a search through a shape's key list is
//! a chain of six loads. This small table, indexed by shape and key together, answers most such searches by one.
//!
//! **Invariant:** an entry holds as long as its shape is in use, which keeps the key alive; so when the ids of shapes that are out of use
//! get another meaning, all entries are forgotten.

use crate::object::{Gc, Str};
use std::cell::Cell;

const PLACES: usize = 512;

/// The slot of a key, given by its address, in a shape.
#[derive(Clone, Default)]
struct Entry {
    key: Cell<usize>,
    shape: Cell<u32>,
    slot: Cell<u32>,
}

/// The table.
pub(super) struct Found(Vec<Entry>);

impl Default for Found {
    fn default() -> Found {
        Found(vec![Entry::default(); PLACES])
    }
}

impl Found {
    #[inline(always)]
    fn place(&self, shape: u32, key: Gc<Str>) -> Option<&Entry> {
        let mixed = (key.address() >> 3) ^ (key.address() >> 12) ^ (shape as usize).wrapping_mul(37);
        self.0.get(mixed % PLACES)
    }

    /// The slot of a key, if it is known.
    #[inline(always)]
    pub fn get(&self, shape: u32, key: Gc<Str>) -> Option<u32> {
        let entry = self.place(shape, key)?;
        (entry.key.get() == key.address() && entry.shape.get() == shape).then(|| entry.slot.get())
    }

    /// Remembers where a key is.
    pub fn put(&self, shape: u32, key: Gc<Str>, slot: u32) {
        if let Some(entry) = self.place(shape, key) {
            entry.key.set(key.address());
            entry.shape.set(shape);
            entry.slot.set(slot);
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.iter().for_each(|entry| entry.key.set(0));
    }
}
