//! Dictionaries: the keyed part of a table that has no useful shape.
//!
//! Entries stand in the order of their insertion, and an index of 32-bit words finds them: a word is an entry's number in its low bits and
//! bits of the key's hash above, so a probe that does not match rarely looks at an entry. Traversal is a walk along the
//! entries, in an order that depends on neither addresses nor seeds.
//!
//! ```text
//!   header, used | entry 0 | entry 1 | ...  capacity = 3/4 * 2^k - 1 | index of 2^k words
//! ```
//!
//! A whole dictionary of `2^k` index words takes `16 * 2^k` bytes. An entry whose value is nil has been removed; it keeps its
//! place and its key, so that a traversal may remove what it visits (Lua 5.1 manual, `next`), until the table is rehashed
//! because it is full. Such a key may be dangling after a collection, which is harmless: it is compared by address only, and
//! a new object of the same address and hash that finds the entry finds nil in it.

#![allow(unsafe_code)]

use crate::gc::Heap;
use crate::object::{Gc, Header, Kind};
use crate::value::{Tag, Value};
use std::cell::Cell;

/// A dictionary object.
#[repr(C)]
pub struct Dict {
    /// `size` is `k`, the binary logarithm of the index's length.
    pub header: Header,
    /// Number of entries in use, removed ones included.
    pub used: Cell<u32>,
    /// Whether a number has been entered as a key.
    pub has_numbers: Cell<u32>,
    entries: [Entry; 0],
}

/// A key and its value.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    /// The key; nil if it was forgotten, never NaN, and a number that is zero is +0.
    pub key: Value,
    /// The value; nil if the entry has been removed.
    pub value: Value,
}

/// A place in a dictionary's index: where a key belongs that is not there, until another one is entered.
#[derive(Clone, Copy, Debug)]
pub struct Place(u32);

const FREE: u32 = u32::MAX;
/// The smallest `k`: room for two entries.
pub const MIN_LOG: u32 = 2;
/// The largest `k`.
pub const MAX_LOG: u32 = 27;

/// Entries that a dictionary of `2^log` index words has room for.
pub const fn capacity(log: u32) -> usize {
    (3usize << log >> 2) - 1
}

/// The smallest `k` with room for this many entries.
pub fn log_for(entries: usize) -> u32 {
    let mut log = MIN_LOG;
    while capacity(log) < entries {
        log += 1;
    }
    log
}

/// The hash of a key.
#[inline(always)]
pub fn hash(key: Value) -> u32 {
    if key.is(Tag::Str) {
        Gc::<crate::object::Str>::from_address(key.address()).hash
    } else {
        let mixed = (key.0 ^ key.0 >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as u32
    }
}

impl Heap {
    /// An empty dictionary with `2^log` index words.
    pub(crate) fn new_dict(&mut self, log: u32) -> Gc<Dict> {
        let dict: Gc<Dict> = self.allocate(Kind::Dict, 16 << log, 0, log);
        // SAFETY: the object is new and of this layout.
        unsafe {
            (&raw mut (*dict.as_ptr()).used).write(Cell::new(0));
            (&raw mut (*dict.as_ptr()).has_numbers).write(Cell::new(0));
            std::ptr::write_bytes(dict.index(), 0xff, 1 << log);
        }
        dict
    }
}

impl Gc<Dict> {
    /// Room for entries.
    pub fn capacity(self) -> usize {
        capacity(self.header.size.get())
    }

    #[inline(always)]
    fn entries(self) -> *mut Entry {
        (self.address() + std::mem::offset_of!(Dict, entries)) as *mut Entry
    }

    #[inline(always)]
    fn index(self) -> *mut u32 {
        // SAFETY: the index follows the entries inside the object.
        unsafe { self.entries().add(self.capacity()).cast() }
    }

    /// An entry, by its number below `used`.
    #[inline(always)]
    pub fn entry(self, number: usize) -> Entry {
        debug_assert!(number < self.used.get() as usize);
        // SAFETY: entries below `used` are initialised.
        unsafe { *self.entries().add(number) }
    }

    /// Where an entry's value is.
    #[inline(always)]
    pub fn value_place(self, number: usize) -> *mut Value {
        debug_assert!(number < self.used.get() as usize);
        // SAFETY: the entry lies inside the object.
        unsafe { &raw mut (*self.entries().add(number)).value }
    }

    /// Changes an entry's value. The caller runs the barrier.
    #[inline(always)]
    pub fn set_value(self, number: usize, value: Value) {
        // SAFETY: the place lies inside the object.
        unsafe { *self.value_place(number) = value }
    }

    /// Removes an entry and its key, which has moved to the array: a traversal must not find it here.
    pub fn forget(self, number: usize) {
        debug_assert!(number < self.used.get() as usize);
        // SAFETY: the entry lies inside the object.
        unsafe { self.entries().add(number).write(Entry { key: Value::NIL, value: Value::NIL }) }
    }

    /// The number of the entry with this key.
    #[inline]
    pub fn find(self, key: Value) -> Option<usize> {
        self.find_or_place(key).ok()
    }

    /// The number of the entry with this key; if there is none, the place in the index where it belongs.
    #[inline]
    pub fn find_or_place(self, key: Value) -> Result<usize, Place> {
        let mask = (1u32 << self.header.size.get()) - 1;
        let (index, hash) = (self.index(), hash(key));
        let mut at = hash & mask;
        loop {
            // SAFETY: `at` is below the length of the index; an index word other than `FREE` names an entry.
            unsafe {
                let word = *index.add(at as usize);
                if word == FREE {
                    return Err(Place(at));
                }
                let number = (word & mask) as usize;
                if (word ^ hash) & !mask == 0 && (*self.entries().add(number)).key == key {
                    return Ok(number);
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters a key that is not there yet; there is room. The caller runs the barrier.
    pub fn push(self, key: Value, value: Value) {
        let mask = (1u32 << self.header.size.get()) - 1;
        let mut at = hash(key) & mask;
        // SAFETY: `at` is below the length of the index, which has more words than there are entries.
        while unsafe { *self.index().add(at as usize) } != FREE {
            at = (at + 1) & mask;
        }
        self.push_at(Place(at), key, value);
    }

    /// Enters a key that is not there yet at the place where it belongs; there is room. The caller runs the barrier.
    #[inline]
    pub fn push_at(self, Place(at): Place, key: Value, value: Value) {
        let number = self.used.get();
        debug_assert!((number as usize) < self.capacity());
        let mask = (1u32 << self.header.size.get()) - 1;
        // SAFETY: a place is one of the index, and the entry is inside the object.
        unsafe {
            debug_assert!(*self.index().add(at as usize) == FREE);
            *self.index().add(at as usize) = hash(key) & !mask | number;
            self.entries().add(number as usize).write(Entry { key, value });
        }
        self.used.set(number + 1);
        if key.is_number() {
            self.has_numbers.set(1);
        }
    }

    /// The entries that have not been removed, in order.
    pub fn live(self) -> impl Iterator<Item = Entry> {
        (0..self.used.get() as usize).map(move |number| self.entry(number)).filter(|entry| !entry.value.is_nil())
    }

    /// Removes everything.
    pub fn clear(self) {
        self.used.set(0);
        self.has_numbers.set(0);
        // SAFETY: the index is this long.
        unsafe { std::ptr::write_bytes(self.index(), 0xff, 1 << self.header.size.get()) };
    }
}
