//! The machine as the recorder sees it: the instruction that is about to run, and the values that it will find.
//!
//! A recording specialises on what actually happens, so the recorder looks at registers, constants and tables before each
//! instruction does. All raw pointers are followed here; the rest of the recorder is safe code.
//!
//! **Invariant:** an [`At`] lives only while one instruction is recorded. Nothing runs meanwhile, so no stack moves and nothing is
//! collected.

#![allow(unsafe_code)]

use super::liveness::Analyses;
use crate::trace::penalty::Penalties;
use crate::trace::tree::Traces;
use moonwake_lang::bytecode::{Ins, Op, UpvalueSource};
use moonwake_lang::object::{Cdata, Function, Gc, Proto, Table, Upvalue, Values};
use moonwake_lang::value::{Tag, Value};
use moonwake_lang::vm::Vm;

/// The address of a bytecode instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pc(usize);

impl Pc {
    /// The instruction at this address, which must be one of a loaded prototype for as long as it is read.
    pub fn new(pc: *const u32) -> Pc {
        Pc(pc as usize)
    }

    /// The instruction at this position of a prototype's code.
    pub fn of(proto: Gc<Proto>, position: usize) -> Pc {
        assert!(position < proto.code_len as usize);
        Pc(proto.code as usize + 4 * position)
    }

    /// The address as the trace IR has it.
    pub fn bits(self) -> u64 {
        self.0 as u64
    }

    /// The address whose bits these are.
    pub fn from_bits(bits: u64) -> Pc {
        Pc(bits as usize)
    }

    /// The address as a pointer.
    pub fn pointer(self) -> *const u32 {
        self.0 as *const u32
    }

    /// The place so many words further.
    pub fn offset(self, words: i64) -> Pc {
        Pc(self.0.wrapping_add_signed(4 * words as isize))
    }

    /// The word so many words further.
    pub fn word(self, index: usize) -> u32 {
        // SAFETY: a `Pc` is an instruction of a loaded prototype, and its data words follow it.
        unsafe { *self.pointer().add(index) }
    }

    /// The instruction.
    pub fn ins(self) -> Ins {
        Ins(self.word(0))
    }

    /// The operation, compiled and blacklisted loops taken for what they were.
    pub fn op(self) -> Op {
        self.ins().op().uncompiled()
    }

    /// The instruction that follows this one in the code.
    pub fn next(self) -> Pc {
        self.offset(self.ins().op().words() as i64)
    }

    /// Where the instruction jumps to.
    pub fn target(self) -> Pc {
        self.offset(2 + i64::from(self.word(1) as i32))
    }

    /// Overwrites the instruction's first word.
    pub fn patch(self, ins: Ins) {
        // SAFETY: code is written by the thread that runs it, between two instructions; a word has no invalid state.
        unsafe { *self.pointer().cast_mut() = ins.0 }
    }
}

impl std::fmt::Debug for Pc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// What the JIT knows, as far as it matters to a recording.
pub struct Known<'m> {
    /// The traces there are.
    pub traces: &'m Traces,
    /// Where recordings were aborted.
    pub penalties: &'m Penalties,
    /// Which registers are live where.
    pub live: &'m mut Analyses,
}

/// The machine at the instruction that is recorded.
pub struct At<'m> {
    /// The machine.
    pub vm: &'m mut Vm,
    /// What the JIT knows.
    pub known: Known<'m>,
    /// The instruction.
    pub pc: Pc,
    /// Its first word; of a compiled function entry or loop that of the plain one.
    pub ins: Ins,
    /// At a function's entry, the number of arguments.
    pub count: usize,
    base: *mut Value,
}

impl<'m> At<'m> {
    /// The instruction at `pc` in the frame at `base`.
    pub fn new(vm: &'m mut Vm, known: Known<'m>, base: *mut Value, pc: *const u32, count: usize) -> At<'m> {
        let pc = Pc::new(pc);
        let mut at = At { vm, known, pc, ins: pc.ins(), count, base };
        if at.ins.op() == Op::FUNCJ {
            at.ins = Ins::ad(Op::FUNC, at.ins.a() as u8, u16::from(at.proto().params));
        }
        at.ins = at.ins.with_op(pc.op());
        at
    }

    /// The operation.
    pub fn op(&self) -> Op {
        self.ins.op()
    }

    /// Distance of the frame's base from the bottom of the stack, in slots.
    pub fn depth(&self) -> i32 {
        ((self.base as usize - self.vm.current.stack.get() as usize) / size_of::<Value>()) as i32
    }

    /// A register of the frame, or what lies below it if the number is negative.
    pub fn register(&self, number: i32) -> Value {
        // SAFETY: the instruction was verified to name registers of the frame only; below a base lie function and link, and below
        // those the frames of callers.
        unsafe { *self.base.offset(number as isize) }
    }

    /// The stack address of a register.
    pub fn address(&self, number: i32) -> *mut Value {
        self.base.wrapping_offset(number as isize)
    }

    /// The function that runs.
    pub fn function(&self) -> Gc<Function> {
        Gc::from_address(self.register(-2).address())
    }

    /// The prototype of the function that runs.
    pub fn proto(&self) -> Gc<Proto> {
        Gc::from_ptr(self.function().proto)
    }

    /// A constant of the function that runs.
    pub fn constant(&self, index: usize) -> Value {
        let proto = self.proto();
        debug_assert!(index < proto.constants_len as usize);
        // SAFETY: the instruction was verified to name one of the function's constants.
        unsafe { *proto.constants.add(index) }
    }

    /// A child prototype of the function that runs.
    pub fn child(&self, index: usize) -> Gc<Proto> {
        child(self.proto(), index)
    }

    /// Of a `FORPREP`, the loop's own instruction: the `FORLOOP` that jumps to what follows here.
    pub fn loop_instruction(&self) -> Option<Pc> {
        let (proto, body) = (self.proto(), self.pc.next());
        let mut found = None;
        proto.source().for_each_instruction(|position, ins| {
            if ins.op() == Op::FORLOOP && found.is_none() {
                let pc = Pc::of(proto, position);
                found = Some(pc).filter(|pc| pc.target() == body);
            }
        });
        found
    }

    /// A data word of the instruction, counted from 0.
    pub fn word(&self, index: usize) -> u32 {
        self.pc.word(1 + index)
    }
}

/// A child prototype.
pub fn child(proto: Gc<Proto>, index: usize) -> Gc<Proto> {
    assert!(index < proto.children_len as usize);
    // SAFETY: the index is below the number of children.
    unsafe { *proto.children.add(index) }
}

/// What an upvalue's variable holds now.
pub fn variable(upvalue: Gc<Upvalue>) -> Value {
    // SAFETY: an upvalue leads to a place in itself, or in a stack, that holds its variable.
    unsafe { *upvalue.value.get() }
}

/// An upvalue of a native function.
pub fn native_upvalue(function: Gc<Function>, index: usize) -> Value {
    assert!(function.is_native() && index < function.upvalue_count());
    // SAFETY: a native function has this many upvalues.
    unsafe { *function.native_upvalue(index) }
}

/// The entry instruction of a function.
pub fn entry(function: Gc<Function>) -> Pc {
    Pc::new(function.pc.get())
}

/// The registers of the enclosing function that a prototype's closures capture.
pub fn captured_registers(proto: Gc<Proto>) -> impl Iterator<Item = u8> {
    proto.source().upvalues.iter().filter_map(|source| match *source {
        UpvalueSource::ParentLocal(register) => Some(register),
        UpvalueSource::ParentUpvalue(_) => None,
    })
}

/// Whether the function whose code holds `pc` is `proto`.
pub fn contains(proto: Gc<Proto>, pc: Pc) -> bool {
    let start = proto.code as usize;
    (start..start + 4 * proto.code_len as usize).contains(&(pc.bits() as usize))
}

/// The number of values that a table's slots have room for.
pub fn slot_capacity(t: Gc<Table>) -> u32 {
    let first = t.slots.get();
    if first.is_null() { 0 } else { Gc::<Values>::from_first(first).header.size.get() }
}

/// Whether a value is a Lua function, one whose code is bytecode.
pub fn as_lua_function(value: Value) -> Option<Gc<Function>> {
    debug_assert!(!value.is(Tag::Function) || value.address() != 0);
    value.as_function().filter(|f| !f.is_native())
}

/// Distance of a cdata's payload from its start, in bytes.
pub fn payload_offset(cdata: Gc<Cdata>) -> i32 {
    (cdata.payload() as usize - cdata.address()) as i32
}

/// The 8 bytes that stand at an address of C memory now.
pub fn word_now(address: u64) -> u64 {
    bytes_now(address, 8)
}

/// Up to 8 bytes that stand at an address of C memory now, the first one lowest.
pub fn bytes_now(address: u64, count: usize) -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the address comes from a cdata that the script is about to read through, by the same plan: it is as valid as the
    // script makes it, as in C.
    unsafe { std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), count.min(8)) };
    u64::from_le_bytes(bytes)
}
