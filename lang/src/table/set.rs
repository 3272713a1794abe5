//! Writing to a table, without metamethods.
//!
//! A store either finds a place for its key or adds the key: along a transition of the shape, at the end of the array, or
//! in the dictionary. Storing nil never adds and never moves anything, so that a traversal may clear what it visits.

#![allow(unsafe_code)]

use super::array_index;
use super::dict::{self, Dict, MAX_LOG};
use super::shape::KeyOrigin;
use crate::gc::Heap;
use crate::object::{Gc, Str, Table, table_flags};
use crate::value::{Tag, Value};

/// Why a value cannot be a key for a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyError {
    /// It is nil.
    Nil,
    /// It is not a number.
    NaN,
}

/// What an inline cache may remember of a store: a table of shape `old_shape` takes the value in `slot` and then has shape
/// `new_shape`. When the two differ, the slot is new: the table must have room for it, and the barrier must run whatever the value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreCache {
    /// The shape before.
    pub old_shape: u32,
    /// Where the value is stored.
    pub slot: u32,
    /// The shape after.
    pub new_shape: u32,
}

impl Heap {
    /// `t[key] = value`.
    ///
    /// # Errors
    /// When the key is nil or NaN.
    #[inline]
    pub fn set(&mut self, t: Gc<Table>, key: Value, value: Value) -> Result<(), KeyError> {
        if key.is_number() {
            let n = key.as_f64();
            match array_index(n) {
                Some(index) => self.set_int(t, i64::from(index), value),
                None if n.is_nan() => return Err(KeyError::NaN),
                None => self.set_in_dict(t, key, value),
            }
        } else if key.is(Tag::Str) {
            self.set_key(t, Gc::from_address(key.address()), value, KeyOrigin::Computed);
        } else if key.is_nil() {
            return Err(KeyError::Nil);
        } else {
            self.set_in_dict(t, key, value);
        }
        Ok(())
    }

    /// `t[key] = value` for a string that stands in the source.
    #[inline]
    pub fn set_str(&mut self, t: Gc<Table>, key: Gc<Str>, value: Value) {
        self.set_key(t, key, value, KeyOrigin::Constant);
    }

    /// The same; tells what an inline cache may remember of it, if anything.
    pub fn set_str_cached(&mut self, t: Gc<Table>, key: Gc<Str>, value: Value) -> Option<StoreCache> {
        let old_shape = t.shape();
        self.set_key(t, key, value, KeyOrigin::Constant);
        let new_shape = t.shape();
        if t.header.aux.get() & table_flags::PROTOTYPE != 0 || self.shapes.is_dictionary(new_shape) {
            return None;
        }
        let slot = self.shapes.lookup(new_shape, key)?;
        Some(StoreCache { old_shape, slot, new_shape })
    }

    /// `t[index] = value` for a whole number.
    #[inline]
    pub fn set_int(&mut self, t: Gc<Table>, index: i64, value: Value) {
        let size = t.array_size.get();
        if (index as u64) < u64::from(size) && !(value.is_nil() && index as u32 + 1 == size) {
            t.put_array_value(index as u32, value);
            self.barrier(t.header(), value);
        } else if let Ok(index @ 0..=0x7fff_ffff) = u32::try_from(index) {
            self.set_array(t, index, value);
        } else {
            self.set_in_dict(t, Value::number(index as f64), value);
        }
    }

    fn set_key(&mut self, t: Gc<Table>, key: Gc<Str>, value: Value, origin: KeyOrigin) {
        let shape = t.shape();
        if self.shapes.is_dictionary(shape) {
            return self.set_in_dict(t, key.into(), value);
        }
        if let Some(slot) = self.shapes.lookup(shape, key) {
            self.before_key_store(t, key, t.slot_value(slot), value);
            t.put_slot_value(slot, value);
            return self.barrier(t.header(), value);
        }
        if value.is_nil() {
            return;
        }
        let slot = self.shapes.count(shape);
        let full = slot == t.slot_capacity();
        let next =
            if full && self.is_mostly_removed(t, slot) { None } else { self.shapes.with_key(shape, key, origin) };
        let Some(next) = next else {
            self.make_dictionary(t, 1);
            return self.set_in_dict(t, key.into(), value);
        };
        if full {
            self.grow_slots(t, slot + 1);
        }
        t.header.size.set(next);
        self.before_key_store(t, key, Value::NIL, value);
        t.put_slot_value(slot, value);
        self.barrier_always(t.header());
    }

    /// Whether so many of a table's keys have been removed that it is used as a dictionary.
    fn is_mostly_removed(&self, t: Gc<Table>, count: u32) -> bool {
        count >= 7 && (0..count).filter(|&slot| t.slot_value(slot).is_nil()).count() as u32 * 2 > count
    }

    /// Gives a table room for at least `needed` slots.
    pub fn grow_slots(&mut self, t: Gc<Table>, needed: u32) {
        // Header and slots fill a power of two.
        let capacity = (needed.max(3) + 1).next_power_of_two() - 1;
        self.resize_slots(t, capacity);
    }

    pub(super) fn resize_slots(&mut self, t: Gc<Table>, capacity: u32) {
        let old_capacity = t.slot_capacity().min(capacity);
        let new = self.new_values(capacity as usize);
        if old_capacity > 0 {
            // SAFETY: both hold at least that many values.
            unsafe { std::ptr::copy_nonoverlapping(t.slots.get(), new.first(), old_capacity as usize) };
        }
        t.slots.set(new.first());
        self.barrier_body(t, new.header());
    }

    /// Makes a table a dictionary with room for `extra` further entries.
    pub(super) fn make_dictionary(&mut self, t: Gc<Table>, extra: usize) {
        self.settle(t);
        let shape = t.shape();
        debug_assert!(!self.shapes.is_dictionary(shape));
        let keys = self.shapes.count(shape);
        let live = (0..keys).filter(|&slot| !t.slot_value(slot).is_nil()).count();
        let dict = self.new_dict(dict::log_for(live + extra));
        for slot in (0..keys).filter(|&slot| !t.slot_value(slot).is_nil()) {
            dict.push(self.shapes.key(shape, slot).into(), t.slot_value(slot));
        }
        let dictionary = self.shapes.dictionary(self.shapes.metatable(shape));
        self.shapes.left(shape);
        t.header.size.set(dictionary);
        t.slots.set(dict.as_ptr().cast());
        self.keys_moved(t);
        self.barrier_body(t, dict.header());
    }

    /// A store to a key that belongs into the dictionary.
    pub(super) fn set_in_dict(&mut self, t: Gc<Table>, key: Value, value: Value) {
        if !self.shapes.is_dictionary(t.shape()) {
            if value.is_nil() {
                return;
            }
            self.make_dictionary(t, 1);
        }
        match t.dict().map(|dict| (dict, dict.find_or_place(key))) {
            Some((dict, Ok(number))) => {
                self.before_store(t, key, dict.entry(number).value, value);
                dict.set_value(number, value);
            }
            _ if value.is_nil() => return,
            Some((dict, Err(place))) if (dict.used.get() as usize) < dict.capacity() => {
                self.before_store(t, key, Value::NIL, value);
                dict.push_at(place, key, value);
            }
            _ => return self.rehash_and_set(t, key, value),
        }
        self.barrier(t.header(), key);
        self.barrier(t.header(), value);
    }

    fn before_store(&mut self, t: Gc<Table>, key: Value, old: Value, new: Value) {
        if let Some(key) = key.as_str() {
            self.before_key_store(t, key, old, new);
        }
    }

    /// The dictionary is full: makes a larger one, or moves whole numbers to the array, and stores.
    fn rehash_and_set(&mut self, t: Gc<Table>, key: Value, value: Value) {
        let numbers = key.is_number() || t.dict().is_some_and(|dict| dict.has_numbers.get() != 0);
        if numbers && !self.move_to_array(t, key) {
            return;
        }
        let index = key.to_number().and_then(array_index);
        let mut fits = index.is_some_and(|index| index < t.array_capacity());
        if !fits && numbers {
            // Not before: this can make the array larger than the indexes that have been moved to it.
            self.take_from_dict(t);
            fits = index.is_some_and(|index| index == t.array_size.get().max(1));
        }
        let live = t.dict().map_or(0, |dict| dict.live().count());
        if let Some(index) = index.filter(|_| fits) {
            if live == 0 {
                self.leave_dictionary(t);
            }
            return if index < t.array_capacity() {
                self.lengthen(t, index, value)
            } else {
                self.set_array(t, index, value)
            };
        }
        let log = dict::log_for(live + 1 + live / 3);
        if log > MAX_LOG || !self.can_allocate(16 << log) {
            return self.refuse();
        }
        let new: Gc<Dict> = self.new_dict(log);
        let old_log = t.dict().map_or(0, |old| {
            old.live().for_each(|entry| new.push(entry.key, entry.value));
            old.header.size.get()
        });
        let old = t.slots.replace(new.as_ptr().cast());
        self.keys_moved(t);
        self.barrier_body(t, new.header());
        self.free_body(old as usize, 16 << old_log);
        self.set_in_dict(t, key, value);
    }

    /// A dictionary that has become empty gets its metatable's empty shape again.
    fn leave_dictionary(&mut self, t: Gc<Table>) {
        if t.header.aux.get() & table_flags::PROTOTYPE == 0 {
            let root = self.shapes.root(self.shapes.metatable(t.shape()));
            t.header.size.set(root);
            t.slots.set(std::ptr::null_mut());
        }
    }

    /// Removes every key; capacities and the metatable stay (`table.clear`).
    pub fn clear(&mut self, t: Gc<Table>) {
        self.settle(t);
        for index in 0..t.array_size.get() {
            t.put_array_value(index, Value::NIL);
        }
        t.array_size.set(0);
        if self.shapes.is_dictionary(t.shape()) {
            if let Some(dict) = t.dict() {
                dict.clear();
            }
        } else {
            for slot in 0..self.shapes.count(t.shape()) {
                t.put_slot_value(slot, Value::NIL);
            }
            if t.header.aux.get() & table_flags::PROTOTYPE == 0 {
                let root = self.shapes.root(self.shapes.metatable(t.shape()));
                t.header.size.set(root);
            }
        }
        self.keys_moved(t);
    }

    /// Gives an empty table room for `items` array items and `fields` keyed ones. If there is no memory for that, the next safe point throws.
    pub fn reserve(&mut self, t: Gc<Table>, items: usize, fields: usize) {
        if items > 0 && items >= t.array_capacity() as usize {
            self.resize_array(t, u32::try_from(items.saturating_add(1)).unwrap_or(u32::MAX));
        }
        if fields > super::shape::MAX_COMPUTED_KEYS as usize {
            if !self.shapes.is_dictionary(t.shape()) {
                let fields = fields.min(dict::capacity(MAX_LOG));
                if !self.can_allocate(16 << dict::log_for(fields)) {
                    return self.refuse();
                }
                self.make_dictionary(t, fields);
            }
        } else if fields > 0 && !self.shapes.is_dictionary(t.shape()) && fields as u32 > t.slot_capacity() {
            self.resize_slots(t, fields as u32);
        }
    }

    /// An empty table with room for `items` array items, from index 1 on, and `fields` keyed ones.
    pub fn new_table(&mut self, items: usize, fields: usize) -> Gc<Table> {
        let table = self.new_bare_table(super::shape::EMPTY);
        if items | fields != 0 {
            self.reserve(table, items, fields);
        }
        table
    }
}
