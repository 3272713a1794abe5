//! Metamethods, inlined like any other call: in a frame above the registers of the interrupted one, whose link is a continuation.
//!
//! The interpreter will complete the instruction when the metamethod returns; so does [`Recorder::finish_instruction`], by the same rules:
//! the result goes to where the operation puts it, or decides a comparison.

use super::call::Callee;
use super::liveness::Registers;
use super::machine::{At, Pc};
use super::{Flow, Recorder, Traced};
use crate::ir::{Const, IrRef, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::{Ins, Op};
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame::{CONTINUATION_PLACES, Link, LinkKind};

impl Recorder {
    /// Calls the handler of a binary operator, after guarding that it is the handler.
    pub fn binary_metamethod(
        &mut self,
        at: &mut At<'_>,
        handler: Value,
        event: Metamethod,
        a: Traced,
        b: Traced,
    ) -> Rec<Flow> {
        self.binary_metamethod_with(at, handler, event, (a, b), Value::NIL)
    }

    /// The same with a value for the instruction's use when it is completed.
    pub fn binary_metamethod_with(
        &mut self,
        at: &mut At<'_>,
        handler: Value,
        event: Metamethod,
        (a, b): (Traced, Traced),
        extra: Value,
    ) -> Rec<Flow> {
        self.guard_metamethod(at, a, event)?;
        if at.vm.metamethod(a.now, event).is_none() {
            self.guard_metamethod(at, b, event)?;
        }
        self.call_metamethod(at, handler, &[a, b], extra, false)
    }

    /// Calls a metamethod that guards have made a constant.
    pub fn call_metamethod(
        &mut self,
        at: &mut At<'_>,
        handler: Value,
        arguments: &[Traced],
        extra: Value,
        negate: bool,
    ) -> Rec<Flow> {
        let registers = at.proto().registers as usize;
        let distance = registers + CONTINUATION_PLACES;
        let base = self.base + distance as i32;
        let extra = self.value(extra);
        let interrupted = self.e.constant(Const::Link(at.pc.bits() | u64::from(negate)));
        let link = self.link(Link::typed(LinkKind::Continuation, distance));
        for (slot, value) in [(base - 4, extra.ir), (base - 3, interrupted), (base - 1, link)] {
            self.slots.write(slot, value);
        }
        let live = self.interrupted_live(at);
        self.leave_frame(live);
        let function = self.value(handler);
        self.enter(at, Callee { function, base, arguments: arguments.to_vec() })
    }

    /// What completing the current instruction, and what comes after it, may read.
    fn interrupted_live(&self, at: &mut At<'_>) -> Registers {
        let proto = self.frame().proto.expect("a Lua function runs");
        let here = at.known.live.before(proto, at.pc);
        let mut live = here.with(at.known.live.before(proto, at.pc.next()));
        if at.op().jumps() {
            live = live.with(at.known.live.before(proto, at.pc.target()));
        }
        live
    }

    /// Completes the instruction for which the frame at `base` was called, in the frame at `below`.
    pub fn finish_instruction(&mut self, at: &mut At<'_>, base: i32, below: i32, results: &[IrRef]) -> Rec<Flow> {
        let constant = |slot| match self.slots.get(slot) {
            Some(known) => self.e.trace.constant(known),
            None => self.inherited_constant(slot),
        };
        let (Some(Const::Link(bits)), extra) = (constant(base - 3), constant(base - 4)) else {
            return Err(Reason::ReturnToNative.into());
        };
        let (pc, negate) = (Pc::from_bits(bits & !1), bits & 1 != 0);
        let nil = self.value(Value::NIL).ir;
        let result = results.first().copied().unwrap_or(nil);
        let ins = pc.ins();
        match ins.op() {
            op if op.jumps() => self.decide(at, pc, result, (base, below), negate),
            Op::SETFIELD | Op::SETGLOBAL | Op::SETINDEX | Op::SETINDEXI => {
                self.go_back(at, base, below, pc.next());
                Ok(Flow::Next)
            }
            Op::CONCAT => {
                let last = match extra.and_then(Const::boxed).and_then(Value::to_number) {
                    Some(last) => last as i32,
                    None => return Err(Reason::ReturnToNative.into()),
                };
                self.go_back(at, base, below, pc.next());
                self.set(last as usize, result);
                if last as usize > ins.b() { Err(Reason::NyiMetamethod.into()) } else { self.set_result(ins, result) }
            }
            _ => {
                self.go_back(at, base, below, pc.next());
                self.set_result(ins, result)
            }
        }
    }

    fn set_result(&mut self, ins: Ins, result: IrRef) -> Rec<Flow> {
        self.set(ins.a(), result);
        Ok(Flow::Next)
    }

    /// Leaves the metamethod's frame at `base` for the one at `below`, which goes on at `pc`.
    fn go_back(&mut self, at: &At<'_>, base: i32, below: i32, pc: Pc) {
        self.slots.kill_from(base - CONTINUATION_PLACES as i32);
        self.pop_frames(at, below);
        self.expected.pc = pc;
    }

    /// Completes a comparison: the result's truth, which is that of its type, says whether the jump is taken.
    fn decide(&mut self, at: &mut At<'_>, pc: Pc, result: IrRef, frames: (i32, i32), negate: bool) -> Rec<Flow> {
        let result = match self.ty(result) {
            // Before the guard the metamethod's frame is still there, and its return can be done again.
            Type::Val => self.unbox(Traced { ir: result, now: self.result_now(at)? })?.ir,
            _ => result,
        };
        let is_falsy = matches!(self.ty(result), Type::Nil | Type::False);
        let negated = matches!(
            pc.ins().op(),
            Op::NERR | Op::NERK | Op::NERP | Op::NLTRR | Op::NLERR | Op::NLTRK | Op::NLERK | Op::NLTKR | Op::NLEKR
        );
        let holds = is_falsy == negate;
        let taken = holds != negated;
        let to = if taken { pc.target() } else { pc.next() };
        self.go_back(at, frames.0, frames.1, to);
        Ok(Flow::Next)
    }

    /// The first value that the return instruction at hand gives.
    fn result_now(&self, at: &At<'_>) -> Rec<Value> {
        match at.op() {
            Op::RETURN | Op::RETURNM | Op::RETURN1 => Ok(at.register(at.ins.a() as i32)),
            _ => Err(Reason::NyiMetamethod.into()),
        }
    }
}
