//! The array part: whole numbers from 0 on.
//!
//! It grows by appending, to a power of two in bytes or a little more. A store further away goes to the dictionary, and when that is full, the
//! keys are counted: the array becomes the largest of the sizes more than half of which would be in use, as in Lua. So an array
//! filled from its end, or sparsely, ends up here too.
//!
//! The length is exact at all times: storing nil at the end shortens the array over all nils before. To shorten a long array and to
//! lengthen it again by one far store, over and over, would take quadratic time, so after a long shortening
//! ([`table_flags::SHRUNK`]) far stores no longer lengthen.

#![allow(unsafe_code)]

use super::array_index;
use crate::gc::Heap;
use crate::object::{Gc, Table, gc_bits, table_flags};
use crate::value::Value;

/// A shortening over more nils than this counts as long.
const LONG: u32 = 64;

/// The capacity of an array that must hold this index.
///
/// Rows of a matrix that all began at multiples of a page would have their items of one column in the same few lines of the cache, so
/// a large array takes a line more.
fn room_for(index: u32) -> u32 {
    let capacity = (index + 2).next_power_of_two().max(4) - 1;
    if capacity < 255 { capacity } else { capacity + 8 }
}

impl Heap {
    /// A store to an index that is not below `array_size`, or of nil to the last one.
    pub(super) fn set_array(&mut self, t: Gc<Table>, index: u32, value: Value) {
        let size = t.array_size.get();
        if value.is_nil() {
            if index >= size {
                self.set_in_dict(t, Value::number(f64::from(index)), value);
            } else {
                t.put_array_value(index, Value::NIL);
                self.shorten(t);
            }
            return;
        }
        let end = size.max(1);
        if index > end && (index >= t.array_capacity() || !self.may_lengthen(t)) {
            return self.set_in_dict(t, Value::number(f64::from(index)), value);
        }
        if index >= t.array_capacity() {
            if index == 0 {
                return self.set_in_dict(t, Value::number(0.0), value);
            }
            if !self.resize_array(t, room_for(index)) {
                return;
            }
        }
        self.lengthen(t, index, value);
    }

    /// Stores to an index of the array's capacity; the dictionary holds none of the indexes between `array_size` and it.
    pub(super) fn lengthen(&mut self, t: Gc<Table>, index: u32, value: Value) {
        t.put_array_value(index, value);
        t.array_size.set(t.array_size.get().max(index + 1));
        self.barrier(t.header(), value);
        self.take_from_dict(t);
    }

    /// Whether the array may be lengthened over a gap of nils.
    fn may_lengthen(&self, t: Gc<Table>) -> bool {
        t.header.aux.get() & table_flags::SHRUNK == 0 && !self.has_number_keys(t)
    }

    fn has_number_keys(&self, t: Gc<Table>) -> bool {
        self.shapes.is_dictionary(t.shape()) && t.dict().is_some_and(|dict| dict.has_numbers.get() != 0)
    }

    /// Takes the nils at the end off the array.
    pub(crate) fn shorten(&mut self, t: Gc<Table>) {
        let old = t.array_size.get();
        let mut size = old;
        while size > 1 && t.array_value(size - 1).is_nil() {
            size -= 1;
        }
        t.array_size.set(size);
        if old - size > LONG {
            t.header.aux.set(t.header.aux.get() | table_flags::SHRUNK);
        }
    }

    /// Inserts a value before item `place` of a list, if that is a matter of moving the items from there on: they are followed by room.
    pub(crate) fn insert_item(&mut self, t: Gc<Table>, place: i64, value: Value) -> bool {
        let size = t.array_size.get();
        let Some(place) = u32::try_from(place).ok().filter(|place| (1..size).contains(place)) else { return false };
        if size >= t.array_capacity() || self.has_number_keys(t) {
            return false;
        }
        // SAFETY: the items from `place` to `size` lie in the array, which has room for one more.
        unsafe {
            let first = t.array.get().add(place as usize);
            std::ptr::copy(first, first.add(1), (size - place) as usize);
        }
        // What was not scanned yet moves to where nothing was scanned yet, so only the new value is one that the collector must be told of.
        // Where the items are weak, it also keeps in mind which of them are dead.
        if self.is_known_weak(t) {
            self.barrier_always(t.header());
        }
        t.put_array_value(place, value);
        t.array_size.set(size + 1);
        self.barrier(t.header(), value);
        true
    }

    /// Removes item `place` of a list, which is not its last, if that is a matter of moving the items behind it.
    pub(crate) fn remove_item(&mut self, t: Gc<Table>, place: i64) -> bool {
        let size = t.array_size.get();
        let Some(place) = u32::try_from(place).ok().filter(|place| (1..size.saturating_sub(1)).contains(place)) else {
            return false;
        };
        if self.has_number_keys(t) {
            return false;
        }
        // SAFETY: the items from `place` to `size` lie in the array.
        unsafe {
            let first = t.array.get().add(place as usize);
            std::ptr::copy(first.add(1), first, (size - place) as usize - 1);
        }
        t.put_array_value(size - 1, Value::NIL);
        t.array_size.set(size - 1);
        // One of them may have moved from what waits to be scanned to what has been.
        if t.header.gc.get() & gc_bits::NEEDS_BARRIER != 0 {
            for index in place..size - 1 {
                self.barrier(t.header(), t.array_value(index));
            }
        }
        true
    }

    /// Moves the keys that follow the array from the dictionary to it.
    pub(super) fn take_from_dict(&mut self, t: Gc<Table>) {
        if !self.has_number_keys(t) {
            return;
        }
        let Some(dict) = t.dict() else { return };
        loop {
            let next = t.array_size.get().max(1);
            let found = dict.find(Value::number(f64::from(next)));
            let Some((number, value)) = found.map(|n| (n, dict.entry(n).value)).filter(|(_, v)| !v.is_nil()) else {
                return;
            };
            if next >= t.array_capacity() && !self.resize_array(t, room_for(next)) {
                return;
            }
            dict.forget(number);
            t.put_array_value(next, value);
            t.array_size.set(next + 1);
            self.barrier(t.header(), value);
        }
    }

    /// Gives the array part room for `capacity` values, no fewer than `array_size`; false if there is no memory for it.
    pub(super) fn resize_array(&mut self, t: Gc<Table>, capacity: u32) -> bool {
        debug_assert!(capacity >= t.array_size.get());
        let old_capacity = t.array_capacity() as usize;
        let first = old_capacity == 0;
        let Some(new) = self.try_new_values(capacity as usize) else { return false };
        if t.array_size.get() > 0 {
            // SAFETY: both arrays hold at least that many values.
            unsafe { std::ptr::copy_nonoverlapping(t.array.get(), new.first(), t.array_size.get() as usize) };
        }
        let old = t.array_object();
        t.array.set(new.first());
        self.barrier_body(t, new.header());
        old.into_iter().for_each(|old| self.free_body(old.address(), 8 + 8 * old_capacity));
        if first && self.has_number_keys(t) {
            // Index 0 belongs into the array part as soon as there is one.
            if let Some(dict) = t.dict()
                && let Some(number) = dict.find(Value::number(0.0))
            {
                t.put_array_value(0, dict.entry(number).value);
                dict.forget(number);
                t.array_size.set(1);
            }
        }
        true
    }

    /// Before a rehash: makes the array as large as the keys, `extra` among them, justify, and moves those to it. The dictionary then holds
    /// no index of the array's capacity, but may hold those that follow: see [`Heap::take_from_dict`]. False if there is no memory for it.
    pub(super) fn move_to_array(&mut self, t: Gc<Table>, extra: Value) -> bool {
        // keys[k]: how many of the indexes i > 0 with 2^(k-1) <= i + 1 < 2^k are in use; an array of 2^k - 1 values holds them.
        let mut keys = [0usize; 28];
        let mut count = |index: u32| {
            let k = 32 - (index + 1).leading_zeros() as usize;
            if index > 0 && k < keys.len() {
                keys[k] += 1;
            }
        };
        let dict = t.dict();
        let in_dict = dict.iter().flat_map(|dict| dict.live()).filter_map(|entry| entry.key.to_number());
        in_dict.chain(extra.to_number()).filter_map(array_index).for_each(&mut count);
        (0..t.array_size.get()).filter(|&index| !t.array_value(index).is_nil()).for_each(&mut count);
        let (mut sum, mut best) = (0, 0);
        for (k, &more) in keys.iter().enumerate().skip(1) {
            sum += more;
            let size = (1usize << k) - 1;
            if sum > size / 2 {
                best = size;
            }
        }
        let shrunk = t.header.aux.get() & table_flags::SHRUNK != 0;
        if best > t.array_capacity() as usize {
            if !self.resize_array(t, best as u32) {
                return false;
            }
            t.header.aux.set(t.header.aux.get() & !table_flags::SHRUNK);
        } else if shrunk && best < t.array_capacity() as usize {
            best = best.max(t.array_size.get() as usize).max(1);
            if !self.resize_array(t, best as u32) {
                return false;
            }
        }
        let Some(dict) = dict else { return true };
        let capacity = t.array_capacity();
        let mut size = t.array_size.get();
        for number in 0..dict.used.get() as usize {
            let entry = dict.entry(number);
            if let Some(index) = entry.key.to_number().and_then(array_index)
                && index < capacity
                && !entry.value.is_nil()
            {
                t.put_array_value(index, entry.value);
                dict.forget(number);
                size = size.max(index + 1);
            }
        }
        t.array_size.set(size);
        // The array may have been scanned without them.
        t.array_object().into_iter().for_each(|array| self.barrier_body(t, array));
        true
    }
}
