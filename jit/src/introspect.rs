//! Traces as `jit.util` shows them: in numbers, of the form that LuaJIT's own traces have.
//!
//! ```text
//!   reference     1 ..     an instruction
//!                 -1       nil, which also stands for no operand
//!                 -2 ..    a constant
//!   slot          2 ..     a register of the frame that the trace starts in; 0 and 1 are its function and its link
//! ```
//!
//! What has no place there (a third operand, a slot of a frame below, a call's further arguments) is left out.

use crate::ir::helpers::HELPERS;
use crate::ir::memory::Field;
use crate::ir::ops::{OPS, Operand};
use crate::ir::{Const, Ins, IrRef, Op, Trace, Type};
use crate::trace::abort::Reason;
use crate::trace::tree::TraceInfo;
use moonwake_lang::stdlib::jit::TraceNames;
use moonwake_lang::value::Value;

/// Bit of an instruction's type: it can leave the trace.
const GUARD: i32 = 0x80;
/// Modes of operands: a reference, a number, nothing.
const REF: i32 = 0;
const LITERAL: i32 = 1;
const NOTHING: i32 = 3;
/// What is added to a reference in a snapshot's entry.
const REF_BIAS: i32 = 0x8000;
/// Bit of a snapshot's entry: the slot is a frame's link.
const FRAME: i32 = 1 << 16;
/// The entry behind the last.
const LAST_ENTRY: i32 = 255 << 24;

/// All names.
pub fn names() -> TraceNames {
    let abort = |reason: &Reason| match reason.is_about_something() {
        true => format!("{} %s", reason.text()),
        false => reason.text().to_owned(),
    };
    TraceNames {
        operations: OPS.iter().map(|row| row.name).collect(),
        fields: Field::ALL.iter().map(|field| field.text()).collect(),
        // Behind the helpers, any function of C.
        calls: HELPERS.iter().map(|row| row.name).chain(["C"]).collect(),
        aborts: Reason::ALL.iter().map(abort).collect(),
    }
}

/// LuaJIT's number for a type; a boxed value is taken for a userdata of the lightest kind.
fn type_number(ty: Type) -> i32 {
    match ty {
        Type::None | Type::Nil => 0,
        Type::False => 1,
        Type::True => 2,
        Type::Light | Type::Val => 3,
        Type::Str => 4,
        Type::Coro => 6,
        Type::Fun => 8,
        Type::Ptr | Type::Link => 9,
        Type::Cdata => 10,
        Type::Tab => 11,
        Type::Udata => 12,
        Type::Num => 14,
        Type::Int => 19,
        Type::I64 => 21,
        Type::U64 => 22,
    }
}

/// The number that stands for a reference.
fn reference(r: IrRef) -> i32 {
    match r {
        IrRef::NONE => -1,
        r if r.is_constant() => -2 - r.constant_index() as i32,
        r => r.index() as i32,
    }
}

/// A slot as LuaJIT counts them.
fn slot_number(slot: i32) -> i32 {
    slot + 2
}

/// An instruction's operands in order, each with its mode.
fn operands(trace: &Trace, ins: &Ins) -> Vec<(i32, i32)> {
    let (mut refs, mut lits) = (ins.refs.iter(), ins.lits.iter());
    let mut next_ref = || (REF, reference(refs.next().copied().unwrap_or(IrRef::NONE)));
    let mut next_lit = || lits.next().copied().unwrap_or(0);
    let argument = match ins.list.len {
        1 => reference(trace.lists[ins.list.start as usize]),
        _ => reference(IrRef::NONE),
    };
    match ins.op {
        Op::CALL => return vec![(REF, argument), (LITERAL, next_lit())],
        Op::CALLC => return vec![(REF, argument), (LITERAL, HELPERS.len() as i32)],
        _ => {}
    }
    let operand = |operand: &Operand| match operand {
        Operand::Ref => next_ref(),
        Operand::Slot => (LITERAL, slot_number(next_lit())),
        Operand::Lit | Operand::Mem | Operand::Field | Operand::Helper | Operand::Sig => (LITERAL, next_lit()),
        Operand::List => (REF, argument),
    };
    ins.op.info().operands.iter().map(operand).collect()
}

/// See [`moonwake_lang::stdlib::jit::JitHooks::instruction`].
pub fn instruction(trace: &Trace, index: u32) -> Option<[i32; 5]> {
    let ins = trace.ins.get(index as usize).filter(|_| index > 0)?;
    let shown = operands(trace, ins);
    let nothing = (NOTHING, 0);
    let (first, second) = (shown.first().unwrap_or(&nothing), shown.get(1).unwrap_or(&nothing));
    let guard = if ins.is_guard() { GUARD } else { 0 };
    let operation = (ins.op as i32) << 8 | guard | type_number(ins.ty);
    Some([first.0 | second.0 << 2, operation, first.1, second.1, ins.prev.index() as i32])
}

/// See [`moonwake_lang::stdlib::jit::JitHooks::constant`].
pub fn constant(trace: &Trace, index: i32) -> Option<(Value, u32)> {
    if index == -1 {
        return Some((Value::NIL, 0));
    }
    let constant = trace.constants.iter().nth(usize::try_from(-2 - index).ok()?)?;
    let value = match constant {
        Const::Link(bits) | Const::Ptr(bits) | Const::U64(bits) => Value::number(bits as f64),
        Const::I64(n) => Value::number(n as f64),
        Const::Primitive(_) | Const::Num(_) | Const::Int(_) | Const::Object(..) => constant.boxed()?,
    };
    Some((value, type_number(constant.ty()) as u32))
}

/// See [`moonwake_lang::stdlib::jit::JitHooks::snapshot`].
pub fn snapshot(info: &TraceInfo, exit: u32) -> Option<Vec<i32>> {
    let number = info.code.exits.get(exit as usize)?.snapshot;
    let snapshot = &info.trace.snapshots[number.index()];
    let mut entries = Vec::new();
    for entry in &snapshot.entries {
        let (slot, at) = (slot_number(entry.slot), reference(entry.value) + REF_BIAS);
        if (0..255).contains(&slot) && (0..2 * REF_BIAS).contains(&at) {
            let frame = if info.trace.ty(entry.value) == Type::Link { FRAME } else { 0 };
            entries.push(slot << 24 | frame | at);
        }
    }
    let slots = entries.last().map_or(0, |&last| (last as u32 >> 24) as i32 + 1).max(slot_number(snapshot.base));
    let mut words = vec![reference(snapshot.at), slots];
    words.extend(entries);
    words.push(LAST_ENTRY);
    Some(words)
}
