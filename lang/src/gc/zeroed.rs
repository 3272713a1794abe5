//! Arrays of words that are zero at first, straight from the system.
//!
//! A new mapping is cleared page by page as it is used. Memory that the allocator has used before it would clear at once when it gives it out again,
//! for which a program that waits for the collector would wait, too: 150 ms for a table of 40 MB.

#![allow(unsafe_code)]

use super::chunk;
use std::alloc::Layout;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

/// An array of words.
pub struct ZeroedWords {
    /// A mapping of `length` words, unless that is 0.
    start: NonNull<u64>,
    length: usize,
}

impl ZeroedWords {
    /// So many words, all zero. When the system has no more memory the process ends, as when a vector is made.
    pub fn new(length: usize) -> ZeroedWords {
        let layout = Layout::array::<u64>(length).expect("a length of words");
        let start = match length {
            0 => Some(NonNull::dangling()),
            _ => chunk::map(layout.size()).and_then(|start| NonNull::new(start as *mut u64)),
        };
        ZeroedWords { start: start.unwrap_or_else(|| std::alloc::handle_alloc_error(layout)), length }
    }

    /// Gives the memory of these words back, as far as they fill pages: they are zero when they are read again.
    pub fn discard(&mut self, words: Range<usize>) {
        let words = &mut self[words];
        chunk::discard(words.as_ptr() as usize, words.as_ptr_range().end as usize);
    }
}

impl Default for ZeroedWords {
    fn default() -> ZeroedWords {
        ZeroedWords::new(0)
    }
}

impl Deref for ZeroedWords {
    type Target = [u64];

    #[inline(always)]
    fn deref(&self) -> &[u64] {
        // SAFETY: `start` leads to `length` words of a mapping that only this array refers to.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for ZeroedWords {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u64] {
        // SAFETY: as above, and this is the only reference to it.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for ZeroedWords {
    fn drop(&mut self) {
        // Nothing was mapped for no words, and nothing is unmapped.
        chunk::unmap(self.start.as_ptr() as usize, size_of_val(&**self));
    }
}

#[cfg(test)]
mod tests {
    use super::ZeroedWords;

    #[test]
    fn words_are_zero_at_first_and_when_they_were_discarded() {
        assert!(ZeroedWords::default().is_empty());
        let mut words = ZeroedWords::new(100_000);
        assert!(words.iter().all(|&word| word == 0));
        words.fill(7);
        words.discard(10_000..20_000);
        assert!(words[..10_000].iter().chain(&words[20_000..]).all(|&word| word == 7));
        assert!(words[10_240..19_456].iter().all(|&word| word == 0));
    }
}
