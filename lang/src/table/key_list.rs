//! Lists of keys: what a shape and its extensions share.
//!
//! A list only grows, at its end, and each shape sees a prefix of it. So `n` keys added one by one make `n` shapes but one list.

use crate::object::{Gc, Str};

/// The keys of a shape, in the order of their slots, and perhaps further ones.
#[derive(Default)]
pub(super) struct KeyList {
    pub keys: Vec<Gc<Str>>,
    /// Once there are many keys: slot + 1 by hash, open addressing; the length is a power of two.
    index: Vec<u32>,
    /// The collection for which keys were marked last, and how many.
    pub marked: (u32, usize),
}

/// Up to this many keys a list is searched from its start.
const LINEAR: usize = 8;

impl KeyList {
    /// A list of these keys.
    pub fn of(keys: &[Gc<Str>]) -> KeyList {
        let mut list = KeyList::default();
        keys.iter().for_each(|&key| list.push(key));
        list
    }

    /// The slot of a key among the first `count`.
    #[inline]
    pub fn find(&self, key: Gc<Str>, count: usize) -> Option<u32> {
        if self.index.is_empty() {
            return self.keys[..count].iter().position(|&k| k == key).map(|slot| slot as u32);
        }
        let mask = self.index.len() - 1;
        let mut at = key.hash as usize & mask;
        loop {
            let slot = self.index[at].checked_sub(1)?;
            if self.keys[slot as usize] == key {
                return (slot < count as u32).then_some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a key that is not there.
    pub fn push(&mut self, key: Gc<Str>) {
        self.keys.push(key);
        if self.keys.len() * 2 > self.index.len() && self.keys.len() > LINEAR {
            self.index = vec![0; self.keys.len().next_power_of_two() * 4];
            for slot in 0..self.keys.len() {
                self.enter(slot);
            }
        } else if !self.index.is_empty() {
            self.enter(self.keys.len() - 1);
        }
    }

    fn enter(&mut self, slot: usize) {
        let mask = self.index.len() - 1;
        let mut at = self.keys[slot].hash as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = slot as u32 + 1;
    }
}
