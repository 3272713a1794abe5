//! Finalisers.
//!
//! Objects with a finaliser stand in a list in the order in which they got it. When marking has ended, those that were not reached
//! are found and revived, with all they refer to, and then moved to a queue; the virtual machine takes them from it, the latest
//! first, and calls their finalisers at its leisure. An object is finalised once; it may be given a finaliser again.
//!
//! If there are many, they are revived in slices between which the program runs. It cannot get at any of them meanwhile, nor at what only they
//! refer to: nothing that it can reach refers to them, save weak tables, whose entries are hidden so long ([`super::weak`]).

use super::Heap;
use super::chunk::{self, MARKS};
use super::cycle::Phase;
use super::mark::prefetch;
use super::pace::Stress;
use crate::object::{Gc, Header, gc_bits};
use crate::value::{Tag, Value};

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
    /// Objects found dead by this collection: the first `revived` have been revived, of which the first `kept` will be queued.
    found: Vec<Entry>,
    revived: usize,
    kept: usize,
    /// What of `list` waits to be searched for unreached objects: from `searched` to `unfound`. The first `kept_listed` stay in it.
    unfound: usize,
    searched: usize,
    kept_listed: usize,
    /// How many of `list` and `queue` have been given to the marker.
    marked: usize,
    marked_queue: usize,
}

/// So many objects that wait for their finalisers are revived in the atomic step, if there are no more.
const FEW: usize = 1_000;
/// Entries that are given to the marker in one slice.
const SLICE: usize = 4096;

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
        if self.phase == Phase::Mark {
            self.marker().mark(finaliser);
        }
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

    /// Moves every object with a finaliser to the queue: before the virtual machine ends. Cdata come first, as in LuaJIT; those that were
    /// given one since the `first` time are left.
    pub fn finalise_all(&mut self, first: bool) {
        while self.phase == Phase::Revive {
            self.let_go_slice();
        }
        let Finalisers { list, queue, .. } = &mut self.finalisers;
        let is_cdata = |entry: &Entry| entry.object.is(Tag::Cdata);
        let mut entries: Vec<Entry> = list
            .drain(..)
            .filter(|e| header(e.object).gc.get() & gc_bits::FINALISER != 0 && (first || !is_cdata(e)))
            .collect();
        for entry in &entries {
            let bits = &header(entry.object).gc;
            bits.set(bits.get() & !(gc_bits::LISTED | gc_bits::FINALISER) | gc_bits::FINALISED);
        }
        entries.sort_by_key(is_cdata);
        entries.append(queue);
        *queue = entries;
    }

    /// A collection begins.
    pub(super) fn start_marking_finalisers(&mut self) {
        self.finalisers.marked = 0;
        self.finalisers.marked_queue = 0;
    }

    /// Marks some of the finalisers' functions and of what waits in the queue: both are roots. Whether none is left.
    pub(super) fn mark_finalisers(&mut self) -> bool {
        let mut all = std::mem::take(&mut self.finalisers);
        let mut marker = self.marker();
        let queue_end = all.queue.len().min(all.marked_queue + SLICE);
        for entry in all.queue.get(all.marked_queue..queue_end).unwrap_or_default() {
            marker.mark(entry.object);
            marker.mark(entry.finaliser);
        }
        let end = all.list.len().min(all.marked + SLICE);
        all.list[all.marked..end].iter().for_each(|entry| marker.mark(entry.finaliser));
        (all.marked, all.marked_queue) = (end, queue_end);
        let done = end == all.list.len() && queue_end == all.queue.len();
        self.finalisers = all;
        done
    }

    /// Whether so many objects have a finaliser that a collection may have to revive them in slices.
    pub(super) fn has_many_finalisers(&self) -> bool {
        self.finalisers.list.len() > self.few()
    }

    fn few(&self) -> usize {
        if self.pace.stress == Stress::Slices { 0 } else { FEW }
    }

    /// Marking has ended: the unreached objects that have a finaliser, or had one that was taken from them, wait to be found. If there are few,
    /// they are found and revived at once.
    pub(super) fn start_finding(&mut self) {
        let few = self.few();
        let Finalisers { list, found, unfound, searched, kept_listed, revived, kept, .. } = &mut self.finalisers;
        (*unfound, *searched, *kept_listed, *revived, *kept) = (list.len(), 0, 0, 0, 0);
        let unreached = |entry: &&Entry| !chunk::is_set(MARKS, entry.object.address());
        let count = list.iter().filter(unreached).take(few + 1).count();
        if count == 0 {
            (*searched, *kept_listed) = (list.len(), list.len());
            return;
        }
        // All at once, so that the list is not moved as it grows; memory is taken as it is used.
        found.reserve_exact(if count > few { list.len() } else { count });
        if count <= few {
            self.revive_some(usize::MAX);
            self.revive_some(usize::MAX);
        }
    }

    /// Finds some of the unreached objects. What has been reached does not change meanwhile: the program cannot get at any of them, and
    /// marking goes on from them only when all have been found.
    fn find_some(&mut self, count: usize) {
        let Finalisers { list, found, unfound, searched, kept_listed, .. } = &mut self.finalisers;
        let end = (*unfound).min(searched.saturating_add(count));
        for at in *searched..end {
            let entry = list[at];
            // Nobody is to find what has moved where it was.
            list[at].object = Value::NIL;
            if chunk::is_set(MARKS, entry.object.address()) {
                list[*kept_listed] = entry;
                *kept_listed += 1;
            } else {
                found.push(entry);
            }
        }
        *searched = end;
        if end == *unfound {
            list.drain(*kept_listed..end);
            *unfound = 0;
            *searched = 0;
            *kept_listed = 0;
        }
    }

    /// Finds some of the unreached objects, or when all are found, marks some of them, for marking to go on from them. Whether none is left.
    pub(super) fn revive_some(&mut self, count: usize) -> bool {
        if self.finalisers.searched < self.finalisers.unfound {
            self.find_some(count);
            return false;
        }
        let mut all = std::mem::take(&mut self.finalisers);
        let mut marker = self.marker();
        let end = all.found.len().min(all.revived.saturating_add(count));
        for at in all.revived..end {
            all.found.get(at + AHEAD).into_iter().for_each(|entry| prefetch(entry.object.address()));
            let entry = all.found[at];
            let bits = &header(entry.object).gc;
            let finalised = bits.get() & gc_bits::FINALISER != 0;
            let cleared = bits.get() & !(gc_bits::LISTED | gc_bits::FINALISER);
            bits.set(if finalised { cleared | gc_bits::FINALISED } else { cleared });
            if finalised {
                marker.mark(entry.object);
                all.found[all.kept] = entry;
                all.kept += 1;
            }
        }
        all.revived = end;
        let done = end == all.found.len();
        self.finalisers = all;
        done
    }

    /// Moves what was found, and has been revived, to the queue.
    pub(super) fn queue_found(&mut self) {
        let Finalisers { queue, found, kept, .. } = &mut self.finalisers;
        found.truncate(*kept);
        // The queue ends with the next one, and older collections' objects come first.
        if queue.is_empty() {
            std::mem::swap(queue, found);
        } else {
            queue.splice(0..0, found.drain(..));
        }
    }
}

/// So many objects further an object's memory is asked for.
const AHEAD: usize = 16;
