//! A collection, from its start to its end.

#![allow(unsafe_code)]

use super::chunk::{self, MARKS};
use super::heap::poll;
use super::make::free_outside;
use super::{Heap, Marker};
use crate::metamethod::Metamethod;
use crate::object::{Coroutine, Gc, Kind, Upvalue};
use crate::value::Value;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// When collections happen, and what is known of those that have.
#[derive(Debug)]
pub(crate) struct Pace {
    /// A collection starts when this many bytes are in use.
    threshold: usize,
    /// In percent: memory in use at the start of a collection, of what the one before left.
    pause: usize,
    stepmul: usize,
    limit: usize,
    stopped: bool,
    stress: bool,
    stats: Stats,
}

/// No collection starts with less than this in use.
const MIN_THRESHOLD: usize = 2 << 20;

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            threshold: MIN_THRESHOLD,
            pause: 200,
            stepmul: 200,
            limit: usize::MAX,
            stopped: false,
            stress: false,
            stats: Stats::default(),
        }
    }
}

/// Figures about the collections of a heap.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Collections that were completed.
    pub collections: u64,
    /// Times that the program waited for the collector.
    pub pauses: u64,
    /// The longest of them.
    pub longest_pause: Duration,
    /// How long all of them took together.
    pub total_pause: Duration,
    /// Most bytes in use at the start of a pause.
    pub peak_bytes: usize,
    /// Pauses by the binary logarithm of their length in nanoseconds.
    histogram: [u64; 32],
}

impl Stats {
    fn add_pause(&mut self, length: Duration) {
        self.pauses += 1;
        self.total_pause += length;
        self.longest_pause = self.longest_pause.max(length);
        let log = (length.as_nanos() as u64 | 1).ilog2() as usize;
        self.histogram[log.min(self.histogram.len() - 1)] += 1;
    }

    /// A length that 99 of 100 pauses did not exceed, to within a factor of two.
    pub fn percentile_99(&self) -> Duration {
        let mut rest = self.pauses - self.pauses / 100;
        for (log, &count) in self.histogram.iter().enumerate() {
            if count >= rest {
                return Duration::from_nanos(2 << log).min(self.longest_pause);
            }
            rest -= count;
        }
        self.longest_pause
    }
}

impl Heap {
    /// Bytes in use: objects, dead ones that no collection has found yet included, and what they own outside the heap.
    pub fn count_bytes(&self) -> usize {
        self.space.bytes() + self.outside
    }

    /// Sets how much memory may be in use before a collection starts, in percent of what the one before left; returns
    /// the old setting.
    pub fn set_pause(&mut self, percent: usize) -> usize {
        std::mem::replace(&mut self.pace.pause, percent)
    }

    /// Sets how fast a collection goes, in percent of allocation; returns the old setting.
    pub fn set_stepmul(&mut self, percent: usize) -> usize {
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
        self.count_bytes().checked_add(bytes).is_some_and(|sum| sum <= self.pace.limit)
    }

    /// In stress mode a collection happens at every safe point, and freed memory is overwritten.
    pub fn set_stress(&mut self, stress: bool) {
        self.pace.stress = stress;
        self.space.poison = stress;
        self.after_allocation();
    }

    /// Figures about the collections so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.pace.stats.clone();
        stats.peak_bytes = stats.peak_bytes.max(self.count_bytes());
        stats
    }

    /// Sets the poll word when a collection is due or memory has run out.
    pub(crate) fn after_allocation(&self) {
        let in_use = self.space.taken() + self.outside;
        if (in_use >= self.pace.threshold || self.pace.stress) && !self.pace.stopped {
            self.request(poll::COLLECT);
        }
        if in_use > self.pace.limit {
            self.request(poll::COLLECT | poll::MEMORY);
        }
    }

    pub(crate) fn marker(&mut self) -> Marker<'_> {
        Marker {
            state: &mut self.marks,
            shapes: &mut self.shapes,
            space: &self.space,
            mode: self.metamethod_names[Metamethod::Mode as usize],
        }
    }

    /// At a safe point, when [`poll::COLLECT`] is set: does what is due of a collection. `roots` marks every root, including
    /// the running coroutine. Returns whether a collection was completed.
    pub fn step(&mut self, roots: &mut dyn FnMut(&mut Marker)) -> bool {
        self.full_collect(roots);
        true
    }

    /// A whole collection.
    pub fn full_collect(&mut self, roots: &mut dyn FnMut(&mut Marker)) {
        let start = Instant::now();
        self.pace.stats.peak_bytes = self.pace.stats.peak_bytes.max(self.count_bytes());
        self.poll_word().fetch_and(!(poll::COLLECT | poll::MEMORY), Ordering::Relaxed);
        self.space.retire_runs();
        self.space.clear_marks();
        self.shapes.start_cycle();
        self.marks.remembered.clear();
        for name in self.metamethod_names {
            self.marker().mark_object(name);
        }
        roots(&mut self.marker());
        self.mark_finalisers();
        self.marker().drain();
        self.mark_variables_of_dead_stacks();
        self.queue_unreached();
        self.marker().drain();
        self.finish();
        self.pace.stats.collections += 1;
        self.pace.stats.add_pause(start.elapsed());
        self.pace.threshold = (self.count_bytes() * self.pace.pause.max(110) / 100).max(MIN_THRESHOLD);
        self.after_allocation();
    }

    /// A closure that is alive may share variables with a coroutine that is not. What they hold stays alive.
    fn mark_variables_of_dead_stacks(&mut self) {
        let owners = std::mem::take(&mut self.owners);
        let coroutines = owners.iter().filter(|owner| owner.kind.get() == Kind::Coroutine as u8);
        for coroutine in coroutines.filter(|owner| !chunk::is_set(MARKS, owner.address())) {
            let mut open = coroutine.cast::<Coroutine>().open_upvalues.get();
            while !open.is_null() {
                let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
                if chunk::is_set(MARKS, upvalue.address()) {
                    // SAFETY: an open upvalue points into its coroutine's stack, which has not been freed.
                    let value = unsafe { *upvalue.value.get() };
                    self.marker().mark(value);
                }
                open = upvalue.closed.get().0 as *mut Upvalue;
            }
        }
        self.owners = owners;
        self.marker().drain();
    }

    /// After marking: forgets and frees what was not reached.
    fn finish(&mut self) {
        self.clear_weak_tables();
        let is_marked = |address: usize| chunk::is_set(MARKS, address);
        self.shapes.drop_metatables(|metatable| is_marked(metatable.address()));
        self.shapes.for_each_key(|key| {
            chunk::set(MARKS, key.address());
        });
        self.strings.sweep();
        let mut freed = 0;
        self.owners.retain(|&owner| {
            let live = is_marked(owner.address());
            if !live {
                freed += free_outside(owner);
            } else if owner.kind.get() == Kind::Coroutine as u8 {
                clear_above_top(owner.cast());
            }
            live
        });
        self.outside -= freed;
        self.space.sweep();
    }
}

/// Sets the unused part of a coroutine's stack to nil, where dead values would come back to life with the next frame.
fn clear_above_top(coroutine: Gc<Coroutine>) {
    let (top, stack, size) = (coroutine.top.get(), coroutine.stack.get(), coroutine.stack_size.get() as usize);
    // SAFETY: `top` lies in the stack, which has `size` places.
    unsafe {
        let used = top.offset_from(stack) as usize;
        std::slice::from_raw_parts_mut(top, size - used).fill(Value::NIL);
    }
}
