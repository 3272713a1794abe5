//! Tables.
//!
//! Reading order: [`shape`] (which keys, where; with `key_list`, `found` and `shape_life`), [`array`] (whole numbers), [`dict`] (everything
//! else), [`get`], [`set`], [`next`] (traversal), [`metatable`] (metatables, prototypes and the epoch), [`twins`] (metatables of single
//! objects), `caches` (inline caches that no longer hold), [`template`] (tables that constructors copy).
//!
//! A key finds its value in this order:
//!
//! | key | place |
//! | --- | --- |
//! | whole number from 0 below `array_size` | `array` |
//! | string, the table has a shape | the slot that the shape gives the key |
//! | anything, the table is a dictionary | its dictionary, of which `slots` is the address |
//!
//! A table whose keys are not all strings or array indexes is a dictionary. Number keys are the same key when they are equal: -0 is 0, and
//! 1.0 the array index.
//!
//! **Invariants**, beside those of [`crate::object::Table`]: the dictionary holds no whole number below `array_size`, nor
//! `array_size` itself (nor 1), so that the length is exact; places of the array's capacity from `array_size` on are nil, and so are slots
//! from the shape's key count on.

pub mod array;
mod caches;
pub mod dict;
mod found;
pub mod get;
mod key_list;
pub mod metatable;
pub mod next;
pub mod set;
pub mod shape;
mod shape_life;
pub mod template;
mod transitions;
pub mod twins;

#[cfg(test)]
mod tests;

use crate::object::{Gc, Header, Table, Values};
use crate::value::Value;
use dict::Dict;

pub use next::InvalidKey;
pub use set::{KeyError, StoreCache};
pub use shape::KeyOrigin;

/// The array index that a number is, if it is a whole number from 0 on and not huge.
#[inline(always)]
pub fn array_index(n: f64) -> Option<u32> {
    let index = n as i32;
    (index >= 0 && f64::from(index) == n).then_some(index as u32)
}

#[allow(unsafe_code)]
impl Table {
    /// The value of an index below `array_size`.
    #[inline(always)]
    pub fn array_value(&self, index: u32) -> Value {
        debug_assert!(index < self.array_size.get());
        // SAFETY: valid indexes lie inside the array part.
        unsafe { *self.array.get().add(index as usize) }
    }

    /// Writes to an index below the array's capacity. The caller runs the barrier.
    #[inline(always)]
    pub(crate) fn put_array_value(&self, index: u32, value: Value) {
        debug_assert!(index < self.array_capacity());
        // SAFETY: the index lies inside the array part.
        unsafe { *self.array.get().add(index as usize) = value }
    }

    /// The number of values that the array part has room for.
    #[inline(always)]
    pub fn array_capacity(&self) -> u32 {
        capacity(self.array.get())
    }

    /// The value in a slot; the table has a shape with that many keys.
    #[inline(always)]
    pub fn slot_value(&self, slot: u32) -> Value {
        debug_assert!(slot < self.slot_capacity());
        // SAFETY: the slot lies inside the table's slots.
        unsafe { *self.slots.get().add(slot as usize) }
    }

    /// Writes to a slot. The caller runs the barrier.
    #[inline(always)]
    pub(crate) fn put_slot_value(&self, slot: u32, value: Value) {
        debug_assert!(slot < self.slot_capacity());
        // SAFETY: the slot lies inside the table's slots.
        unsafe { *self.slots.get().add(slot as usize) = value }
    }

    /// The number of slots there is room for; the table has a shape.
    #[inline(always)]
    pub fn slot_capacity(&self) -> u32 {
        capacity(self.slots.get())
    }

    /// The dictionary, if there is one; the table is a dictionary.
    #[inline(always)]
    pub(crate) fn dict(&self) -> Option<Gc<Dict>> {
        let dict = self.slots.get();
        (!dict.is_null()).then(|| Gc::from_ptr(dict.cast()))
    }

    /// The object that holds the array part.
    pub(crate) fn array_object(&self) -> Option<Gc<Header>> {
        let array = self.array.get();
        (!array.is_null()).then(|| Gc::<Values>::from_first(array).header())
    }
}

#[inline(always)]
fn capacity(first: *mut Value) -> u32 {
    if first.is_null() { 0 } else { Gc::from_first(first).header.size.get() }
}
