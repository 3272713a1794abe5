//! Traversal: first the array, then keys in the order in which they were added.
//!
//! A *position* says where a traversal goes on: an array index, or `KEYED` plus a slot or entry number. The interpreter
//! keeps it beside the key in a loop over `next`, so that each step needs no search. A loop that does not begin at the first key
//! (`for k, v in next, t, key do`) has the position [`BY_KEY`]: its steps search.
//!
//! **Invariant:** clearing keys moves nothing ([`super::set`]), so positions stay valid while a traversal clears what it visits.

use super::array_index;
use crate::gc::Heap;
use crate::object::{Gc, Table};
use crate::value::{Tag, Value};

/// The key given to `next` is not a key of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidKey;

/// Positions from here on are in the keyed part.
const KEYED: u32 = 1 << 31;

/// The position of a traversal that goes by keys: behind all others, so that a step by position finds nothing there.
pub const BY_KEY: u32 = u32::MAX;

impl Heap {
    /// The key and value that follow `key` (nil: the first ones), or `None` at the end.
    ///
    /// # Errors
    /// When `key` is not, and was not before it was cleared, a key of the table.
    pub fn next(&self, t: Gc<Table>, key: Value) -> Result<Option<(Value, Value)>, InvalidKey> {
        let position = if key.is_nil() { 0 } else { self.position_after(t, key).ok_or(InvalidKey)? };
        Ok(self.next_at(t, position).map(|(key, value, _)| (key, value)))
    }

    /// The first key and value at this position or after it, and the position after them. Traversals begin at position 0.
    #[inline]
    pub fn next_at(&self, t: Gc<Table>, position: u32) -> Option<(Value, Value, u32)> {
        let mut index = position;
        while index < t.array_size.get() {
            let value = t.array_value(index);
            if !value.is_nil() {
                return Some((Value::number(f64::from(index)), value, index + 1));
            }
            index += 1;
        }
        self.next_keyed(t, position.saturating_sub(KEYED))
    }

    fn next_keyed(&self, t: Gc<Table>, first: u32) -> Option<(Value, Value, u32)> {
        let shape = t.shape();
        if self.shapes.is_dictionary(shape) {
            let dict = t.dict()?;
            let live = |&number: &u32| !dict.entry(number as usize).value.is_nil();
            let number = (first..dict.used.get()).find(live)?;
            let entry = dict.entry(number as usize);
            return Some((entry.key, entry.value, KEYED + number + 1));
        }
        let present = (first..self.shapes.count(shape)).filter(|&slot| !t.slot_value(slot).is_nil());
        let mut keys = present.map(|slot| (self.shapes.key(shape, slot), slot));
        let (key, slot) = keys.find(|&(key, _)| !self.twins.is_hidden(key))?;
        Some((key.into(), t.slot_value(slot), KEYED + slot + 1))
    }

    /// The position after a key, if it is one.
    pub fn position_after(&self, t: Gc<Table>, key: Value) -> Option<u32> {
        let index = key.to_number().and_then(array_index);
        if let Some(index) = index
            && index < t.array_capacity()
            && (index < t.array_size.get() || !self.is_in_dict(t, key))
        {
            return Some(index + 1);
        }
        let shape = t.shape();
        if self.shapes.is_dictionary(shape) {
            let key = index.map_or(key, |index| Value::number(f64::from(index)));
            return t.dict()?.find(key).map(|number| KEYED + number as u32 + 1);
        }
        if !key.is(Tag::Str) {
            return None;
        }
        self.shapes.lookup(shape, Gc::from_address(key.address())).map(|slot| KEYED + slot + 1)
    }

    fn is_in_dict(&self, t: Gc<Table>, key: Value) -> bool {
        self.shapes.is_dictionary(t.shape()) && t.dict().is_some_and(|dict| dict.find(key).is_some())
    }
}
