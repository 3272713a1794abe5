//! Whether a root trace is worth entering.
//!
//! Entering a trace from the interpreter and coming back takes as long as some forty bytecode instructions. A trace that is left after
//! much fewer makes the program slower than it was: a function whose calls go a hundred ways, a loop that mostly runs one turn. Side traces mend
//! that while it can be mended; where it cannot (the paths are too many, or what comes next is not compiled), the root trace is *retired*: its
//! instruction becomes the form that is never compiled. Other traces may inline what lies there, or go on leading to it.
//!
//! A loop's trace that nearly every entry leaves by one exit, before a turn is over, was recorded for objects that the program is done with: it was
//! run once for one class, and now for the next. A side trace would have to come back to it each turn. So the loop is *recorded anew*, a
//! few times; what was recorded before stays where other traces lead to it.
//!
//! The same is done at once where the trace knew a closure by identity, and others of its prototype are about: a function that takes a callback is
//! called with a new one each time. The prototype is then known for one of many closures, and the next trace will do with any of them.
//!
//! Time is not measured, so that a program runs the same way each time. Each snapshot knows how many instructions were recorded
//! before it, each trace how many lie before its start, and where one trace jumps to another that is added up in
//! [`TraceState::work`](moonwake_lang::trace_state::TraceState).

use crate::options::Limits;

/// Instructions that the interpreter runs in the time that it takes to enter and to leave a trace.
pub const ENTRY: u32 = 40;

/// What one entry may count for: one long run must not hide a thousand vain ones, but it counts for many.
const MOST: u32 = 100 * ENTRY;

/// Entries after which a trace is judged, at least, if its tree got no side trace meanwhile.
const ENTRIES: u32 = 16_000;
/// Nor does it take longer than this.
const MOST_ENTRIES: u32 = 200_000;

/// A loop that is left all the time also comes to its end now and then: an entry that leaves by another exit makes up for so many.
const OTHERS: u32 = 4;

/// How often a loop is recorded anew.
pub const MOST_RENEWALS: usize = 8;

/// What came of entering a root trace, since it was last judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uses {
    entries: u32,
    work: u64,
    /// How many more entries left by the same exit before a turn was over than by others, and where its record is.
    in_vain: u32,
    exit: usize,
}

impl Uses {
    /// Notes an entry that did so many instructions' work. Gives, when it is time to judge, whether the trace is worth its entries; then
    /// everything begins anew.
    pub fn note(&mut self, work: u32, limits: &Limits) -> Option<bool> {
        self.entries += 1;
        self.work += u64::from(work.min(MOST));
        let hotexit = limits.hotexit.max(1) as u32;
        if self.entries < hotexit.saturating_mul(4).clamp(ENTRIES, MOST_ENTRIES) {
            return None;
        }
        let Uses { entries, work, .. } = *self;
        (self.entries, self.work) = (0, 0);
        Some(2 * work >= u64::from(entries) * u64::from(ENTRY))
    }

    /// Notes by which exit an entry left, if that was before a turn was over.
    pub fn left_by(&mut self, exit: Option<usize>) {
        let Some(exit) = exit else { return self.in_vain = 0 };
        if exit == self.exit {
            self.in_vain += 1;
        } else if self.in_vain > OTHERS {
            self.in_vain -= OTHERS;
        } else {
            (self.exit, self.in_vain) = (exit, 1);
        }
    }

    /// Whether a loop's trace was recorded for what is no more: this exit got hot because nearly all entries leave by it.
    pub fn is_stale(&self, exit: usize, limits: &Limits) -> bool {
        self.exit == exit && self.in_vain >= (limits.hotexit / 2).clamp(2, 1000) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(works: impl Iterator<Item = u32>) -> Option<bool> {
        let mut uses = Uses::default();
        works.into_iter().find_map(|work| uses.note(work, &Limits { hotexit: 10, ..Limits::DEFAULT }))
    }

    #[test]
    fn short_runs_are_not_worth_their_entries() {
        assert_eq!(judge(std::iter::repeat(ENTRY / 2 - 1)), Some(false));
        assert_eq!(judge(std::iter::repeat(ENTRY / 2)), Some(true));
    }

    #[test]
    fn some_long_runs_are_worth_many_short_ones() {
        assert_eq!(judge((0..).map(|n| if n % 50 == 0 { u32::MAX } else { 0 })), Some(true));
        assert_eq!(judge((0..).map(|n| if n % 1000 == 0 { u32::MAX } else { 0 })), Some(false));
    }

    #[test]
    fn a_trace_is_stale_when_all_entries_leave_by_one_exit() {
        let limits = Limits { hotexit: 10, ..Limits::DEFAULT };
        let mut uses = Uses::default();
        (0..5).for_each(|_| uses.left_by(Some(8)));
        assert!(uses.is_stale(8, &limits) && !uses.is_stale(16, &limits));
        uses.left_by(None);
        assert!(!uses.is_stale(8, &limits));
        (0..50).for_each(|n| uses.left_by(Some(8 + n % 2)));
        assert!(!uses.is_stale(8, &limits) && !uses.is_stale(9, &limits));
        (0..50).for_each(|n| uses.left_by(Some(8 + n % 10 / 9)));
        assert!(uses.is_stale(8, &limits) && !uses.is_stale(9, &limits));
    }

    #[test]
    fn nothing_is_said_before_it_had_its_time() {
        assert_eq!(judge(std::iter::repeat_n(0, ENTRIES as usize - 1)), None);
    }
}
