//! Finalisers.
//!
//! Objects with a finaliser stand in a list in the order in which they got it. When marking has ended, those that were not reached
//! are moved to a queue and revived, with all they refer to; the virtual machine then takes them from the queue, the latest
//! first, and calls their finalisers at its leisure. An object is finalised once; it may be given a finaliser again.

use super::Heap;
use super::chunk::{self, MARKS};
use super::mark::prefetch;
use crate::object::{Gc, Header, gc_bits};
use crate::value::Value;

/// An object with a finaliser, and the function given for it (nil: the `__gc` of its metatable).
#[derive(Clone, Copy)]
struct Entry {
    object: Value,
    finaliser: Value,
}

/// The finalisers of a heap.
#[derive(Default)]
pub(crate) struct Finalisers {
    list: Vec<Entry>,
    /// Objects found dead; the last is the next.
    queue: Vec<Entry>,
}

fn header(value: Value) -> Gc<Header> {
    value.as_object().expect("only an object has a finaliser")
}

impl Heap {
    /// Gives a userdata or cdata a finaliser. Nil stands for the `__gc` of its metatable when the time has come.
    pub fn set_finaliser(&mut self, object: Value, finaliser: Value) {
        let bits = &header(object).gc;
        if bits.get() & gc_bits::LISTED != 0 {
            let list = &mut self.finalisers.list;
            let entry =
                list.iter_mut().rev().find(|entry| entry.object == object).expect("a listed object is in the list");
            entry.finaliser = finaliser;
        } else {
            self.finalisers.list.push(Entry { object, finaliser });
        }
        bits.set(bits.get() & !gc_bits::FINALISED | gc_bits::LISTED | gc_bits::FINALISER);
    }

    /// Takes its finaliser from an object, if it has one.
    pub fn clear_finaliser(&mut self, object: Value) {
        let bits = &header(object).gc;
        bits.set(bits.get() & !gc_bits::FINALISER);
    }

    /// Whether an object has a finaliser.
    pub fn has_finaliser(&self, object: Value) -> bool {
        header(object).gc.get() & gc_bits::FINALISER != 0
    }

    /// The next object to finalise and its finaliser. The object is alive again until the next collection.
    pub fn take_finalisable(&mut self) -> Option<(Value, Value)> {
        self.finalisers.queue.pop().map(|entry| (entry.object, entry.finaliser))
    }

    /// Whether an object waits for its finaliser to be called.
    pub fn has_finalisable(&self) -> bool {
        !self.finalisers.queue.is_empty()
    }

    /// Moves every object with a finaliser to the queue: before the virtual machine ends.
    pub fn finalise_all(&mut self) {
        let Finalisers { list, queue } = &mut self.finalisers;
        let mut entries: Vec<Entry> =
            list.drain(..).filter(|e| header(e.object).gc.get() & gc_bits::FINALISER != 0).collect();
        for entry in &entries {
            let bits = &header(entry.object).gc;
            bits.set(bits.get() & !(gc_bits::LISTED | gc_bits::FINALISER) | gc_bits::FINALISED);
        }
        entries.append(queue);
        *queue = entries;
    }

    /// Marks the finalisers' functions, and what waits in the queue: both are roots.
    pub(super) fn mark_finalisers(&mut self) {
        let entries = std::mem::take(&mut self.finalisers);
        let mut marker = self.marker();
        entries.list.iter().for_each(|entry| marker.mark(entry.finaliser));
        for entry in &entries.queue {
            marker.mark(entry.object);
            marker.mark(entry.finaliser);
        }
        self.finalisers = entries;
    }

    /// Moves the unreached objects that have a finaliser to the queue and marks them. Marking has ended, and goes on after.
    ///
    /// Of objects that were reached only the mark bit is looked at, so that a finaliser that was taken from one stays in the list for a while.
    pub(super) fn queue_unreached(&mut self) {
        let mut found = Vec::new();
        self.finalisers.list.retain(|entry| {
            let reached = chunk::is_set(MARKS, entry.object.address());
            if !reached {
                found.push(*entry);
            }
            reached
        });
        let mut ahead = found.iter().map(|entry| entry.object.address()).skip(AHEAD).collect::<Vec<_>>().into_iter();
        found.retain(|entry| {
            ahead.next().into_iter().for_each(prefetch);
            let bits = &header(entry.object).gc;
            let finalised = bits.get() & gc_bits::FINALISER != 0;
            let cleared = bits.get() & !(gc_bits::LISTED | gc_bits::FINALISER);
            bits.set(if finalised { cleared | gc_bits::FINALISED } else { cleared });
            finalised
        });
        let mut marker = self.marker();
        found.iter().for_each(|entry| marker.mark(entry.object));
        // The queue ends with the next one, and older collections' objects come first.
        self.finalisers.queue.splice(0..0, found);
    }
}

/// So many objects further an object's memory is asked for.
const AHEAD: usize = 16;
