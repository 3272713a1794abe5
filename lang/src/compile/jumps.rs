//! Jumps whose target is not known yet.
//!
//! Several of them that will lead to the same place form a list, and the list needs no storage: the data word that will hold the
//! offset of a jump holds the position of the next jump of its list meanwhile.
//!
//! ```text
//!   list ──► ISF R3 → [word: 17]        after patching to 25:   ISF R3 → [word: 25 - 12]
//!            IST R1 → [word:  0]  end                           IST R1 → [word: 25 - 18]
//! ```
//!
//! A jump of a condition may also carry a *value*: `ISTC` and `ISFC` store what they test when they jump. Whether the value is
//! wanted, and where, shows only when the target does. Until then their destination is [`NO_REGISTER`]; where no value is
//! wanted they become `IST` and `ISF`. A `JUMP` marked [`CARRIES_CONSTANT`] follows an instruction that loads a constant, and
//! its field `a` is a register into which that may go when nobody wants it.

use super::function::FunctionState;
use crate::bytecode::{Ins, Op};

/// Stands for a register that is not chosen yet, or for none.
pub(super) const NO_REGISTER: u8 = 255;

/// What the field `d` of a `JUMP` is while the jump carries the constant that the instruction before it loads.
pub(super) const CARRIES_CONSTANT: u16 = 1;

/// A list of jumps: the position of the first, 0 for none (position 0 is the function's entry).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct JumpList(u32);

impl JumpList {
    pub const EMPTY: JumpList = JumpList(0);

    /// The list of the jump at `at`.
    pub fn of(at: usize) -> JumpList {
        JumpList(at as u32)
    }

    pub fn is_empty(self) -> bool {
        self == JumpList::EMPTY
    }
}

impl FunctionState<'_> {
    fn next(&self, jump: JumpList) -> JumpList {
        JumpList(self.word(jump.0 as usize + 1))
    }

    /// Adds the jumps of `more` to `list`, which should be the shorter one: it is walked to its end.
    pub fn append(&mut self, list: &mut JumpList, more: JumpList) {
        if list.is_empty() {
            *list = more;
        } else if !more.is_empty() {
            let mut last = *list;
            while !self.next(last).is_empty() {
                last = self.next(last);
            }
            self.set_word(last.0 as usize + 1, more.0);
        }
    }

    /// Emits an unconditional jump. Jumps that would lead to it lead to its target instead.
    pub fn jump(&mut self) -> JumpList {
        let here = std::mem::replace(&mut self.pending, JumpList::EMPTY);
        let mut list = JumpList::of(self.emit_jump(Ins::ad(Op::JUMP, 0, 0)));
        self.append(&mut list, here);
        list
    }

    /// Emits an unconditional jump to `target`.
    pub fn jump_to(&mut self, target: usize) {
        let jump = self.jump();
        self.patch(jump, target);
    }

    /// Lets the jumps of `list` lead to what is emitted next. If that is a jump, they become some of its list, which may carry values: theirs
    /// are not among them.
    pub fn patch_here(&mut self, list: JumpList) {
        self.target();
        self.drop_values(list);
        // The breaks of a loop come one by one, so those that are there already must not be walked.
        let mut all = list;
        self.append(&mut all, self.pending);
        self.pending = all;
    }

    /// Lets the jumps of `list` lead to `target`.
    pub fn patch(&mut self, list: JumpList, target: usize) {
        if target == self.here() {
            self.patch_here(list);
        } else {
            self.patch_with_value(list, target, NO_REGISTER, target);
        }
    }

    /// Lets the jumps that are to lead here do so, now that it is known that an instruction follows.
    pub fn land_pending(&mut self) {
        let pending = std::mem::replace(&mut self.pending, JumpList::EMPTY);
        let here = self.here();
        self.patch_with_value(pending, here, NO_REGISTER, here);
    }

    /// Lets the jumps of `list` that carry a value store it into `register` and lead to `with_value`, the others to
    /// `without`.
    pub fn patch_with_value(&mut self, list: JumpList, with_value: usize, register: u8, without: usize) {
        let mut jump = list;
        while !jump.is_empty() {
            let next = self.next(jump);
            let at = jump.0 as usize;
            let target = if self.give_value(at, register) { with_value } else { without };
            self.set_word(at + 1, (target as i64 - (at as i64 + 2)) as i32 as u32);
            jump = next;
        }
    }

    /// Whether some jump of `list` carries no value.
    pub fn lacks_value(&self, list: JumpList) -> bool {
        let mut jump = list;
        while !jump.is_empty() {
            let ins = self.ins(jump.0 as usize);
            match ins.op() {
                Op::ISTC | Op::ISFC => {}
                Op::JUMP if ins.d() as u16 == CARRIES_CONSTANT => {}
                _ => return true,
            }
            jump = self.next(jump);
        }
        false
    }

    /// Lets no jump of `list` store a value.
    pub fn drop_values(&mut self, list: JumpList) {
        let mut jump = list;
        while !jump.is_empty() {
            self.give_value(jump.0 as usize, NO_REGISTER);
            jump = self.next(jump);
        }
    }

    /// Lets a jump that carries a value store it into `register`; false if it carries none.
    fn give_value(&mut self, at: usize, register: u8) -> bool {
        let ins = self.ins(at);
        let plain = match ins.op() {
            Op::ISTC => Op::IST,
            Op::ISFC => Op::ISF,
            Op::JUMP if ins.d() as u16 == CARRIES_CONSTANT => {
                let scratch = ins.a() as u8;
                self.set_a(at - 1, if register == NO_REGISTER { scratch } else { register });
                self.set_ins(at, Ins::ad(Op::JUMP, 0, 0));
                return true;
            }
            _ => return false,
        };
        let tested = ins.d() as u8;
        if register != NO_REGISTER && register != tested {
            self.set_a(at, register);
        } else {
            self.set_ins(at, Ins::ad(plain, tested, 0));
        }
        true
    }

    /// Reverses the condition of the jump at `at`.
    pub fn invert(&mut self, at: usize) {
        let ins = self.ins(at);
        let op = match ins.op() {
            Op::EQRR => Op::NERR,
            Op::NERR => Op::EQRR,
            Op::EQRK => Op::NERK,
            Op::NERK => Op::EQRK,
            Op::EQRP => Op::NERP,
            Op::NERP => Op::EQRP,
            Op::LTRR => Op::NLTRR,
            Op::NLTRR => Op::LTRR,
            Op::LERR => Op::NLERR,
            Op::NLERR => Op::LERR,
            Op::LTRK => Op::NLTRK,
            Op::NLTRK => Op::LTRK,
            Op::LERK => Op::NLERK,
            Op::NLERK => Op::LERK,
            Op::LTKR => Op::NLTKR,
            Op::NLTKR => Op::LTKR,
            Op::LEKR => Op::NLEKR,
            Op::NLEKR => Op::LEKR,
            other => unreachable!("{other:?} is no comparison"),
        };
        self.set_ins(at, ins.with_op(op));
    }
}
