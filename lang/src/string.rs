//! Interned strings.
//!
//! Every string exists once, so that comparing two is comparing addresses, and a table finds a key without looking at its
//! bytes. The intern table is open addressing with linear probing. An entry is an address with some bits of the hash above it, so that a probe
//! seldom touches another string than the one that is looked for. It takes 8 bytes, and a large table grows by a third only, so that a
//! string costs 10 to 13 bytes here; its length is no power of two, and a hash finds its place by a multiplication.
//!
//! ```text
//!   bit 63        48 47                                0
//!      hash bits, 1  |  address                          a string; the lowest of the hash bits is always set
//!            0                      1                    removed
//!            0                      0                    free
//! ```
//!
//! No operation takes long, whatever the number of strings: a table that must grow is emptied into its successor a
//! few entries at a time, as strings are added, and sweeping is done in slices. A move needs the string's hash, so the strings of the
//! next entries are asked for in advance. What a collection finds dead does not make the table smaller unless few strings were there
//! before it, either: a program that makes a million strings between two collections does so between the next two.
//!
//! The hash reads 16 bytes at a time and folds a 64 by 64 bit product, in the manner of wyhash, under a seed of the heap; of long strings
//! four times 16, whose products do not wait for each other. All bytes count: hashing only some, as LuaJIT does, collapses on keys
//! such as long paths.

#![allow(unsafe_code)]

use crate::gc::chunk::{self, MARKS};
use crate::gc::space::Space;
use crate::gc::zeroed::ZeroedWords;
use crate::object::{Gc, Header, Kind, Str};
use std::cell::Cell;
use std::mem::MaybeUninit;

/// The longest string, in bytes.
pub const MAX_LENGTH: usize = i32::MAX as usize - 64;

/// A free entry, as all are in a new table.
const FREE: u64 = 0;
/// An entry whose string was removed; a search goes on over it.
const REMOVED: u64 = 1;
/// Where the bits of the hash begin in an entry.
const TAG_SHIFT: u32 = 48;
const MIN_SIZE: usize = 2048;
/// A table with so many entries at most is small.
const SMALL: usize = 1 << 17;
/// Entries whose memory is given back together while strings move.
const DISCARDED: usize = 1 << 17;
/// How many entries further the string's memory is asked for while strings move.
const AHEAD: usize = 20;

/// The bits of a hash that an entry holds: the lowest, since its place follows from the highest.
#[inline(always)]
fn tag(hash: u32) -> u64 {
    u64::from(hash as u16 | 1)
}

/// The string of an entry.
#[inline(always)]
fn string_of(entry: u64) -> Gc<Str> {
    Gc::from_address((entry & ((1 << TAG_SHIFT) - 1)) as usize)
}

/// An open hash table of strings.
#[derive(Default)]
struct Entries {
    entries: ZeroedWords,
    /// Entries that are not free.
    used: usize,
}

impl Entries {
    fn new(size: usize) -> Entries {
        Entries { entries: ZeroedWords::new(size), used: 0 }
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the table should have a larger successor: a small one soon, so that searches are short, a large one later, so that it takes
    /// little memory.
    fn is_full(&self) -> bool {
        if self.len() <= SMALL { self.used * 2 > self.len() } else { self.used * 5 > self.len() * 4 }
    }

    /// Where the search for a hash begins.
    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.len() as u64) >> 32) as usize
    }

    #[inline(always)]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.len() { 0 } else { at + 1 }
    }

    #[inline]
    fn find(&self, hash: u32, bytes: &[u8]) -> Option<Gc<Str>> {
        self.find_from(self.home(hash), hash, bytes)
    }

    #[inline]
    fn find_from(&self, mut at: usize, hash: u32, bytes: &[u8]) -> Option<Gc<Str>> {
        loop {
            let entry = *self.entries.get(at)?;
            if entry == FREE {
                return None;
            }
            if entry >> TAG_SHIFT == tag(hash) {
                let string = string_of(entry);
                if string.hash == hash && are_same(string.as_bytes(), bytes) {
                    return Some(string);
                }
            }
            at = self.after(at);
        }
    }

    /// Enters a string that is not there; there is a free entry.
    fn push(&mut self, string: Gc<Str>) {
        let mut at = self.home(string.hash);
        while self.entries[at] > REMOVED {
            at = self.after(at);
        }
        self.used += usize::from(self.entries[at] == FREE);
        self.entries[at] = string.address() as u64 | tag(string.hash) << TAG_SHIFT;
    }

    /// Gives the memory of entries back that have moved, many at a time: to free the whole of a table of 60 MB takes 30 ms. A search that goes
    /// over the end of the table to its begin must find no free entry in the chain there, which is shorter than the part that is kept.
    fn discard(&mut self, from: usize, to: usize) {
        let [from, to] = [from.max(DISCARDED), to].map(|entry| entry / DISCARDED * DISCARDED);
        if to > from {
            self.entries.discard(from..to);
        }
    }

    /// Asks for the memory of an entry's string.
    #[inline(always)]
    fn prefetch(&self, at: usize) {
        if let Some(&entry) = self.entries.get(at).filter(|&&entry| entry > REMOVED) {
            crate::gc::mark::prefetch(string_of(entry).address());
        }
    }

    /// Removes an entry: it becomes free if no search can have gone on over it.
    fn remove(&mut self, at: usize) {
        if self.entries[self.after(at)] == FREE {
            self.entries[at] = FREE;
            self.used -= 1;
        } else {
            self.entries[at] = REMOVED;
        }
    }

    /// Removes the strings among these entries that are not marked; how many those were. From the end, so that the entries of a chain become
    /// free together.
    fn sweep(&mut self, range: std::ops::Range<usize>) -> usize {
        let mut dead = 0;
        for at in range.rev() {
            let entry = self.entries[at];
            if entry == REMOVED {
                self.remove(at);
            } else if entry != FREE && !chunk::is_set(MARKS, string_of(entry).address()) {
                self.remove(at);
                dead += 1;
            }
        }
        dead
    }
}

/// The intern table.
pub struct Interner {
    seed: u64,
    entries: Entries,
    /// The table that `entries` succeeds, while it is emptied, and how far that has come.
    old: Entries,
    moved: usize,
    /// Entries to move for each string that is added, so that all are moved before `entries` is full.
    moved_per_string: usize,
    count: usize,
    /// Whether strings that marking did not reach may be in the table.
    sweeping: bool,
    /// Whether those may be removed: not before all that outlives the collection has been marked.
    removing: bool,
    /// While sweeping: the entries below this index wait to be swept, and after them those of `old`.
    unswept: usize,
    /// How many strings there were when sweeping began.
    before: usize,
}

impl Interner {
    /// An empty table.
    pub fn new(seed: u64) -> Interner {
        let (entries, old) = (Entries::new(MIN_SIZE), Entries::default());
        let (sweeping, removing) = (false, false);
        Interner {
            seed,
            entries,
            old,
            moved: 0,
            moved_per_string: 0,
            count: 0,
            sweeping,
            removing,
            unswept: 0,
            before: 0,
        }
    }

    /// The number of strings.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Bytes that the table takes.
    pub fn bytes(&self) -> usize {
        (self.entries.len() + self.old.len()) * size_of::<u64>()
    }

    /// Whether there is no string.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The string of these bytes, made if there is none yet; and whether it was made.
    #[inline]
    pub fn intern(&mut self, space: &mut Space, bytes: &[u8]) -> (Gc<Str>, bool) {
        let hash = hash(self.seed, bytes);
        if let Some(string) = self.known(hash, bytes) {
            return (string, false);
        }
        assert!(bytes.len() <= MAX_LENGTH, "string length overflow");
        let string = new_string(space, bytes, hash);
        self.add(string);
        (string, true)
    }

    /// The string of `length` bytes that `write` writes, all of them, to the place it is given; and whether it was made. For long
    /// strings, which need not be copied to where they stay.
    pub fn intern_written(
        &mut self,
        space: &mut Space,
        length: usize,
        write: impl FnOnce(&mut [MaybeUninit<u8>]),
    ) -> (Gc<Str>, bool) {
        assert!(length <= MAX_LENGTH, "string length overflow");
        let string = bare_string(space, length);
        // SAFETY: so many bytes follow the string's head, and `write` makes them initialised.
        let bytes = unsafe {
            let start = (string.address() + Str::BYTES_OFFSET) as *mut u8;
            write(std::slice::from_raw_parts_mut(start.cast(), length));
            std::slice::from_raw_parts(start, length)
        };
        let hash = hash(self.seed, bytes);
        if let Some(known) = self.known(hash, bytes) {
            space.give_back(string.address(), Str::BYTES_OFFSET + length + 1);
            return (known, false);
        }
        // SAFETY: the string is new.
        unsafe { (&raw mut (*string.as_ptr()).hash).write(hash) };
        self.add(string);
        (string, true)
    }

    /// The string with these bytes and their hash, if there is one.
    #[inline]
    fn known(&self, hash: u32, bytes: &[u8]) -> Option<Gc<Str>> {
        let string = match self.entries.find(hash, bytes) {
            Some(string) => string,
            // A search over what has moved finds nothing.
            None => self.old.find_from(self.old.home(hash).max(self.moved), hash, bytes)?,
        };
        if self.sweeping {
            // It may not have been reached when marking ended, but it is in use now.
            chunk::set(MARKS, string.address());
        }
        Some(string)
    }

    /// A new string that is not interned, and so differs from every other.
    pub(crate) fn outside(&self, space: &mut Space, bytes: &[u8]) -> Gc<Str> {
        new_string(space, bytes, hash(self.seed, bytes))
    }

    fn add(&mut self, string: Gc<Str>) {
        self.entries.push(string);
        self.count += 1;
        if self.old.len() > 0 {
            self.move_some(self.moved_per_string);
        } else if self.entries.is_full() {
            self.make_room();
        }
        if self.sweeping {
            chunk::set(MARKS, string.address());
        }
    }

    #[cold]
    fn make_room(&mut self) {
        if !self.removing {
            return self.succeed();
        }
        if self.entries.used * 10 > self.entries.len() * 9 {
            // Strings came faster than they are swept.
            while !self.sweep_slice(usize::MAX) {}
            if self.old.len() == 0 && self.entries.is_full() {
                self.succeed();
            }
        }
    }

    /// Begins to move all strings to a new table of a size that suits their number. The strings that come meanwhile move the others the
    /// faster the smaller the new table is, so that it cannot fill up: a probe in a full table would never end.
    fn succeed(&mut self) {
        let strings = self.count.max(self.before);
        let sparse = (strings * 4).min(SMALL + 1);
        let size = (self.count * 5 / 3).max(self.before * 4 / 3).max(sparse).max(MIN_SIZE);
        self.old = std::mem::replace(&mut self.entries, Entries::new(size));
        self.moved = 0;
        self.moved_per_string = self.old.len() / (size / 10) + 1;
    }

    /// Moves some strings from the old table; while strings are removed, drops the dead among them.
    fn move_some(&mut self, entries: usize) {
        let end = self.moved.saturating_add(entries).min(self.old.len());
        if self.removing {
            self.count -= self.old.sweep(self.moved..end);
        }
        for at in self.moved..end {
            self.old.prefetch(at + AHEAD);
            let entry = self.old.entries[at];
            if entry > REMOVED {
                self.entries.push(string_of(entry));
                self.old.entries[at] = REMOVED;
            }
        }
        self.old.discard(self.moved, end);
        self.moved = end;
        if end == self.old.len() {
            self.old = Entries::default();
        }
    }

    /// Marking has ended, but for what cannot be reached: every string waits to be swept.
    pub(crate) fn prepare_sweep(&mut self) {
        self.sweeping = true;
        self.before = self.count;
    }

    /// The collection is a whole one: the table becomes as small as suits the strings that are left.
    pub(crate) fn shrink_fully(&mut self) {
        self.before = 0;
    }

    /// Forgets the strings among the next entries that were not marked, and makes the table smaller if it has become too large; whether
    /// nothing is left to do.
    pub(crate) fn sweep_slice(&mut self, entries: usize) -> bool {
        if self.sweeping && !self.removing {
            self.removing = true;
            self.unswept = self.entries.len();
        }
        if self.unswept > 0 {
            let start = self.unswept.saturating_sub(entries);
            self.count -= self.entries.sweep(start..self.unswept);
            self.unswept = start;
        } else if self.old.len() > 0 {
            self.move_some(entries);
        }
        if self.unswept > 0 || self.old.len() > 0 {
            return false;
        }
        (self.sweeping, self.removing) = (false, false);
        let too_large = self.before.max(self.count) * 6 < self.entries.len() && self.entries.len() > MIN_SIZE;
        // Searches go on over what was removed, as if the table were as full as before.
        let many_removed = (self.entries.used - self.count) * 8 > self.entries.len();
        if too_large || many_removed {
            self.succeed();
        }
        self.old.len() == 0
    }
}

fn new_string(space: &mut Space, bytes: &[u8], hash: u32) -> Gc<Str> {
    let string = bare_string(space, bytes.len());
    // SAFETY: the string is new and has room for its bytes.
    unsafe {
        (&raw mut (*string.as_ptr()).hash).write(hash);
        let start = (string.address() + Str::BYTES_OFFSET) as *mut u8;
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
    }
    string
}

/// A string of this length whose hash and bytes are undefined, but for the NUL at the end.
#[inline]
fn bare_string(space: &mut Space, length: usize) -> Gc<Str> {
    let size = Str::BYTES_OFFSET + length + 1;
    let address = space.allocate(size).or_else(|| space.allocate_slow(size));
    let Some(address) = address else {
        std::alloc::handle_alloc_error(std::alloc::Layout::from_size_align(size, 8).expect("a size of a string"))
    };
    let string = address as *mut Str;
    // SAFETY: the space gave `size` bytes, aligned to 8, that nothing else uses.
    unsafe {
        (&raw mut (*string).header).write(Header {
            kind: Cell::new(Kind::Str as u8),
            gc: Cell::new(0),
            aux: Cell::new(0),
            size: Cell::new(length as u32),
        });
        ((address + Str::BYTES_OFFSET + length) as *mut u8).write(0);
    }
    Gc::from_ptr(string)
}

/// The low and high half of the product, folded.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Strings longer than this are hashed in blocks of 64 bytes.
const LONG: usize = 128;

/// Folds all blocks of 64 bytes but the last into the state; says where they end.
fn hash_blocks(state: u64, bytes: &[u8]) -> (u64, usize) {
    let word = |block: &[u8], at: usize| u64::from_le_bytes(block[at..at + 8].try_into().expect("eight bytes"));
    let mut lanes = [state, state ^ K0, state ^ K1, state ^ K2];
    let blocks = (bytes.len() - 1) / 64;
    for block in bytes[..blocks * 64].chunks_exact(64) {
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane = fold(word(block, 16 * i) ^ *lane, word(block, 16 * i + 8) ^ K1);
        }
    }
    let [a, b, c, d] = lanes;
    (fold(a ^ K0, b) ^ fold(c ^ K2, d), blocks * 64)
}

/// Whether bytes are equal. Short ones are compared as words that overlap: the library's function takes longer to be called.
#[inline(always)]
fn are_same(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let half = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    n == b.len()
        && match n {
            4..8 => half(a, 0) == half(b, 0) && half(a, n - 4) == half(b, n - 4),
            8..=16 => word(a, 0) == word(b, 0) && word(a, n - 8) == word(b, n - 8),
            17..=32 => [0, 8, n - 16, n - 8].into_iter().all(|at| word(a, at) == word(b, at)),
            _ => a == b,
        }
}

const K0: u64 = 0x9E37_79B9_7F4A_7C15;
const K1: u64 = 0xD6E8_FEB8_6659_FD93;
const K2: u64 = 0xC2B2_AE3D_27D4_EB4F;

#[inline(always)]
fn hash(seed: u64, bytes: &[u8]) -> u32 {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let half = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")));
    let n = bytes.len();
    let mut state = seed ^ K0;
    let (a, b) = match n {
        0 => (0, 0),
        1..4 => (u64::from(bytes[0]) << 16 | u64::from(bytes[n / 2]) << 8 | u64::from(bytes[n - 1]), 0),
        4..8 => (half(0), half(n - 4)),
        8..=16 => (word(0), word(n - 8)),
        _ => {
            let mut at = 0;
            if n > LONG {
                (state, at) = hash_blocks(state, bytes);
            }
            while at + 16 < n {
                state = fold(word(at) ^ state, word(at + 8) ^ K1);
                at += 16;
            }
            (word(n - 16), word(n - 8))
        }
    };
    let mixed = fold(a ^ state, b ^ K1 ^ n as u64);
    fold(mixed ^ K0, K1 ^ state) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::Heap;

    #[test]
    fn bytes_are_the_same_when_each_of_them_is() {
        for n in 0..70 {
            let a: Vec<u8> = (0..n).collect();
            assert!(are_same(&a, &a.clone()));
            assert!(!are_same(&a, &[&a[..], b"x"].concat()));
            for i in 0..usize::from(n) {
                let mut b = a.clone();
                b[i] ^= 1 << (i % 8);
                assert!(!are_same(&a, &b) && !are_same(&b, &a));
            }
        }
    }

    #[test]
    fn equal_bytes_are_one_object() {
        let mut heap = Heap::new();
        let a = heap.intern(b"hello");
        assert_eq!(a, heap.intern(b"hello"));
        assert_ne!(a, heap.intern(b"hellp"));
        assert_eq!(a.bytes(), b"hello");
        assert_eq!(heap.intern(b"").len(), 0);
        let long = vec![b'x'; 100_000];
        assert_eq!(heap.intern(&long).bytes(), long);
    }

    #[test]
    fn strings_that_are_swept_while_others_are_made_stay_unique() {
        let mut space = Space::new();
        let mut interner = Interner::new(9);
        let name = |i: usize| format!("string number {i}").into_bytes();
        let kept: Vec<_> = (0..50_000).map(|i| interner.intern(&mut space, &name(i)).0).collect();
        for (i, &string) in kept.iter().enumerate() {
            if i % 3 == 0 {
                chunk::set(MARKS, string.address());
            }
        }
        interner.prepare_sweep();
        let mut step = 0;
        while !interner.sweep_slice(100) {
            // What is looked up while sweeping lives on; what is new does too.
            let i = step * 3 % 50_000;
            assert_eq!(interner.intern(&mut space, &name(i)).0, kept[i]);
            let new = interner.intern(&mut space, &name(50_000 + step)).0;
            assert_eq!(interner.intern(&mut space, &name(50_000 + step)).0, new);
            step += 1;
        }
        for i in (0..50_000).step_by(3) {
            assert_eq!(interner.intern(&mut space, &name(i)).0, kept[i]);
        }
        assert!(interner.len() < 50_000 && interner.len() >= 50_000 / 3 + step);
    }

    #[test]
    fn a_table_that_becomes_small_has_room_for_what_comes_while_strings_move() {
        let (mut space, mut interner) = (Space::new(), Interner::new(1));
        let name = |i: usize| format!("name{i}").into_bytes();
        for i in 0..50_000 {
            interner.intern(&mut space, &name(i));
        }
        interner.prepare_sweep();
        interner.shrink_fully();
        while interner.unswept > 0 || interner.sweeping {
            interner.sweep_slice(100);
        }
        // The old table is still there, as between two slices of the collector.
        assert!(interner.old.len() > 0 && interner.is_empty());
        for i in 0..20_000 {
            interner.intern(&mut space, &name(i));
            let (used, size) = (interner.entries.used, interner.entries.len());
            assert!(used < size, "no free entry for string {i}");
        }
        assert_eq!(interner.len(), 20_000);
    }

    #[test]
    fn chains_stay_short_when_strings_come_and_go() {
        let mut space = Space::new();
        let mut interner = Interner::new(9);
        let mut live = Vec::new();
        let mut number = 0;
        for round in 0..12 {
            for i in 0..30_000 {
                // A collection that begins while the table moves to its successor.
                if i == 1_000 + round * 2_500 {
                    live.retain(|string: &Gc<Str>| !string.hash.is_multiple_of(3));
                    live.iter().for_each(|string| _ = chunk::set(MARKS, string.address()));
                    interner.prepare_sweep();
                }
                if interner.sweeping && i % 16 == 1 {
                    interner.sweep_slice(1_000);
                }
                number += 1;
                live.push(interner.intern(&mut space, format!("text {number}").as_bytes()).0);
            }
            while !interner.sweep_slice(usize::MAX) {}
            live.iter().for_each(|string| chunk::clear(MARKS, string.address()));
            let full = interner.entries.entries.split(|&entry| entry == FREE);
            let longest = full.map(<[u64]>::len).max().unwrap();
            assert!(longest < 600, "round {round}: {longest}");
            assert_eq!(interner.len(), live.len());
        }
    }

    #[test]
    fn a_nul_follows_the_bytes() {
        let mut heap = Heap::new();
        for n in 0..200 {
            let s = heap.intern(&vec![b'a'; n]);
            // SAFETY: the heap allocates the byte.
            assert_eq!(unsafe { *s.bytes().as_ptr().add(n) }, 0);
        }
    }

    #[test]
    fn every_byte_counts_for_the_hash() {
        for n in 1..100 {
            let plain = vec![7; n];
            for i in 0..n {
                let mut other = plain.clone();
                other[i] = 8;
                assert_ne!(hash(1, &plain), hash(1, &other), "byte {i} of {n}");
            }
            assert_ne!(hash(1, &plain), hash(1, &plain[1..]));
            assert_ne!(hash(1, &plain), hash(2, &plain));
        }
    }
}
