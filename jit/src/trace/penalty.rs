//! Penalties: where recordings were aborted, and how long to wait before the next try.
//!
//! Each abort doubles the number of turns that a loop must run until it is recorded again, so that code that cannot be compiled
//! costs less and less, while a first abort by bad luck costs little. After some ten of them the loop is *blacklisted*: its
//! instruction is replaced by the form that does not count.
//!
//! A loop that left while it was being recorded, or met another loop, runs few turns. A trace of an outer loop may then unroll it.

use super::abort::Reason;
use crate::record::Pc;
use std::collections::HashMap;

/// The first wait, in the units of hot counts: two a turn.
const FIRST: u32 = 72;
/// Longer waits are not worth it.
const LONGEST: u32 = 60_000;

#[derive(Clone, Copy, Debug)]
struct Penalty {
    wait: u32,
    reason: Reason,
}

/// What happens to a loop or function after an abort.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Its hot count is set to this.
    Wait(u16),
    /// It is blacklisted.
    Blacklist,
}

/// The places where recordings were aborted.
#[derive(Debug)]
pub struct Penalties {
    by_pc: HashMap<Pc, Penalty>,
    random: u32,
}

impl Penalties {
    /// None yet.
    pub fn new() -> Penalties {
        Penalties { by_pc: HashMap::new(), random: 0x9E37_79B9 }
    }

    /// A recording that began at `pc` was aborted.
    pub fn punish(&mut self, pc: Pc, reason: Reason) -> Verdict {
        // A little chance keeps two loops from disturbing each other for ever.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let chance = self.random & 15;
        let penalty = self.by_pc.entry(pc).or_insert(Penalty { wait: FIRST / 2, reason });
        penalty.wait = penalty.wait.saturating_mul(2).saturating_add(chance);
        penalty.reason = reason;
        if penalty.wait > LONGEST { Verdict::Blacklist } else { Verdict::Wait(penalty.wait as u16 / 2) }
    }

    /// Whether a loop was tried in vain because it ran too few turns, or is blacklisted: it may be unrolled.
    pub fn gave_up(&self, pc: Pc) -> bool {
        let ins = pc.ins();
        let blacklisted = ins.op() != pc.op() && !is_compiled(pc);
        blacklisted
            || self
                .by_pc
                .get(&pc)
                .is_some_and(|p| matches!(p.reason, Reason::LeavesLoop | Reason::InnerLoop) && p.wait >= 2 * FIRST)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.by_pc.clear();
    }
}

impl Default for Penalties {
    fn default() -> Penalties {
        Penalties::new()
    }
}

/// Whether the instruction runs a trace.
pub fn is_compiled(pc: Pc) -> bool {
    use moonwake_lang::bytecode::Op;
    matches!(pc.ins().op(), Op::FORLOOPJ | Op::ITERLOOPJ | Op::LOOPJ | Op::FUNCJ)
}

#[cfg(test)]
mod tests {
    use super::*;
    use moonwake_lang::bytecode::{Ins, Op};

    #[test]
    fn each_abort_waits_longer_until_there_is_no_next() {
        let code = [Ins::ad(Op::LOOP, 0, 0).0];
        let pc = Pc::new(code.as_ptr());
        let mut penalties = Penalties::new();
        let mut last = 0;
        let mut tries = 0;
        while let Verdict::Wait(count) = penalties.punish(pc, Reason::BadType) {
            assert!(count > last && count < u16::MAX / 2);
            (last, tries) = (count, tries + 1);
        }
        assert!((5..15).contains(&tries), "{tries}");
    }

    #[test]
    fn a_loop_that_keeps_leaving_may_be_unrolled() {
        let code = [Ins::ad(Op::LOOP, 0, 0).0, Ins::ad(Op::LOOPI, 0, 0).0];
        let (pc, blacklisted) = (Pc::new(&code[0]), Pc::new(&code[1]));
        let mut penalties = Penalties::new();
        assert!(!penalties.gave_up(pc) && penalties.gave_up(blacklisted));
        penalties.punish(pc, Reason::LeavesLoop);
        penalties.punish(pc, Reason::LeavesLoop);
        assert!(penalties.gave_up(pc));
        penalties.punish(pc, Reason::BadType);
        assert!(!penalties.gave_up(pc));
    }
}
