//! When the collector works, how much at a time, and what is known of how it went.
//!
//! With `live` bytes left by the last collection and a pause of 200 percent, memory may double. A collection starts when two
//! thirds of that growth have happened, and must be through with marking when the last third has: each slice marks what is left to
//! mark in proportion to what was allocated of the room that is left. Starting earlier would make for shorter slices and more
//! garbage that marking saw alive.

use std::time::Duration;

/// So many bytes can be allocated from one collection's end to the next one's, however little is alive: with less, small programs would do
/// little but mark (list building takes .22 s with 80 MB in use, .33 s with 19).
const MIN_ROOM: usize = 16 << 20;
/// Less, but so many, if that is [`MARKED_FACTOR`] times what was marked: then a collection costs little, and what is allocated stays in
/// the processor's cache.
const LEAST_ROOM: usize = 4 << 20;
const MARKED_FACTOR: usize = 16;
/// So many strings can be made from one collection's end to the next one's, or one for each [`MARKED_PER_STRING`] bytes that were marked: then
/// the intern table, which is accessed at random, stays in the cache as well.
const STRING_ROOM: usize = 40_000;
const MARKED_PER_STRING: usize = 24;
/// Bytes allocated between two slices.
pub const SLICE: usize = 64 << 10;
/// The most that one slice marks, in bytes: 5 ms where each eighth byte leads to another line of memory.
pub const MAX_BUDGET: usize = 512 << 10;
/// So many objects that were stored into make a slice due when little else is left to mark.
pub const REMEMBERED_SLICE: usize = 2048;

/// Makes every safe point one at which the collector works, and freed memory be overwritten: for tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stress {
    /// No.
    #[default]
    Off,
    /// A whole collection, if anything was made since the last one: shows what is used without being reachable. When they have
    /// looked at [`EAGER_WORK`] bytes, the program would take for ever, and each waits until the heap has grown by a sixteenth.
    Collections,
    /// A small slice of one: shows stores without a barrier.
    Slices,
}

/// What a slice marks under [`Stress::Slices`], at the start of a collection; every 32 slices twice as much, so that it ends.
const STRESS_BUDGET: usize = 500;

/// So many safe points after a script's own step of a collection leave it alone under [`Stress::Collections`]: a whole collection
/// would begin it again, and a script that waits for the end of its steps, while finalisers make objects, would wait for ever.
const STEP_PATIENCE: u32 = 16;

/// The bytes that collections of [`Stress::Collections`] look at before they become less frequent: some 30,000 collections of a small script.
const EAGER_WORK: usize = 1 << 30;

/// The settings and the state of the pacing.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Work is due when this many bytes are in use.
    pub threshold: usize,
    /// Or when there are this many strings.
    pub strings_due: usize,
    /// In percent: memory in use at the end of a collection's marking, of what the one before left.
    pub pause: i32,
    /// In percent: the least that is marked for each byte allocated, halved.
    pub stepmul: i32,
    /// More than this may not be in use.
    pub limit: usize,
    /// Whether collections start by themselves.
    pub stopped: bool,
    /// What happens at every safe point, for tests.
    pub stress: Stress,
    pub stats: Stats,
    /// Marking should end before this many bytes are in use.
    goal: usize,
    /// Bytes that were in use when marking began, and that have been marked since.
    to_mark: usize,
    marked: usize,
    /// Bytes in use after the last slice.
    before: usize,
    slices: u32,
    /// Whether nothing was left to mark once but what had changed meanwhile, and how often that was too much for a slice.
    ending: bool,
    failed_looks: u32,
    /// What is left of [`EAGER_WORK`], and with how many bytes in use a collection is due under stress.
    eager_work: usize,
    stress_threshold: usize,
    /// What is left of [`STEP_PATIENCE`].
    patience: u32,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            threshold: LEAST_ROOM / 3 * 2,
            strings_due: STRING_ROOM,
            pause: 200,
            stepmul: 200,
            limit: usize::MAX,
            stopped: false,
            stress: Stress::Off,
            stats: Stats::default(),
            goal: LEAST_ROOM,
            to_mark: 0,
            marked: 0,
            before: 0,
            slices: 0,
            ending: false,
            failed_looks: 0,
            eager_work: EAGER_WORK,
            stress_threshold: 0,
            patience: 0,
        }
    }
}

impl Pace {
    /// A script has done a step of a collection, which is complete by that or not.
    pub fn stepped(&mut self, completed: bool) {
        self.patience = if completed { 0 } else { STEP_PATIENCE };
    }

    /// Whether a whole collection that stress asks for should wait for a script's own steps.
    pub fn waits_for_steps(&mut self) -> bool {
        let waits = self.patience > 0;
        self.patience = self.patience.saturating_sub(1);
        waits
    }

    /// A collection is complete and has left `live` bytes and so many strings.
    pub fn completed(&mut self, live: usize, strings: usize) {
        self.strings_due = strings + strings.max(STRING_ROOM).max(self.marked / MARKED_PER_STRING);
        self.stats.collections += 1;
        let room = self.marked.saturating_mul(MARKED_FACTOR).clamp(LEAST_ROOM, MIN_ROOM);
        let pause = self.pause.max(0) as usize;
        self.goal = (live / 100).saturating_mul(pause).max(live + live / 16).max(live + room);
        self.threshold = live + (self.goal - live) / 3 * 2;
        if self.stress == Stress::Collections {
            self.eager_work = self.eager_work.saturating_sub(live);
            self.stress_threshold = if self.eager_work > 0 { 0 } else { live + live / 16 };
        }
    }

    /// Whether stress asks for work with so many bytes in use.
    pub fn is_stressed(&self, in_use: usize) -> bool {
        self.stress != Stress::Off && in_use >= self.stress_threshold
    }

    /// Marking begins with this many bytes in use.
    pub fn started(&mut self, in_use: usize) {
        (self.to_mark, self.marked, self.before) = (in_use, 0, in_use);
        (self.slices, self.failed_looks, self.ending) = (0, 0, false);
        self.strings_due = usize::MAX;
        self.goal = self.goal.max(in_use + in_use / 8);
    }

    /// How many bytes the next slice should mark.
    pub fn budget(&mut self, in_use: usize) -> usize {
        if self.stress == Stress::Slices {
            return STRESS_BUDGET << (self.slices / 32).min(30);
        }
        let allocated = in_use.saturating_sub(self.before).max(SLICE / 4);
        let (room, work) = (self.goal.saturating_sub(in_use).max(SLICE), self.to_mark.saturating_sub(self.marked));
        let least = allocated.saturating_mul(self.stepmul.max(0) as usize) / 50;
        let needed = (work as f64 * allocated as f64 / room as f64 * 1.25) as usize;
        if self.is_ending() { MAX_BUDGET } else { least.max(needed).min(MAX_BUDGET) }
    }

    /// Whether nothing was left to mark once, but for what had changed meanwhile.
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// How many bytes may be marked of what has changed since it was first marked, before the program runs on, when a slice has `left`
    /// of its budget. If that is not enough, time and again, because the program changes more in the time between, it is
    /// raised until it is.
    pub fn last_look_budget(&mut self, left: usize) -> usize {
        self.ending = true;
        let patience = self.failed_looks.saturating_sub(7).min(20);
        left.max(MAX_BUDGET).saturating_mul(1 << patience)
    }

    /// That was not enough.
    pub fn look_failed(&mut self) {
        self.failed_looks += 1;
    }

    /// A whole collection marked this many bytes.
    pub fn marked_whole(&mut self, bytes: usize) {
        self.marked = bytes;
    }

    /// A slice marked this many bytes; the next is due after some allocation.
    pub fn sliced(&mut self, in_use: usize, marked: usize) {
        self.marked += marked;
        self.slices += 1;
        self.before = in_use;
        // What follows marking frees memory.
        self.threshold = in_use + if marked > 0 { SLICE } else { SLICE / 2 };
    }
}

/// Figures about the collections of a heap.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Collections that were completed.
    pub collections: u64,
    /// Times that the program waited for the collector, other than for a whole collection that it asked for.
    pub pauses: u64,
    /// The longest of them.
    pub longest_pause: Duration,
    /// How long all of them took together.
    pub total_pause: Duration,
    /// Most bytes in use at the start of a pause.
    pub peak_bytes: usize,
    /// Pauses by the binary logarithm of their length in nanoseconds, in quarters.
    histogram: Vec<u64>,
}

impl Stats {
    pub(crate) fn add_pause(&mut self, length: Duration) {
        self.pauses += 1;
        self.total_pause += length;
        self.longest_pause = self.longest_pause.max(length);
        let bucket = ((length.as_nanos().max(1) as f64).log2() * 4.0) as usize;
        if self.histogram.len() <= bucket {
            self.histogram.resize(bucket + 1, 0);
        }
        self.histogram[bucket] += 1;
    }

    /// A length that 99 of 100 pauses did not exceed, to within a fifth.
    pub fn percentile_99(&self) -> Duration {
        let mut rest = self.pauses - self.pauses / 100;
        for (bucket, &count) in self.histogram.iter().enumerate() {
            if count >= rest {
                let end = ((bucket + 1) as f64 / 4.0).exp2();
                return Duration::from_nanos(end as u64).min(self.longest_pause);
            }
            rest -= count;
        }
        self.longest_pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marking_ends_before_memory_has_doubled() {
        for live in [20 << 20, 50 << 20, 500 << 20] {
            let mut pace = Pace::default();
            pace.completed(live, 1000);
            let mut in_use = pace.threshold;
            assert!(in_use < 2 * live);
            pace.started(in_use);
            let mut to_mark = in_use;
            while to_mark > 0 {
                let budget = pace.budget(in_use).min(to_mark);
                to_mark -= budget;
                pace.sliced(in_use, budget);
                in_use = pace.threshold;
            }
            assert!(in_use <= 2 * live, "{live}: {in_use}");
        }
    }

    #[test]
    fn the_percentile_leaves_out_the_longest() {
        let mut stats = Stats::default();
        (0..200).for_each(|_| stats.add_pause(Duration::from_micros(100)));
        stats.add_pause(Duration::from_millis(50));
        assert_eq!(stats.longest_pause, Duration::from_millis(50));
        assert!((100..125).contains(&stats.percentile_99().as_micros()));
    }
}
