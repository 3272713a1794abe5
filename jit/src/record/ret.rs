//! Returns: the frames of inlined calls are left again, by the links that were put down when they were entered.
//!
//! ```text
//!   link         what the return does
//!   Lua          results go to where the call wanted them, on with the instruction after the call
//!   Vararg       leaves the second frame of a vararg function, and returns from the first
//!   Continuation completes the instruction that called a metamethod
//!   pcall        puts `true` in front, and returns from `pcall`'s own frame
//! ```
//!
//! A return from the trace's first frame has a link that is not known. A loop's trace ends there: it left its loop. A function's trace is
//! complete, and the interpreter returns. A side trace guards that the link is what it is now and goes on in the caller, so
//! that the returns of a recursion are compiled as well. A side trace that begins with a return, and comes to the same return further
//! down, loops to its start with the base moved down: the way back from a deep recursion.

use super::liveness::Registers;
use super::machine::{Pc, as_lua_function};
use super::recorder::{FrameInfo, Kind, Multiple};
use super::{At, Flow, Recorder};
use crate::ir::{Const, IrRef, Link as End, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::object::{Gc, Proto, proto_flags};
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame::{Link, LinkKind};

/// `RETURN` and its variants.
pub fn values(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let count = match at.op() {
        Bc::RETURN => at.ins.d() - 1,
        Bc::RETURNM => at.ins.d() + r.take_multiple()?,
        Bc::RETURN0 => 0,
        _ => 1,
    };
    let results = (0..count).map(|i| r.register(at, a + i).ir).collect();
    r.leave_from(at, r.base, results)
}

impl Recorder {
    /// Returns these results from the frame at `base`.
    pub fn leave_from(&mut self, at: &mut At<'_>, mut base: i32, mut results: Vec<IrRef>) -> Rec<Flow> {
        loop {
            let link = match self.link_of(base) {
                Some(link) => link,
                None => match self.first_link(at, base)? {
                    Ok(link) => link,
                    Err(flow) => return Ok(flow),
                },
            };
            if link.is_lua() {
                let call = Pc::new(link.pc()).offset(-1).ins();
                self.return_to(at, base - 2 - call.a() as i32, Pc::new(link.pc()), base - 2, call.b(), &results);
                return Ok(Flow::Next);
            }
            let below = base - link.distance() as i32;
            match link.kind() {
                LinkKind::Vararg => base = below,
                LinkKind::ProtectedCall | LinkKind::ProtectedCallWithHandler => {
                    let yes = self.value(Value::TRUE);
                    results.insert(0, yes.ir);
                    base = below;
                }
                LinkKind::Continuation => return self.finish_instruction(at, base, below, &results),
                LinkKind::Entry | LinkKind::CoroutineOrHandler => return Err(Reason::ReturnToNative.into()),
            }
        }
    }

    /// The link of the frame at `base`, if the trace knows it.
    pub fn link_of(&self, base: i32) -> Option<Link> {
        let constant = match self.slots.get(base - 1) {
            Some(known) => self.e.trace.constant(known),
            None => self.inherited_constant(base - 1),
        };
        match constant? {
            Const::Link(bits) => Some(Link(bits)),
            _ => None,
        }
    }

    /// The link of the current frame; guards that it is always this.
    pub fn guarded_link(&mut self, at: &At<'_>) -> Rec<Link> {
        if let Some(link) = self.link_of(self.base) {
            return Ok(link);
        }
        let link = Link(at.register(-1).0);
        self.guard_link(self.base - 1, link)?;
        Ok(link)
    }

    fn guard_link(&mut self, slot: i32, link: Link) -> Rec<()> {
        let loaded = self.load_slot(slot, Type::Link);
        let known = self.link(link);
        self.e.guard(Op::EQ, Type::None, &[loaded, known])?;
        self.slots.read(slot, known);
        Ok(())
    }

    /// The link of a frame that the trace has not made, guarded to be what it is now; or how the trace ends instead.
    fn first_link(&mut self, at: &mut At<'_>, base: i32) -> Rec<Result<Link, Flow>> {
        match self.beginning.kind {
            Kind::Loop => return Err(Reason::LeavesLoop.into()),
            Kind::Function => return Ok(Err(self.end_here(at))),
            Kind::Side { .. } => {}
        }
        let link = Link(at.register(self.register_of(base - 1)).0);
        let is_vararg = !link.is_lua() && link.kind() == LinkKind::Vararg;
        // A frame that was written to unseen is not one to go on in.
        if !link.is_lua() && !is_vararg || self.returned >= MAX_RETURNS || self.stores_below {
            return Ok(Err(self.end_here(at)));
        }
        if link.is_lua() {
            // (Where the number of results is not the instruction's, it may grow from level to level.)
            let is_start = at.pc == self.beginning.pc && self.taken.is_none();
            if self.returned > 0 && is_start && self.inherited.is_empty() {
                self.snapshot(at.pc, at);
                return Ok(Err(Flow::Stop(End::Loop)));
            }
            let caller = base - 2 - Pc::new(link.pc()).offset(-1).ins().a() as i32;
            if self.proto_at(at, caller).is_none_or(|p| p.flags.get() & proto_flags::NO_JIT != 0) {
                return Ok(Err(self.end_here(at)));
            }
            self.returned += 1;
            // What comes next must not leave for before the return, whose frame is gone then.
            self.effect = true;
        }
        self.guard_link(base - 1, link)?;
        Ok(Ok(link))
    }

    /// The prototype of the function whose frame is at `base`, below the current one.
    fn proto_at(&self, at: &At<'_>, base: i32) -> Option<Gc<Proto>> {
        let function = as_lua_function(at.register(self.register_of(base - 2)))?;
        Some(Gc::from_ptr(function.proto))
    }

    /// Gives results to the Lua frame at `caller`, whose call puts them from slot `to` on and wants so many less one, or all.
    fn return_to(&mut self, at: &At<'_>, caller: i32, pc: Pc, to: i32, wanted: usize, results: &[IrRef]) {
        let count = if wanted == 0 { results.len() } else { wanted - 1 };
        let nil = self.value(Value::NIL).ir;
        self.slots.kill_from(to);
        for i in 0..count {
            self.slots.write(to + i as i32, results.get(i).copied().unwrap_or(nil));
        }
        self.multiple = (wanted == 0).then_some(Multiple { first: to, count: count as u32 });
        self.pop_frames(at, caller);
        self.expected.pc = pc;
    }

    /// Goes back to the frame at `base`: one of the trace's, or one below them.
    pub fn pop_frames(&mut self, at: &At<'_>, base: i32) {
        while self.frames.last().is_some_and(|f| f.base > base) {
            self.frames.pop();
        }
        if self.frames.last().is_none_or(|f| f.base != base) {
            let proto = self.proto_at(at, base);
            self.frames.push(FrameInfo { base, proto, places: 2, live: Registers::ALL });
            if let Some(proto) = proto.filter(|p| !self.protos.contains(p)) {
                self.protos.push(proto);
            }
        }
        self.base = base;
    }

    /// Ends the trace before the current instruction, which the interpreter runs. The instruction has changed no slot yet.
    pub fn end_here(&mut self, at: &mut At<'_>) -> Flow {
        self.multiple = self.taken.or(self.multiple);
        self.snapshot(at.pc, at);
        Flow::Stop(End::Interpreter)
    }
}

/// Frames below the first one that a side trace returns to.
const MAX_RETURNS: u32 = 8;
