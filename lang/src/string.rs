//! Interned strings.
//!
//! Every string exists once, so that comparing two is comparing addresses, and a table finds a key without looking at its
//! bytes. The intern table is open addressing with linear probing; an entry is the string's address with 16 bits of its hash above, so that a
//! probe that does not match nearly never touches a string.
//!
//! The hash reads 16 bytes at a time and folds a 64 by 64 bit product, in the manner of wyhash, under a seed of the heap. All
//! bytes count: hashing only some, as LuaJIT does, collapses on keys such as long paths.

#![allow(unsafe_code)]

use crate::gc::chunk::{self, MARKS};
use crate::gc::space::Space;
use crate::object::{Gc, Header, Kind, Str};
use crate::value::POINTER_MASK;
use std::cell::Cell;

/// The intern table.
pub struct Interner {
    seed: u64,
    /// Addresses with hash bits above them; 0 is free. The length is a power of two.
    entries: Vec<u64>,
    count: usize,
}

/// The longest string, in bytes.
pub const MAX_LENGTH: usize = i32::MAX as usize - 64;

const TAG_MASK: u64 = !POINTER_MASK;

impl Interner {
    /// An empty table.
    pub fn new(seed: u64) -> Interner {
        Interner { seed, entries: vec![0; 1024], count: 0 }
    }

    /// The number of strings.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no string.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The string of these bytes, made if there is none yet.
    pub fn intern(&mut self, space: &mut Space, bytes: &[u8]) -> Gc<Str> {
        assert!(bytes.len() <= MAX_LENGTH, "string length overflow");
        let hash = hash(self.seed, bytes);
        let tag = u64::from(hash) << 32 & TAG_MASK;
        let mask = self.entries.len() - 1;
        let mut at = hash as usize & mask;
        while self.entries[at] != 0 {
            if self.entries[at] & TAG_MASK == tag {
                let string: Gc<Str> = Gc::from_address((self.entries[at] & POINTER_MASK) as usize);
                if string.hash == hash && string.as_bytes() == bytes {
                    return string;
                }
            }
            at = (at + 1) & mask;
        }
        let string = new_string(space, bytes, hash);
        self.entries[at] = string.address() as u64 | tag;
        self.count += 1;
        if self.count * 4 > self.entries.len() * 3 {
            self.resize(self.entries.len() * 2);
        }
        string
    }

    /// Forgets the strings that were not marked.
    pub fn sweep(&mut self) {
        for entry in &mut self.entries {
            if *entry != 0 && !chunk::is_set(MARKS, (*entry & POINTER_MASK) as usize) {
                *entry = 0;
                self.count -= 1;
            }
        }
        // Holes break the probe sequences, so what is left is entered anew.
        self.resize((self.count * 2).next_power_of_two().max(1024));
    }

    fn resize(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.entries, vec![0; size]);
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            let string: Gc<Str> = Gc::from_address((entry & POINTER_MASK) as usize);
            let mut at = string.hash as usize & (size - 1);
            while self.entries[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.entries[at] = entry;
        }
    }
}

fn new_string(space: &mut Space, bytes: &[u8], hash: u32) -> Gc<Str> {
    let size = Str::BYTES_OFFSET + bytes.len() + 1;
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
            size: Cell::new(bytes.len() as u32),
        });
        (&raw mut (*string).hash).write(hash);
        (&raw mut (*string).intern_link).write(Cell::new(0));
        let start = (address + Str::BYTES_OFFSET) as *mut u8;
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
        start.add(bytes.len()).write(0);
    }
    Gc::from_ptr(string)
}

/// The low and high half of the product, folded.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

const K0: u64 = 0x9E37_79B9_7F4A_7C15;
const K1: u64 = 0xD6E8_FEB8_6659_FD93;

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
