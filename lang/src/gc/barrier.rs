//! The write barrier: what a store must tell the collector.
//!
//! While marking goes on bit by bit, an object that has been scanned may be given a reference that the collector would then never
//! follow. So a scanned object carries a bit in its header, and a store of an object into it takes a cold path that remembers it
//! to be scanned again, and clears the bit: a further store costs only the test. Into a large table, which is not scanned again for the
//! sake of one value, the stored value is marked instead, and the bit stays.
//!
//! The bit is not cleared when a collection ends; the first store after that clears it.
//!
//! No barrier is needed for values that are not objects, for stores to a stack (stacks are scanned again at the end of
//! marking), and for an object made since the last safe point, which cannot have been scanned.

use super::Heap;
use super::chunk::{self, MARKS};
use super::cycle::Phase;
use super::heap::poll;
use super::pace::REMEMBERED_SLICE;
use crate::object::{Gc, Header, Kind, Table, gc_bits};
use crate::value::Value;

/// A table with more array items or dictionary entries than this is large.
const LARGE: usize = 256;

impl Heap {
    /// After `value` was stored into `owner`.
    #[inline(always)]
    pub fn barrier(&mut self, owner: Gc<Header>, value: Value) {
        if owner.gc.get() & gc_bits::NEEDS_BARRIER != 0 && value.is_object() {
            self.remember(owner, value);
        }
    }

    /// After a store to `owner` of something that is not a value: another metatable, environment or function.
    #[inline(always)]
    pub fn barrier_always(&mut self, owner: Gc<Header>) {
        if owner.gc.get() & gc_bits::NEEDS_BARRIER != 0 {
            self.remember_whole(owner);
        }
    }

    /// After table `owner` got another body.
    #[inline(always)]
    pub(crate) fn barrier_body(&mut self, owner: Gc<Table>, body: Gc<Header>) {
        if owner.header.gc.get() & gc_bits::NEEDS_BARRIER != 0 && self.phase == Phase::Mark {
            self.marker().push_body(body);
        }
    }

    /// The cold path of the barrier; compiled code calls it after its own test of the bit.
    #[cold]
    #[inline(never)]
    pub fn remember(&mut self, owner: Gc<Header>, value: Value) {
        if self.phase == Phase::Mark && owner.kind.get() == Kind::Table as u8 && self.is_large(owner.cast()) {
            self.marker().mark(value);
        } else {
            self.remember_whole(owner);
        }
    }

    #[cold]
    #[inline(never)]
    fn remember_whole(&mut self, owner: Gc<Header>) {
        owner.gc.set(owner.gc.get() & !gc_bits::NEEDS_BARRIER);
        if self.phase == Phase::Mark && chunk::is_set(MARKS, owner.address()) {
            self.marks.remembered.push(owner);
            if self.pace.is_ending()
                && !self.pace.stopped
                && self.marks.remembered.len().is_multiple_of(REMEMBERED_SLICE)
            {
                // A program that changes much and allocates little would have ever more of them wait for the last look.
                self.request(poll::COLLECT);
            }
        }
    }

    fn is_large(&self, t: Gc<Table>) -> bool {
        t.array_size.get() as usize > LARGE
            || self.shapes.is_dictionary(t.shape()) && t.dict().is_some_and(|dict| dict.used.get() as usize > LARGE)
    }
}
