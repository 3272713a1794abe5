//! The write barrier: what a store must tell the collector.
//!
//! While marking goes on bit by bit, an object that has been scanned may be given a reference that the collector would then never
//! follow. So a scanned object carries a bit in its header, and a store of an object into it takes a cold path that remembers it
//! to be scanned again, and clears the bit: a further store costs only the test.
//!
//! No barrier is needed for values that are not objects, for stores to a stack (stacks are scanned again at the end of
//! marking), and for an object made since the last safe point, which cannot have been scanned.

use super::Heap;
use crate::object::{Gc, Header, gc_bits};
use crate::value::Value;

impl Heap {
    /// After `value` was stored into `owner`.
    #[inline(always)]
    pub fn barrier(&mut self, owner: Gc<Header>, value: Value) {
        if owner.gc.get() & gc_bits::NEEDS_BARRIER != 0 && value.is_object() {
            self.remember(owner);
        }
    }

    /// After a store to `owner` of something other than a value: another shape, another body, an object known to be one.
    #[inline(always)]
    pub fn barrier_always(&mut self, owner: Gc<Header>) {
        if owner.gc.get() & gc_bits::NEEDS_BARRIER != 0 {
            self.remember(owner);
        }
    }

    /// The cold path of the barrier; compiled code calls it after its own test of the bit.
    #[cold]
    #[inline(never)]
    pub fn remember(&mut self, owner: Gc<Header>) {
        owner.gc.set(owner.gc.get() & !gc_bits::NEEDS_BARRIER);
        self.marks.remembered.push(owner);
    }
}
