//! Compiled patterns, kept for the next time.
//!
//! Programs use few patterns and use them often, and compiling one costs more than most matches. The cache is a small table indexed by
//! the hash that the pattern's string has anyway; a newcomer replaces what it finds.

use crate::object::{Gc, Str};
use crate::pattern::{Anchor, Pattern};
use crate::vm::Vm;
use std::rc::Rc;

const PLACES: usize = 64;

struct Entry {
    text: Box<[u8]>,
    anchor: Anchor,
    pattern: Rc<Pattern>,
}

/// The compiled patterns of a machine.
pub(super) struct PatternCache(Vec<Option<Entry>>);

impl Default for PatternCache {
    fn default() -> PatternCache {
        PatternCache((0..PLACES).map(|_| None).collect())
    }
}

impl Vm {
    /// The compiled form of a pattern.
    pub(super) fn pattern(&mut self, text: Gc<Str>, anchor: Anchor) -> Rc<Pattern> {
        let place = &mut self.extension::<PatternCache>().0[text.hash as usize % PLACES];
        match place {
            Some(entry) if *entry.text == *text.bytes() && entry.anchor == anchor => Rc::clone(&entry.pattern),
            _ => {
                let pattern = Rc::new(Pattern::compile(text.bytes(), anchor));
                *place = Some(Entry { text: text.bytes().into(), anchor, pattern: Rc::clone(&pattern) });
                pattern
            }
        }
    }
}
