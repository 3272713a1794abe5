//! A collection, from its start to its end.
//!
//! ```text
//!            threshold        nothing left to mark                 shapes, owners, strings,    then blocks
//!   +------+           +------+   at a look at all  +-------------+            +---------+       +--------+
//!   | idle |---------->| mark |--------------------->| atomic step |----------->| letting |------>| sweep  |--> idle
//!   +------+           +------+   roots and stacks   +-------------+            |   go    |       +--------+
//!                      |      ^                                                 +---------+
//!                      +------+ a slice at each safe point that the pace asks for
//! ```
//!
//! Marking goes on in slices between which the program runs. When a slice has nothing left to mark, the roots, the stacks of
//! coroutines that have run and the objects that the barrier remembered are looked at again; if that and what it leads to
//! fits into the slice, marking has ended, else it goes on. What was allocated meanwhile is marked when it is found, so garbage made while
//! marking goes on dies with the same collection.
//!
//! The atomic step does what cannot be interrupted: it looks which objects wait for finalisers, and clears weak tables. Then marking may go
//! on from those objects for a while, out of the program's sight, and whatever refers to dead objects lets go of them, in slices: shapes
//! are dropped, memory outside the heap is freed, dead strings leave the intern table. Only then are blocks swept.

#![allow(unsafe_code)]

use super::chunk::{self, MARKS};
use super::heap::poll;
use super::make::free_outside;
use super::pace::{MAX_BUDGET, Stats, Stress};
use super::weak::HiddenEntries;
use super::{Heap, Marker};
use crate::metamethod::Metamethod;
use crate::object::{Gc, Header};

use std::sync::atomic::Ordering;
use std::time::Instant;

/// Where a collection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Phase {
    /// There is none.
    #[default]
    Idle,
    /// Marking.
    Mark,
    /// Marking from dead objects that wait for their finalisers.
    Revive,
    /// Shapes wait to be swept.
    Shapes,
    /// Owners of memory outside the heap wait to be looked at.
    Owners,
    /// Prototypes do, which own such memory too.
    Protos,
    /// Strings wait to be swept.
    Strings,
    /// Large objects and blocks do.
    Space,
}

/// Objects that wait for their finalisers, hidden entries of weak tables, shapes, owners, entries of the intern table and chunks that are looked at
/// in one slice.
const REVIVE_SLICE: usize = 4_000;
const HIDDEN_SLICE: usize = 20_000;
const SHAPE_SLICE: usize = 5_000;
const STRESS_SHAPES: usize = 20;
/// An entry of a weak table that is looked at counts for so much of what a slice may mark.
const BUDGET_PER_ENTRY: usize = 32;
const OWNER_SLICE: usize = 4_000;
const STRING_SLICE: usize = 20_000;
const CHUNK_SLICE: usize = 32;
/// Chunks whose mark bits are read once in one slice.
const AWAKENED_SLICE: usize = 40;

impl Heap {
    /// Bytes in use: objects, dead ones that no collection has found yet included, what they own outside the heap, and the
    /// intern table.
    pub fn count_bytes(&self) -> usize {
        self.space.bytes() + self.outside + self.strings.bytes()
    }

    /// Sets how much memory may be in use at the end of a collection's marking, in percent of what the one before left;
    /// returns the old setting. A negative one is kept, and means 0.
    pub fn set_pause(&mut self, percent: i32) -> i32 {
        std::mem::replace(&mut self.pace.pause, percent)
    }

    /// Sets how fast a collection goes at least, in percent of allocation; returns the old setting. A negative one is kept,
    /// and means 0.
    pub fn set_stepmul(&mut self, percent: i32) -> i32 {
        std::mem::replace(&mut self.pace.stepmul, percent)
    }

    /// Stops automatic collection, or starts it again (`collectgarbage("stop")`, `"restart"`).
    pub fn set_stopped(&mut self, stopped: bool) {
        self.pace.stopped = stopped;
        self.after_allocation();
    }

    /// Whether automatic collection is stopped.
    pub fn is_stopped(&self) -> bool {
        self.pace.stopped
    }

    /// Sets how many bytes may be in use; beyond, [`poll::MEMORY`] is requested.
    pub fn set_limit(&mut self, bytes: usize) {
        self.pace.limit = bytes;
        self.after_allocation();
    }

    /// Whether `bytes` more would still be within the limit: to be asked before a large allocation.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        // The exact sum takes longer.
        let at_most = self.in_use().saturating_add(bytes);
        at_most <= self.pace.limit || self.count_bytes().checked_add(bytes).is_some_and(|sum| sum <= self.pace.limit)
    }

    /// Sets what the collector does at every safe point.
    pub fn set_stress(&mut self, stress: Stress) {
        self.pace.stress = stress;
        self.space.poison = stress != Stress::Off;
        self.after_allocation();
    }

    /// Figures about the collections so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.pace.stats.clone();
        stats.peak_bytes = stats.peak_bytes.max(self.count_bytes());
        stats
    }

    fn in_use(&self) -> usize {
        self.paced() + self.strings.bytes()
    }

    /// The bytes by which the collector's pace is set. The intern table is not among them: it grows and shrinks as a whole.
    fn paced(&self) -> usize {
        self.space.taken() + self.outside
    }

    /// Sets the poll word when the collector has work to do or memory has run out.
    #[inline]
    pub(crate) fn after_allocation(&self) {
        let in_use = self.in_use();
        // What sweeping on demand has freed was in use when the threshold was set: the next slice is due after some allocation, not when all
        // of that is in use again.
        if self.paced() + self.space.freed_on_demand() >= self.pace.threshold
            || self.strings.len() >= self.pace.strings_due
            || in_use > self.pace.limit
            || self.pace.is_stressed(in_use)
        {
            self.ask_for_collection(in_use);
        }
    }

    #[cold]
    fn ask_for_collection(&self, in_use: usize) {
        if in_use > self.pace.limit {
            self.request(poll::COLLECT | poll::MEMORY);
        } else if !self.pace.stopped {
            self.request(poll::COLLECT);
        }
    }

    pub(crate) fn marker(&mut self) -> Marker<'_> {
        Marker {
            state: &mut self.marks,
            shapes: &mut self.shapes,
            space: &self.space,
            mode: self.metamethod_names[Metamethod::Mode as usize],
            running: self.running,
        }
    }

    /// At a safe point, when [`poll::COLLECT`] is set: does what is due of a collection. `roots` marks every root, the running
    /// coroutine among them. Returns whether a collection was completed.
    ///
    /// If [`poll::MEMORY`] is still set afterwards, what is alive exceeds the limit, or would have if a store had been done: then
    /// "not enough memory" is to be thrown.
    pub fn step(&mut self, roots: &mut dyn FnMut(&mut Marker)) -> bool {
        if self.pace.stress != Stress::Collections && !self.exceeds_limit() {
            let completed = self.slice(roots, None).0;
            if !self.exceeds_limit() {
                return completed;
            }
        }
        let exceeded = self.exceeds_limit();
        let start = self.start_pause();
        if !exceeded && self.pace.waits_for_steps() {
            return false;
        }
        self.full_collect(roots);
        self.pace.stats.add_pause(start.elapsed());
        // Little room would be used up at once, and the next whole collection be due.
        if exceeded && self.in_use() > self.pace.limit - self.pace.limit / 32 {
            self.request(poll::MEMORY);
        }
        true
    }

    fn exceeds_limit(&self) -> bool {
        self.poll_word().load(Ordering::Relaxed) & poll::MEMORY != 0
    }

    /// Does the work that allocating so many bytes would make due, at least a little (`collectgarbage("step")`). Returns whether a
    /// collection was completed.
    pub fn step_by(&mut self, bytes: usize, roots: &mut dyn FnMut(&mut Marker)) -> bool {
        const LEAST: usize = 1024;
        let mut left = bytes.max(LEAST).saturating_mul(self.pace.stepmul.max(0) as usize) / 100;
        loop {
            let (completed, marked) = self.slice(roots, Some(left));
            left = left.saturating_sub(marked.max(LEAST));
            if completed || left == 0 {
                self.pace.stepped(completed);
                return completed;
            }
        }
    }

    /// A slice of a collection; it marks up to `budget` bytes, or as many as are due. Returns whether the collection was completed, and how
    /// many bytes were marked.
    fn slice(&mut self, roots: &mut dyn FnMut(&mut Marker), budget: Option<usize>) -> (bool, usize) {
        let start = self.start_pause();
        let (mut completed, mut marked) = (false, 0);
        match self.phase {
            Phase::Idle => self.start_marking(roots),
            Phase::Mark if budget.is_none() && self.space.awaken_some(AWAKENED_SLICE) => self.sliced(0),
            Phase::Mark => {
                let budget = budget.unwrap_or_else(|| self.pace.budget(self.paced()));
                marked = self.mark_slice(roots, budget);
                self.sliced(marked);
            }
            _ => {
                completed = self.let_go_slice();
                self.sliced(0);
                if completed {
                    self.completed();
                }
            }
        }
        self.end_pause(start);
        (completed, marked)
    }

    /// A whole collection: frees everything that is garbage now. It is no pause for the figures: those tell how long the collector stops a
    /// program that has not asked for it.
    pub fn full_collect(&mut self, roots: &mut dyn FnMut(&mut Marker)) {
        self.start_pause();
        if !matches!(self.phase, Phase::Idle | Phase::Mark) {
            while !self.let_go_slice() {}
        }
        // Marking that goes on is begun again: what it has reached may be garbage by now.
        if self.phase == Phase::Mark {
            self.space.clear_marks();
        }
        self.start_marking(roots);
        let mut marked = 0;
        while self.phase == Phase::Mark {
            marked += self.mark_slice(roots, usize::MAX);
        }
        self.pace.marked_whole(marked);
        self.strings.shrink_fully();
        while !self.let_go_slice() {}
        self.completed();
        self.ask_again();
        if std::mem::take(&mut self.refused) {
            self.request(poll::MEMORY);
        }
    }

    /// A slice marked this many bytes.
    fn sliced(&mut self, marked: usize) {
        self.space.forget_freed();
        self.pace.sliced(self.paced(), marked);
    }

    /// A collection is complete.
    fn completed(&mut self) {
        self.space.forget_freed();
        self.pace.completed(self.paced(), self.strings.len());
    }

    fn start_pause(&mut self) -> Instant {
        self.pace.stats.peak_bytes = self.pace.stats.peak_bytes.max(self.count_bytes());
        self.poll_word().fetch_and(!(poll::COLLECT | poll::MEMORY), Ordering::Relaxed);
        Instant::now()
    }

    fn end_pause(&mut self, start: Instant) {
        self.pace.stats.add_pause(start.elapsed());
        self.ask_again();
    }

    fn ask_again(&mut self) {
        // Nothing is new since a whole collection. Under stress the next object asks for another one, so that compiled loops that make none
        // can turn.
        if self.pace.stress != Stress::Collections {
            self.after_allocation();
        }
    }

    fn start_marking(&mut self, roots: &mut dyn FnMut(&mut Marker)) {
        debug_assert!(self.space.is_unmarked());
        self.shapes.start_cycle();
        self.space.start_awakening();
        self.marks.clear();
        self.phase = Phase::Mark;
        self.start_marking_finalisers();
        self.changed_stacks.clear();
        self.running.into_iter().for_each(|running| self.stack_changed(running));
        for name in self.metamethod_names.into_iter().chain(self.byte_strings).chain(self.twins.keys()) {
            chunk::set(MARKS, name.address());
        }
        roots(&mut self.marker());
        self.pace.started(self.paced());
        self.sliced(0);
    }

    /// Marks for about `budget` bytes; ends marking if nothing is left. Returns how much was marked.
    fn mark_slice(&mut self, roots: &mut dyn FnMut(&mut Marker), budget: usize) -> usize {
        let ending = self.pace.is_ending();
        let (all, first) = if ending { self.marker().drain_remembered(budget) } else { self.marker().drain(budget) };
        if !all {
            return first;
        }
        if !self.mark_finalisers() {
            return first;
        }
        self.mark_again(roots);
        let left = self.pace.last_look_budget(budget.saturating_sub(first));
        let (all, second) = self.marker().drain_remembered(left);
        if !all {
            self.pace.look_failed();
        } else if self.suspect_weak_entries((budget / BUDGET_PER_ENTRY).max(1)) {
            self.end_marking();
        }
        first + second
    }

    /// Marks the roots, and what may have changed since it was scanned.
    fn mark_again(&mut self, roots: &mut dyn FnMut(&mut Marker)) {
        roots(&mut self.marker());
        if let Some(running) = self.running.filter(|running| chunk::is_set(MARKS, running.address())) {
            self.marker().scan_coroutine(running);
        }
    }

    /// The atomic step: everything reachable is marked.
    fn end_marking(&mut self) {
        self.mark_shared_variables();
        self.marker().drain(usize::MAX);
        self.start_finding();
        if self.revive_some(0) && self.marker().drain(MAX_BUDGET).0 {
            self.queue_found();
            self.clear_weak_tables();
            self.hidden = HiddenEntries::default();
            self.phase = Phase::Shapes;
        } else {
            self.hide_dead_entries();
            self.phase = Phase::Revive;
        }
        self.twins.drop_dead();
        self.prepare_shape_sweep();
        self.clear_active_stacks();
        self.space.retire_runs();
        self.space.prepare_sweep();
        self.strings.prepare_sweep();
        self.unswept_owners = self.owners.len();
        self.unswept_protos = self.protos.len();
    }

    /// A slice of marking from objects that wait for their finalisers; whether it was the last one.
    fn revive_slice(&mut self) -> bool {
        let stress = self.pace.stress == Stress::Slices;
        let (objects, budget, entries) = if stress { (3, 500, 3) } else { (REVIVE_SLICE, MAX_BUDGET, HIDDEN_SLICE) };
        if !self.marker().drain(budget).0 {
            return false;
        }
        if !self.revive_some(0) {
            self.revive_some(objects);
            return false;
        }
        self.clear_weak_tables();
        if !self.show_hidden_entries(entries) {
            return false;
        }
        self.queue_found();
        true
    }

    /// A slice of what follows marking; whether it was the last one.
    pub(super) fn let_go_slice(&mut self) -> bool {
        match self.phase {
            Phase::Idle | Phase::Mark => return true,
            Phase::Revive => {
                if self.revive_slice() {
                    self.phase = Phase::Shapes;
                }
            }
            Phase::Shapes => {
                let count = if self.pace.stress == Stress::Slices { STRESS_SHAPES } else { SHAPE_SLICE };
                if self.shapes.sweep_slice(count) && self.recycle_shape_ids(count) {
                    self.phase = Phase::Owners;
                }
            }
            Phase::Owners => {
                if free_dead(&mut self.owners, &mut self.unswept_owners, &mut self.outside) {
                    self.phase = Phase::Protos;
                }
            }
            Phase::Protos => {
                if free_dead(&mut self.protos, &mut self.unswept_protos, &mut self.outside) {
                    self.phase = Phase::Strings;
                }
            }
            Phase::Strings => {
                if self.strings.sweep_slice(STRING_SLICE) {
                    self.space.begin_sweep();
                    self.phase = Phase::Space;
                }
            }
            Phase::Space => {
                if self.space.sweep_slice(CHUNK_SLICE) {
                    self.phase = Phase::Idle;
                    return true;
                }
            }
        }
        false
    }
}

/// Frees what dead objects own outside the heap, for some of the owners below index `unswept`, which is lowered, and takes it from
/// `outside`. Whether that was all.
fn free_dead(owners: &mut Vec<Gc<Header>>, unswept: &mut usize, outside: &mut usize) -> bool {
    let end = unswept.saturating_sub(OWNER_SLICE);
    for index in (end..std::mem::replace(unswept, end)).rev() {
        if !chunk::is_set(MARKS, owners[index].address()) {
            // What moves here from the end has been looked at, or is new.
            let owner = owners.swap_remove(index);
            *outside -= free_outside(owner);
        }
    }
    end == 0
}
