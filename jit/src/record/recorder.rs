//! The recorder's state, and the few things that everything else in this folder is made of: reading and writing slots, type guards,
//! and snapshots.
//!
//! A [`Traced`] value is the heart of it: what the trace knows of a value (its IR reference) beside what it is right now. Recording an
//! operation means doing it on the left side while looking at the right one.

use super::liveness::{Analyses, Registers};
use super::machine::{At, Pc};
use super::slots::Slots;
use crate::ir::{Const, Field, Helper, Ins, IrRef, Op, Origin, Start, Trace, Type};
use crate::opt::{Emitter, Passes};
use crate::options::Limits;
use crate::snapshot::{Entry, Snapshot};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::object::{Coroutine, Function, Gc, Proto};
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame::Link;

/// A value as the trace has it, and as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    /// What it is in the trace.
    pub ir: IrRef,
    /// What it is at this moment of the recording.
    pub now: Value,
}

/// A frame that the trace knows: its own first one, and those of inlined calls.
#[derive(Clone, Copy, Debug)]
pub struct FrameInfo {
    /// Base of its registers.
    pub base: i32,
    /// Its function, if it is a Lua function.
    pub proto: Option<Gc<Proto>>,
    /// Places below the base that belong to it: function and link, and of a metamethod's frame what is needed to go on.
    pub places: i32,
    /// While another frame runs above: the registers that are live when that one has returned.
    pub live: Registers,
}

/// Where recording goes on, for the check that the interpreter does what was foreseen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The instruction.
    pub pc: Pc,
    /// The frame's base.
    pub base: i32,
    /// Native functions whose entry is shown before.
    pub natives: u32,
}

/// What is known of a slot of a side trace from its parent.
#[derive(Clone, Copy, Debug)]
pub struct Inherited {
    /// The slot, counted from the side trace's base.
    pub slot: i32,
    /// What it holds.
    pub what: Heritage,
}

/// What a parent knows of a slot.
#[derive(Clone, Copy, Debug)]
pub enum Heritage {
    /// This constant.
    Constant(Const),
    /// A value of this type.
    Type(Type),
}

/// Multiple results that wait for the next instruction that takes them.
#[derive(Clone, Copy, Debug)]
pub struct Multiple {
    /// Slot of the first.
    pub first: i32,
    /// Their number.
    pub count: u32,
}

/// Where a recording began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beginning {
    /// The instruction that is patched when the trace is done, or at which a side trace begins.
    pub pc: Pc,
    /// What kind of trace it will be.
    pub kind: Kind,
}

/// What kind of trace is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A loop's.
    Loop,
    /// A function's, from its entry.
    Function,
    /// One that goes on at another trace's exit.
    Side {
        /// That trace.
        parent: u32,
        /// Its exit.
        exit: u32,
        /// The root of their tree.
        root: u32,
    },
}

/// A recording under way.
pub struct Recorder {
    /// The trace that is written.
    pub e: Emitter,
    /// Where it began.
    pub beginning: Beginning,
    /// Limits and unrolling.
    pub limits: Limits,
    /// The stack as the trace has it.
    pub slots: Slots,
    /// The frames of the trace, innermost last.
    pub frames: Vec<FrameInfo>,
    /// Base of the innermost frame.
    pub base: i32,
    /// Times that the trace returned to a frame below its first one.
    pub returned: u32,
    /// Tail calls so far.
    pub tail_calls: i32,
    /// Multiple results that wait.
    pub multiple: Option<Multiple>,
    /// Those that the current instruction has taken.
    pub taken: Option<Multiple>,
    /// What happens next.
    pub expected: Expected,
    /// Something with a lasting effect was emitted since the last snapshot.
    pub effect: bool,
    /// First slot above the frame that the last snapshot goes on in. Until the next one its registers must stay, though the trace may
    /// have returned from that frame.
    pub snapshot_top: i32,
    /// A C function was called since: the next instruction makes sure that it did not run Lua.
    pub native_called: bool,
    /// Where calls of C functions are counted, if they are.
    pub native_counter: Option<u64>,
    /// What a side trace knows from its parent.
    pub inherited: Vec<Inherited>,
    /// The lowest base of the frames that the trace or its ancestors made.
    pub lowest: i32,
    /// The trace has been peeled, and what nobody needs removed.
    pub optimised: bool,
    /// The loop that begins here was found not to close yet: its next instruction only takes another turn.
    pub takes_turn: bool,
    /// What is to be done with the results of a native function once they are there.
    pub pending: Option<super::natives::Pending>,
    /// The trace stored into a variable that lies on the stack below the frames it knows.
    pub stores_below: bool,
    /// Traces failed here before at what the first of them took for granted: what is likely to be something else another time gets a
    /// snapshot of its own, so that the next trace begins there and does not do again all that comes before.
    pub precise: bool,
    /// Tables that got one.
    pub doubted: Vec<IrRef>,
    /// The trace begins where many others of its tree were tried before: its first instruction sees many shapes.
    pub polymorphic: bool,
    /// Tables whose shape is not looked at: it would be another one next time.
    pub generic: Vec<IrRef>,
    /// Inner loops that may still be unrolled.
    pub loops_left: i32,
    /// Further turns that may be recorded when the first cannot be closed.
    pub turns_left: i32,
    /// Prototypes that the trace refers to by address.
    pub protos: Vec<Gc<Proto>>,
    /// The instructions that were recorded, with their inlining depth, for dumps.
    pub bytecode: Vec<(Pc, u32)>,
    /// The function that the last of them belongs to.
    pub function: Gc<Function>,
    /// Scripts are told of it as it goes on, and may change under its feet what it knows.
    pub watched: bool,
    coroutine: Gc<Coroutine>,
    /// Depth of slot 0 on the coroutine's stack.
    bottom: i32,
}

impl Recorder {
    /// A recording of trace `number` that begins in the frame that `at` looks at.
    pub fn new(
        number: u32,
        start: Start,
        beginning: Beginning,
        at: &At<'_>,
        passes: Passes,
        limits: Limits,
    ) -> Recorder {
        let proto = Some(at.proto());
        Recorder {
            e: Emitter::new(Trace::new(number, start), passes),
            beginning,
            loops_left: limits.loopunroll,
            turns_left: limits.instunroll,
            limits,
            slots: Slots::default(),
            frames: vec![FrameInfo { base: 0, proto, places: 2, live: Registers::ALL }],
            base: 0,
            returned: 0,
            tail_calls: 0,
            multiple: None,
            taken: None,
            expected: Expected { pc: at.pc, base: 0, natives: 0 },
            // The first snapshot is taken before anything else.
            effect: true,
            snapshot_top: 0,
            native_called: false,
            native_counter: None,
            inherited: Vec::new(),
            lowest: 0,
            takes_turn: false,
            stores_below: false,
            precise: false,
            doubted: Vec::new(),
            polymorphic: false,
            generic: Vec::new(),
            optimised: false,
            pending: None,
            protos: vec![at.proto()],
            bytecode: Vec::new(),
            function: at.function(),
            watched: false,
            coroutine: at.vm.current,
            bottom: at.depth(),
        }
    }

    /// Whether the machine stands where it was foreseen.
    pub fn is_expected(&self, at: &At<'_>) -> bool {
        at.vm.current == self.coroutine && at.depth() - self.bottom == self.expected.base && at.pc == self.expected.pc
    }

    /// Whether the machine runs the coroutine that the recording began in.
    pub fn is_same_coroutine(&self, at: &At<'_>) -> bool {
        at.vm.current == self.coroutine
    }

    /// The register of the current instruction's frame that a slot is.
    pub fn register_of(&self, slot: i32) -> i32 {
        slot - self.base
    }

    /// The slot that a stack address is, if it is one of the recording's coroutine.
    pub fn slot_at(&self, address: *mut Value) -> Option<i32> {
        let (stack, size) = (self.coroutine.stack.get() as usize, self.coroutine.stack_size.get() as usize);
        let offset = (address as usize).checked_sub(stack)? / size_of::<Value>();
        (offset < size).then(|| offset as i32 - self.bottom)
    }

    /// Number of inlined calls around the current instruction.
    pub fn depth(&self) -> usize {
        self.frames.len() - 1
    }

    /// The frame of the current instruction.
    pub fn frame(&self) -> &FrameInfo {
        self.frames.last().expect("a recording has at least one frame")
    }

    /// First slot above all that the current frame uses.
    pub fn top(&self) -> i32 {
        let registers = self.frame().proto.map_or(0, |proto| i32::from(proto.registers));
        let top = self.base + registers;
        self.multiple.map_or(top, |m| top.max(m.first + m.count as i32))
    }

    /// Whether the trace is a root trace.
    pub fn is_root(&self) -> bool {
        !matches!(self.beginning.kind, Kind::Side { .. })
    }

    /// Says from which instruction the next IR comes.
    pub fn set_origin(&mut self, pc: Pc) {
        self.e.origin = Origin { pc: pc.bits(), depth: self.depth() as u32 };
    }

    // ------------------------------------------------------------------------------------------ constants

    /// A constant value.
    pub fn value(&mut self, value: Value) -> Traced {
        Traced { ir: self.e.constant(Const::value(value)), now: value }
    }

    /// The link word of a frame.
    pub fn link(&mut self, link: Link) -> IrRef {
        self.e.constant(Const::Link(link.0))
    }

    /// An address.
    pub fn pointer<T>(&mut self, pointer: *const T) -> IrRef {
        self.e.constant(Const::Ptr(pointer as u64))
    }

    // ------------------------------------------------------------------------------------------ slots

    /// What a slot holds.
    pub fn slot(&mut self, slot: i32) -> IrRef {
        if let Some(value) = self.slots.get(slot) {
            return value;
        }
        let heritage = self.inherited.iter().find(|i| i.slot == slot).map(|i| i.what);
        let value = match heritage {
            Some(Heritage::Constant(constant)) => self.e.constant(constant),
            Some(Heritage::Type(ty)) => self.load_slot(slot, ty),
            None => self.load_slot(slot, Type::Val),
        };
        self.slots.read(slot, value);
        value
    }

    /// What a slot holds, if the trace's parent knew it for a constant.
    pub fn inherited_constant(&self, slot: i32) -> Option<Const> {
        self.inherited.iter().find(|i| i.slot == slot).and_then(|i| match i.what {
            Heritage::Constant(constant) => Some(constant),
            Heritage::Type(_) => None,
        })
    }

    /// Loads a slot that holds this type on entry.
    pub fn load_slot(&mut self, slot: i32, ty: Type) -> IrRef {
        debug_assert!(!self.slots.is_dead(slot), "slot {slot} is read though nothing is in it");
        self.e.op_with(Op::SLOAD, ty, &[], &[slot])
    }

    /// A register.
    pub fn register(&mut self, at: &At<'_>, register: usize) -> Traced {
        let slot = self.base + register as i32;
        Traced { ir: self.slot(slot), now: at.register(register as i32) }
    }

    /// A register, unboxed as what it is.
    pub fn typed_register(&mut self, at: &At<'_>, register: usize) -> Rec<Traced> {
        let value = self.register(at, register);
        let typed = self.unbox(value)?;
        if typed.ir != value.ir {
            self.slots.refine(self.base + register as i32, typed.ir);
        }
        Ok(typed)
    }

    /// Writes a register.
    pub fn set(&mut self, register: usize, value: IrRef) {
        self.slots.write(self.base + register as i32, value);
    }

    // ------------------------------------------------------------------------------------------ types

    /// The type of a value in the trace.
    pub fn ty(&self, ir: IrRef) -> Type {
        self.e.trace.ty(ir)
    }

    /// A value unboxed as what it is now; guards that it always is.
    pub fn unbox(&mut self, value: Traced) -> Rec<Traced> {
        let ty = self.ty(value.ir);
        if ty != Type::Val {
            return if self.watched && !may_be(ty, value.now) { Err(Reason::Unforeseen.into()) } else { Ok(value) };
        }
        let ir = self.e.guard(Op::UNBOX, Type::of_value(value.now), &[value.ir])?;
        Ok(Traced { ir, ..value })
    }

    /// A number as a `num`. The value is one now.
    pub fn num(&mut self, value: Traced) -> Rec<IrRef> {
        debug_assert!(value.now.is_number());
        let ir = self.unbox(value)?.ir;
        Ok(if self.ty(ir) == Type::Int { self.e.op(Op::TONUM, Type::Num, &[ir]) } else { ir })
    }

    /// A number as an `int`, if it is one now; guards that it always is.
    pub fn int(&mut self, value: Traced) -> Rec<Option<IrRef>> {
        if whole(value.now).is_none() {
            return Ok(None);
        }
        let ir = self.unbox(value)?.ir;
        Ok(Some(if self.ty(ir) == Type::Int { ir } else { self.e.guard(Op::TOINT, Type::Int, &[ir])? }))
    }

    /// Guards that a value is this constant, and gives the constant. It is one now.
    pub fn specialise(&mut self, value: Traced) -> Rec<Traced> {
        if value.ir.is_constant() {
            return Ok(value);
        }
        let typed = self.unbox(value)?;
        let constant = self.value(value.now);
        if !self.ty(typed.ir).is_primitive() {
            let constant =
                if self.ty(typed.ir) == Type::Int { self.int(constant)?.unwrap_or(constant.ir) } else { constant.ir };
            self.e.guard(Op::EQ, Type::None, &[typed.ir, constant])?;
        }
        Ok(constant)
    }

    // ------------------------------------------------------------------------------------------ emitting

    /// Emits a field's load.
    pub fn field(&mut self, object: IrRef, field: Field) -> IrRef {
        self.e.op_with(Op::FLOAD, field.ty(), &[object], &[field as i32])
    }

    /// Emits a guard with a literal operand.
    pub fn guard_with(&mut self, op: Op, refs: &[IrRef], lits: &[i32]) -> Rec<()> {
        self.e.emit(Ins::new(op, Type::None, refs).with_lits(lits))?;
        Ok(())
    }

    /// Emits the call of a runtime helper.
    pub fn call(&mut self, helper: Helper, arguments: &[IrRef]) -> Rec<IrRef> {
        let info = helper.info();
        let list = self.e.list(arguments);
        let mut ins = Ins::new(Op::CALL, info.result, &[]).with_lits(&[helper as i32]);
        ins.list = list;
        let result = self.e.emit(ins)?;
        if info.writes != crate::ir::Classes::NONE {
            self.effect = true;
        }
        Ok(result)
    }

    /// Emits a store, or anything else with a lasting effect.
    pub fn store(&mut self, op: Op, refs: &[IrRef], lits: &[i32]) {
        self.e.op_with(op, Type::None, refs, lits);
        self.effect = true;
    }

    /// The barrier after a store of `value` into `owner`.
    pub fn barrier(&mut self, owner: IrRef, value: IrRef) {
        let ty = self.ty(value);
        if ty.is_object() || ty == Type::Val {
            self.e.op(Op::BARRIER, Type::None, &[owner]);
        }
    }

    // ------------------------------------------------------------------------------------------ snapshots

    /// Takes a snapshot for going on at `pc` in the current frame.
    pub fn snapshot(&mut self, pc: Pc, at: &mut At<'_>) {
        self.effect = false;
        self.snapshot_top = self.top();
        let entries = self.entries(pc, at.known.live);
        let results = self.multiple.map(|m| m.count);
        // A snapshot that no guard needed can be forgotten.
        if let Some(last) = self.e.trace.snapshots.last() {
            let since = last.at.index();
            if !self.e.trace.ins[since.min(self.e.trace.ins.len())..].iter().any(Ins::is_guard) {
                self.e.trace.snapshots.pop();
            }
        }
        let next = self.e.trace.next_ref();
        let live = self.frame().proto.map_or(Registers::ALL, |proto| at.known.live.before(proto, pc));
        let done = self.bytecode.len().saturating_sub(1) as u32;
        self.e.snapshot(Snapshot { pc: pc.bits(), base: self.base, results, at: next, entries, done, live });
    }

    fn entries(&self, pc: Pc, live: &mut Analyses) -> Vec<Entry> {
        let top = self.frame();
        let running = match top.proto {
            Some(proto) => live.before(proto, pc),
            None => Registers::ALL,
        };
        let mut frames = self.frames.iter().peekable();
        let mut frame: Option<&FrameInfo> = None;
        let mut entries = Vec::new();
        for (slot, value) in self.slots.changed() {
            // The places of function and link, and of what a continuation keeps, belong to the frame above them.
            while let Some(next) = frames.next_if(|f| f.base <= slot) {
                frame = Some(next);
            }
            let below_next = frames.peek().is_some_and(|f| slot >= f.base - f.places);
            let is_live = match frame {
                _ if below_next => true,
                None => true,
                Some(f) if std::ptr::eq(f, top) => {
                    running.contains(slot - f.base) || self.multiple.is_some_and(|m| m.contains(slot))
                }
                Some(f) => f.live.contains(slot - f.base),
            };
            if is_live {
                entries.push(Entry { slot, value });
            }
        }
        entries
    }

    /// Guards the outcome of a comparison that jumps. When it fails the trace leaves for the way not taken, at `other`, so that a side trace
    /// need not compare again.
    pub fn guard_branch(&mut self, op: Op, a: IrRef, b: IrRef, other: Pc, at: &mut At<'_>) -> Rec<()> {
        self.snapshot(other, at);
        self.e.guard(op, Type::None, &[a, b])?;
        // What follows must not leave for that place.
        self.effect = true;
        Ok(())
    }

    /// Before the current instruction looks at what a value is in a way that often comes out differently: where that is known to happen, the
    /// trace will leave for this very instruction. It has changed no slot yet.
    pub fn doubt(&mut self, value: IrRef, at: &mut At<'_>) {
        if self.precise && value.is_instruction() && !self.doubted.contains(&value) {
            self.doubted.push(value);
            self.snapshot(at.pc, at);
        }
    }

    /// Guards that the stack has room up to this slot, for what is going to be pushed. One guard asks for all that the trace needs: where it
    /// fails, the machine makes the stack larger.
    pub fn need_stack(&mut self, slot: i32) -> Rec<()> {
        if slot > MAX_SLOTS {
            return Err(Reason::TraceTooDeep.into());
        }
        let before = self.e.chain(Op::STACK).next();
        match before {
            Some(guard) => {
                let asked = &mut self.e.trace.ins[guard.index()].lits[0];
                *asked = slot.max(*asked);
                Ok(())
            }
            None => self.guard_with(Op::STACK, &[], &[slot]),
        }
    }
}

impl Multiple {
    fn contains(&self, slot: i32) -> bool {
        (self.first..self.first + self.count as i32).contains(&slot)
    }
}

/// Slots that a trace may span.
const MAX_SLOTS: i32 = 1000;

/// Whether a value may be what the trace takes it for, as far as its type goes. C's numbers are in no Lua value.
fn may_be(ty: Type, now: Value) -> bool {
    match ty {
        Type::Num | Type::Int => now.is_number(),
        ty => !ty.is_lua() || Type::of_value(now) == ty,
    }
}

/// The whole number of 32 bits that a value is. -0 is none.
pub fn whole(value: Value) -> Option<i32> {
    let n = value.to_number()?;
    let i = n as i32;
    (f64::from(i).to_bits() == n.to_bits()).then_some(i)
}
