//! What is hot: how `-O`'s thresholds become counts.
//!
//! The interpreter counts loops and calls in a few hot counts that code addresses share, and asks the tracer when one has run out. A
//! turn of a loop takes 2 off, a call 1, since a call does less. Exits of traces are counted one by one, each in its record.
//!
//! **The price of a trace.** Compiling one takes about as long as some thousands of exits. A program with a few hot paths wants them compiled at
//! once; one that takes a thousand paths a few times each must not spend its life in the compiler. Which of the two it is shows in the
//! number of traces that were made: the more there are, the hotter the next must be.

use crate::options::Limits;
use crate::trace::tree::ExitState;

/// What a hot count starts from, for this many turns of a loop.
pub fn loop_count(limits: &Limits) -> u16 {
    limits.hotloop.saturating_mul(2).clamp(1, i32::from(i16::MAX)) as u16 - 1
}

/// In stress mode the first turn is hot.
pub const STRESS_COUNT: u16 = 0;

/// Traces after which the threshold of an exit is multiplied by the square of 2, 3, and so on, and that of a loop by 2, 3, and so on.
const EXIT_GENERATION: usize = 64;
const LOOP_GENERATION: usize = 16;
/// Thresholds stop growing at so many times their first value.
const LARGEST_FACTOR: u32 = 16;

/// The parameters, with the thresholds that hold after so many traces were made.
pub fn after_traces(limits: &Limits, made: usize) -> Limits {
    let factor = |generation: usize| (1 + made / generation).min(LARGEST_FACTOR as usize) as i32;
    let (loops, exits) = (factor(LOOP_GENERATION), factor(EXIT_GENERATION));
    Limits {
        hotloop: limits.hotloop.saturating_mul(loops),
        hotexit: limits.hotexit.saturating_mul(exits * exits),
        ..*limits
    }
}

/// How often a function must be found hot before it is compiled. It is best inlined into the loop that calls it, which should have its
/// turn first.
pub fn function_patience(limits: &Limits) -> u32 {
    (limits.hotloop / 8).clamp(1, 8) as u32
}

/// Whether an exit that was taken `count` times now should get a side trace. After each attempt that failed, it waits twice as long.
pub fn is_exit_hot(limits: &Limits, state: ExitState, count: u32) -> bool {
    let first = limits.hotexit.max(1) as u32;
    match state {
        ExitState::Open => count >= first,
        ExitState::Tried(attempts) => count >= first.saturating_mul(1 << attempts.min(16)),
        ExitState::Linked(_) | ExitState::GivenUp => false,
    }
}

/// The state of an exit after a recording from it was aborted.
pub fn after_failed_attempt(limits: &Limits, state: ExitState) -> ExitState {
    let attempts = match state {
        ExitState::Open => 1,
        ExitState::Tried(attempts) => attempts + 1,
        other => return other,
    };
    if i32::from(attempts) >= limits.tryside.min(100) { ExitState::GivenUp } else { ExitState::Tried(attempts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_hot_after_its_number_of_turns() {
        let mut count = loop_count(&Limits::DEFAULT) as i16;
        let mut turns = 0;
        while count >= 0 {
            count -= 2;
            turns += 1;
        }
        assert_eq!(turns, Limits::DEFAULT.hotloop);
    }

    #[test]
    fn the_more_traces_there_are_the_hotter_the_next_must_be() {
        let limits = Limits::DEFAULT;
        assert_eq!(after_traces(&limits, 0), limits);
        let mut last = limits;
        for made in [EXIT_GENERATION, 3 * EXIT_GENERATION, 1000] {
            let now = after_traces(&limits, made);
            assert!(now.hotloop > last.hotloop && now.hotexit > last.hotexit);
            last = now;
        }
        let most = after_traces(&limits, usize::MAX);
        assert!(is_exit_hot(&most, ExitState::Open, u32::MAX) && loop_count(&most) > loop_count(&limits));
    }

    #[test]
    fn an_exit_that_fails_is_tried_less_and_less_and_then_no_more() {
        let limits = Limits::DEFAULT;
        let mut state = ExitState::Open;
        let mut last = 0;
        while state != ExitState::GivenUp {
            let at = (1..).find(|&count| is_exit_hot(&limits, state, count)).expect("it gets hot");
            assert!(at > last);
            last = at;
            state = after_failed_attempt(&limits, state);
        }
        assert!(!is_exit_hot(&limits, state, u32::MAX));
        assert!(!is_exit_hot(&limits, ExitState::Linked(3), u32::MAX));
    }
}
