//! Calls of Lua functions, which are inlined: their frames exist in the slots of the trace only, and in memory once a snapshot restores them.
//!
//! A trace guards *which function* is called, not just which prototype: the function's upvalues are then constants. A prototype of which many
//! closures were made is guarded by prototype instead, since the next closure is another one, and a native function with variables by its code.
//!
//! **Recursion.** A function may be inlined into itself a few times. The trace of a function that reaches its own entry often enough is
//! complete: it loops to its start, with the base moved up (a call) or in place (a tail call).

use super::liveness::Registers;
use super::machine::entry;
use super::recorder::{FrameInfo, Kind};
use super::{At, Flow, Recorder, Traced, natives};
use crate::ir::{Field, Helper, IrRef, Link, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::object::{Function, Gc, Proto, proto_flags};
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame;

/// What is called, for [`Recorder::enter`].
#[derive(Clone, Debug)]
pub struct Callee {
    /// The function, or what has a `__call`.
    pub function: Traced,
    /// Base of its frame.
    pub base: i32,
    /// Its arguments.
    pub arguments: Vec<Traced>,
}

/// `CALL`, `CALLM`
pub fn call(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let function = r.register(at, a);
    r.doubt(function.ir, at);
    let count = if at.op() == Bc::CALLM { at.ins.c() + r.take_multiple()? } else { at.ins.c() - 1 };
    let callee = r.callee(at, a, count);
    let link = r.link(frame::Link::lua(at.pc.next().pointer()));
    r.set(a + 1, link);
    let live = call_live(r, at, a);
    r.leave_frame(live);
    r.enter(at, callee)
}

/// `TAILCALL`, `TAILCALLM`
pub fn tail(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let count = if at.op() == Bc::TAILCALLM { at.ins.d() + r.take_multiple()? } else { at.ins.d() - 1 };
    let mut callee = r.callee(at, at.ins.a(), count);
    if callee.function.now.as_function().is_none_or(|f| f.is_native()) && r.link_of(r.base).is_none() {
        // Its results would be returned from the trace's first frame, of which nothing must have changed by then.
        return if r.beginning.kind == Kind::Loop { Err(Reason::LeavesLoop.into()) } else { Ok(r.end_here(at)) };
    }
    callee.base = r.base;
    if at.proto().flags.get() & proto_flags::VARARG != 0 {
        let link = r.guarded_link(at)?;
        callee.base -= link.distance() as i32;
    }
    r.tail_calls += 1;
    r.enter(at, callee)
}

/// The registers that are live once the call at `a` has returned.
fn call_live(r: &Recorder, at: &mut At<'_>, a: usize) -> Registers {
    let proto = r.frame().proto.expect("a Lua function runs");
    at.known.live.before(proto, at.pc.next()).below(a)
}

impl Recorder {
    /// The number of multiple results that wait.
    pub fn take_multiple(&mut self) -> Rec<usize> {
        self.taken = self.multiple.take();
        self.taken.map(|m| m.count as usize).ok_or_else(|| Reason::NyiVarargs.into())
    }

    /// The function in a register and its arguments.
    fn callee(&mut self, at: &At<'_>, a: usize, count: usize) -> Callee {
        let function = self.register(at, a);
        let arguments = (0..count).map(|i| self.register(at, a + 2 + i)).collect();
        Callee { function, base: self.base + a as i32 + 2, arguments }
    }

    /// Notes what is live in the current frame while another one runs above it.
    pub fn leave_frame(&mut self, live: Registers) {
        self.frames.last_mut().expect("there is a frame").live = live;
    }

    /// Enters a function whose link is in its slot.
    pub fn enter(&mut self, at: &mut At<'_>, mut callee: Callee) -> Rec<Flow> {
        if callee.function.now.as_function().is_none() {
            callee = self.callable(at, callee)?;
        }
        let function = callee.function.now.as_function().ok_or(Reason::BadType)?;
        if function.is_native() {
            let known = self.specialise_native(callee.function, function)?;
            self.slots.write(callee.base - 2, known.ir);
            return self.call_native(at, Callee { function: known, ..callee });
        }
        self.enter_lua(callee, function)
    }

    /// A value with `__call`: the handler is called with the value in front of the arguments.
    fn callable(&mut self, at: &mut At<'_>, mut callee: Callee) -> Rec<Callee> {
        let object = self.unbox(callee.function)?;
        let handler = at.vm.metamethod(object.now, Metamethod::Call).ok_or(Reason::BadType)?;
        self.guard_metamethod(at, object, Metamethod::Call)?;
        callee.function = self.value(handler);
        callee.arguments.insert(0, object);
        Ok(callee)
    }

    fn enter_lua(&mut self, callee: Callee, function: Gc<Function>) -> Rec<Flow> {
        let proto = Gc::from_ptr(function.proto);
        if proto.flags.get() & proto_flags::NO_JIT != 0 {
            return Err(Reason::JitOff.into());
        }
        let known = self.specialise_function(callee.function, function)?;
        self.slots.write(callee.base - 2, known.ir);
        for (i, argument) in callee.arguments.iter().enumerate() {
            self.slots.write(callee.base + i as i32, argument.ir);
        }
        let places = if self.is_continuation(callee.base) { 4 } else { 2 };
        self.push_frame(FrameInfo { base: callee.base, proto: Some(proto), places, live: Registers::ALL });
        self.expected.pc = entry(function);
        if !self.protos.contains(&proto) {
            self.protos.push(proto);
        }
        Ok(Flow::Next)
    }

    /// Makes a frame the innermost one. Those that began at its base or above are gone: a tail call replaces them.
    pub fn push_frame(&mut self, frame: FrameInfo) {
        while self.frames.last().is_some_and(|f| f.base >= frame.base) {
            self.frames.pop();
        }
        self.base = frame.base;
        self.frames.push(frame);
    }

    fn is_continuation(&self, base: i32) -> bool {
        let link = self.slots.get(base - 1).and_then(|ir| self.e.trace.constant(ir));
        matches!(link, Some(crate::ir::Const::Link(bits)) if bits & 7 == frame::LinkKind::Continuation as u64)
    }

    /// Whether a closure was made on this trace: its prototype is known, and it is another one each time.
    fn is_made_here(&self, function: IrRef) -> bool {
        let Some(ins) = self.e.trace.ins(function) else { return false };
        ins.op == Op::CLOSURE || ins.op == Op::CALL && ins.helper() == Some(Helper::CapturingClosure)
    }

    /// Guards which function, or which function's prototype, is called.
    pub fn specialise_function(&mut self, callee: Traced, function: Gc<Function>) -> Rec<Traced> {
        let proto = Gc::from_ptr(function.proto);
        let made_here = self.is_made_here(callee.ir);
        if callee.ir.is_constant() || !made_here && !has_many_closures(proto) {
            return self.specialise(callee);
        }
        let typed = self.unbox(callee)?;
        if !made_here {
            let actual = self.field(typed.ir, Field::FunProto);
            let expected = self.pointer(function.proto);
            self.e.guard(Op::EQ, Type::None, &[actual, expected])?;
        }
        if !self.protos.contains(&proto) {
            self.protos.push(proto);
        }
        Ok(typed)
    }

    /// Guards which native function is called. One that has variables of its own, like an iterator of `gmatch`, is another one each time, and
    /// only the code that it runs is known.
    fn specialise_native(&mut self, callee: Traced, function: Gc<Function>) -> Rec<Traced> {
        if callee.ir.is_constant() || function.upvalue_count() == 0 || !natives::is_called(function) {
            return self.specialise(callee);
        }
        let typed = self.unbox(callee)?;
        // Only a native function has this field.
        let (proto, none) = (self.field(typed.ir, Field::FunProto), self.pointer::<Proto>(std::ptr::null()));
        self.e.guard(Op::EQ, Type::None, &[proto, none])?;
        let (actual, expected) = (self.field(typed.ir, Field::FunNative), self.pointer(function.native_word()));
        self.e.guard(Op::EQ, Type::None, &[actual, expected])?;
        Ok(typed)
    }

    /// The function of the current frame, known as well as its kind allows.
    pub fn running_function(&mut self, at: &At<'_>) -> Rec<Traced> {
        let slot = self.base - 2;
        let function = at.function();
        let now = Value::from(function);
        if self.slots.get(slot).is_none() && !self.inherited.iter().any(|i| i.slot == slot) {
            let ir = self.load_slot(slot, Type::Fun);
            self.slots.read(slot, ir);
        }
        let traced = Traced { ir: self.slot(slot), now };
        if traced.ir.is_constant() || self.is_made_here(traced.ir) || has_many_closures(at.proto()) {
            return self.unbox(traced);
        }
        let known = self.specialise(traced)?;
        self.slots.refine(slot, known.ir);
        Ok(known)
    }
}

/// Whether so many closures of a prototype were made that the next call is likely to be of another one.
fn has_many_closures(proto: Gc<Proto>) -> bool {
    proto.flags.get() >= proto_flags::MANY_CLOSURES
}

/// Where a trace left because of a guard on this closure, perhaps: whether the next one will do with any other closure of the same prototype.
pub fn doubt_closure(function: Gc<Function>) -> bool {
    let flags = &Gc::from_ptr(function.proto).flags;
    let has_others = flags.get() >= 2 * proto_flags::CLOSURE;
    if has_others {
        flags.set(flags.get() | proto_flags::MANY_CLOSURES);
    }
    has_others
}

/// `FUNC`: the arguments become parameters.
pub fn enter_function(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (registers, params) = (at.ins.a() as i32, at.ins.d());
    if let Some(flow) = meet_entry(r, at)? {
        return Ok(flow);
    }
    fill_parameters(r, r.base, at.count, params);
    r.need_stack(r.base + registers)?;
    r.slots.kill_from(r.base + params as i32);
    if closes_recursion(r, at) {
        r.effect = true;
        let after = at.pc.next();
        r.snapshot(after, at);
        return Ok(Flow::Stop(Link::Loop));
    }
    Ok(Flow::Next)
}

/// Parameters without an argument are nil.
pub fn fill_parameters(r: &mut Recorder, base: i32, count: usize, params: usize) {
    let nil = r.value(Value::NIL);
    (count..params).for_each(|i| r.slots.write(base + i as i32, nil.ir));
}

/// A function's entry is reached that may be compiled, or may be recursion.
fn meet_entry(r: &mut Recorder, at: &mut At<'_>) -> Rec<Option<Flow>> {
    if at.pc == r.beginning.pc {
        return Ok(None);
    }
    let too_deep = inlined_times(r, at) > r.limits.callunroll;
    if at.pc.ins().op() == Bc::FUNCJ {
        let trace = at.pc.ins().d() as u32;
        let loops = at.known.traces.get(trace).map(|t| t.loops());
        // A trace that only returns is better inlined, unless this is a recursion: then it is where to go on. A loop's trace must come back.
        if loops.is_some_and(|loops| loops || too_deep && r.beginning.kind != Kind::Loop) {
            let proto = at.proto();
            fill_parameters(r, r.base, at.count, proto.params.into());
            r.need_stack(r.base + i32::from(proto.registers))?;
            r.slots.kill_from(r.base + i32::from(proto.params));
            let after = at.pc.next();
            r.effect = true;
            r.snapshot(after, at);
            return Ok(Some(Flow::Stop(Link::Trace(trace))));
        }
    }
    if too_deep { Err(Reason::CallUnroll.into()) } else { Ok(None) }
}

/// Whether the function that a trace began in was entered so often that the trace loops.
fn closes_recursion(r: &Recorder, at: &At<'_>) -> bool {
    if r.beginning.kind != Kind::Function || at.pc != r.beginning.pc {
        return false;
    }
    let in_place = r.base == 0 && r.depth() == 0;
    in_place || inlined_times(r, at) + r.tail_calls >= r.limits.recunroll
}

/// How often the function that is entered is being inlined already.
fn inlined_times(r: &Recorder, at: &At<'_>) -> i32 {
    let proto = Some(at.proto());
    r.frames.iter().rev().skip(1).filter(|frame| frame.proto == proto).count() as i32
}
