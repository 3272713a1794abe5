//! The strings of one source text: names and string constants, each kept once.
//!
//! A name becomes a [`Symbol`] as soon as it is read, so that the parser and the compiler compare and store four bytes.
//! All text stands in one buffer; a table of indices with open addressing finds what is there already.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A string of the source, comparable within one [`Symbols`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Symbol(u32);

impl Symbol {
    /// `self`, the name of a method's first parameter.
    pub const SELF: Symbol = Symbol(0);
    /// `goto`, which is a name wherever it does not begin a goto statement.
    pub const GOTO: Symbol = Symbol(1);
    /// `const`, which is a name wherever it does not begin a declaration.
    pub const CONST: Symbol = Symbol(2);
    /// `continue`, which is a name wherever it is no statement.
    pub const CONTINUE: Symbol = Symbol(3);

    /// The symbols that every table begins with.
    const KNOWN: [(Symbol, &[u8]); 4] =
        [(Symbol::SELF, b"self"), (Symbol::GOTO, b"goto"), (Symbol::CONST, b"const"), (Symbol::CONTINUE, b"continue")];

    /// Its position in the order of first appearance.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The table of symbols.
#[derive(Debug)]
pub struct Symbols {
    /// All strings, one after the other.
    text: Vec<u8>,
    /// Where each symbol's string ends in `text`; it starts where the one before ends.
    ends: Vec<u32>,
    hashes: Vec<u32>,
    /// Differs from run to run, so that no text can be written in which all names collide.
    seed: u64,
    /// Symbol number + 1, or 0 where free; the length is a power of two and at least twice the number of symbols.
    buckets: Vec<u32>,
}

impl Default for Symbols {
    fn default() -> Symbols {
        let mut symbols = Symbols {
            text: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            seed: RandomState::new().hash_one(0),
            buckets: vec![0; 64],
        };
        for (known, text) in Symbol::KNOWN {
            let symbol = symbols.intern(text);
            debug_assert_eq!(symbol, known);
        }
        symbols
    }
}

impl Symbols {
    /// The symbol of `text`, new or known.
    pub fn intern(&mut self, text: &[u8]) -> Symbol {
        let hash = hash(self.seed, text);
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(known) = self.buckets[at].checked_sub(1) {
            if self.hashes[known as usize] == hash && self.text(Symbol(known)) == text {
                return Symbol(known);
            }
            at = (at + 1) & mask;
        }
        let symbol = Symbol(self.ends.len() as u32);
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len() as u32);
        self.hashes.push(hash);
        self.buckets[at] = symbol.0 + 1;
        if self.ends.len() * 2 > self.buckets.len() {
            self.grow();
        }
        symbol
    }

    /// The bytes of `symbol`.
    pub fn text(&self, symbol: Symbol) -> &[u8] {
        let start = symbol.0.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.text[start as usize..self.ends[symbol.index()] as usize]
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Always false: a few symbols are there from the start.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn grow(&mut self) {
        let mask = self.buckets.len() * 2 - 1;
        self.buckets.clear();
        self.buckets.resize(mask + 1, 0);
        for (symbol, &hash) in self.hashes.iter().enumerate() {
            let mut at = hash as usize & mask;
            while self.buckets[at] != 0 {
                at = (at + 1) & mask;
            }
            self.buckets[at] = symbol as u32 + 1;
        }
    }
}

/// Eight bytes at a time: multiply and fold the halves together. Every byte counts, so that generated names that differ in
/// one place only do not collide.
fn hash(seed: u64, text: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        (product >> 64) as u64 ^ product as u64
    };
    let (words, rest) = text.as_chunks::<8>();
    let mut hash = words.iter().fold(text.len() as u64 ^ seed, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = mix(hash, u64::from_le_bytes(last));
    (hash >> 32) as u32 ^ hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_are_equal_symbols() {
        let mut symbols = Symbols::default();
        for (known, text) in Symbol::KNOWN {
            assert_eq!(symbols.intern(text), known);
        }
        let words: Vec<String> = (0..5000).map(|i| format!("name_{i}_with_a_long_tail")).collect();
        let first: Vec<Symbol> = words.iter().map(|w| symbols.intern(w.as_bytes())).collect();
        let again: Vec<Symbol> = words.iter().map(|w| symbols.intern(w.as_bytes())).collect();
        assert_eq!(first, again);
        assert_eq!(symbols.len(), 5000 + Symbol::KNOWN.len());
        for (word, &symbol) in words.iter().zip(&first) {
            assert_eq!(symbols.text(symbol), word.as_bytes());
        }
        let empty = symbols.intern(b"");
        assert_eq!(symbols.text(empty), b"");
        assert_ne!(symbols.intern(b"\0"), empty);
    }
}
