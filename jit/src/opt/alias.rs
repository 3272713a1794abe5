//! Alias analysis: whether two accesses of memory can meet.
//!
//! Accesses of different [`Class`]es never do, so this is only asked within one. What tells accesses apart:
//!
//! - **Places.** Different slots, different constant indexes, `i` and `i + 1`, ranges of bytes that do not overlap.
//! - **Objects.** Two constants; an object made in this trace and anything that existed before (a constant, a value on the
//!   stack at entry, a value loaded before it was made); two that were made here; tables that were guarded to different shapes.
//! - **Types**, in C memory: as in C, a store through a pointer to an integer changes no `double`. Through the *same* pointer it may: unions.
//!
//! In a loop body these facts are used about values of this turn and of the turn before. They hold there because every fact about
//! the preamble's instructions holds, turn by turn, for those that take their place (see [`super::peel`]).

use super::emit::Emitter;
use crate::ir::{Class, Effect, Field, Ins, IrRef, MemType, Op, Trace, Type};

/// Whether two accesses meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alias {
    /// Never.
    No,
    /// Perhaps, or in part.
    May,
    /// They are the same bytes.
    Must,
}

impl Alias {
    /// Two accesses at known places of objects that relate like this.
    fn at(self, same_place: bool) -> Alias {
        if same_place { self } else { Alias::No }
    }
}

/// The class of memory that an instruction reads.
pub fn class_read(ins: &Ins) -> Option<Class> {
    match ins.op.info().effect {
        Effect::Load(class) => Some(class),
        Effect::LoadField => Some(ins.field().class()),
        _ => None,
    }
}

/// Whether an instruction may write memory of a class.
pub fn writes(ins: &Ins, class: Class) -> bool {
    match ins.op.info().effect {
        Effect::Store(own) => {
            own == class
                || ins.op == Op::NEWKEY && class == Class::Keyed
                || ins.op == Op::NEWITEM && class == Class::Array
        }
        Effect::Call => ins.helper().is_some_and(|h| h.info().writes.contains(class)),
        Effect::Native => class == Class::Memory,
        _ => false,
    }
}

/// Whether an instruction may read memory of a class.
pub fn reads(ins: &Ins, class: Class) -> bool {
    match ins.op.info().effect {
        Effect::Call => ins.helper().is_some_and(|h| h.info().reads.contains(class)),
        Effect::Native => class == Class::Memory,
        Effect::Alloc => ins.op == Op::TDUP,
        Effect::Store(_) => ins.op == Op::XCOPY && class == Class::Memory,
        _ => class_read(ins) == Some(class),
    }
}

/// How a write relates to a read or to another write of the same class.
pub fn accesses(e: &Emitter, write: &Ins, other: &Ins) -> Alias {
    match (write.op, other.op) {
        (Op::ASTORE, Op::ALOAD | Op::ASTORE) => array_items(e, write, other),
        (Op::KSTORE, Op::KLOAD | Op::KSTORE) => parents(e, write.a(), other.a()).at(write.lits[0] == other.lits[0]),
        (Op::USTORE, Op::ULOAD | Op::USTORE) => variables(write.a(), other.a()),
        (Op::XSTORE, Op::XLOAD | Op::XSTORE) => c_memory(&e.trace, write, other),
        (Op::NEWKEY, Op::SHAPE | Op::NEWKEY) => objects(e, write.a(), other.a()),
        (Op::NEWKEY, Op::FLOAD) => objects(e, write.a(), other.a()),
        (Op::RESHAPE, Op::SHAPE) => objects(e, write.a(), other.a()),
        // The slots stay where they are.
        (Op::RESHAPE, Op::FLOAD) => Alias::No,
        (Op::NEWITEM, Op::FLOAD) if other.field() == Field::TabArray && e.trace.has_room(write) => Alias::No,
        (Op::NEWITEM, Op::FLOAD) => objects(e, write.a(), other.a()),
        // It may move the items, but each keeps what it holds.
        (Op::NEWITEM, Op::ALOAD | Op::ASTORE) => match parent(&e.trace, other.a()) {
            Some(table) => match objects(e, write.a(), table) {
                Alias::Must if write.b() == other.b() => Alias::Must,
                Alias::Must | Alias::May
                    if write.b() != other.b() && write.b().is_constant() && other.b().is_constant() =>
                {
                    Alias::No
                }
                Alias::No => Alias::No,
                _ => Alias::May,
            },
            None => Alias::May,
        },
        // A NEWKEY may move the slots, but each keeps what it holds.
        (Op::NEWKEY, Op::KLOAD | Op::KSTORE) => match parent(&e.trace, other.a()) {
            Some(table) => objects(e, write.a(), table).at(write.lits[1] == other.lits[0]),
            None => Alias::May,
        },
        (Op::XCOPY, Op::XLOAD | Op::XSTORE) => copied(&e.trace, write, other),
        _ => Alias::May,
    }
}

/// When a value came to be: 0 before the trace, else the instruction that brought it.
fn birth(trace: &Trace, at: IrRef) -> u32 {
    match trace.ins(at) {
        None => 0,
        Some(ins) => match ins.op {
            Op::SLOAD => 0,
            Op::UNBOX | Op::BOX => birth(trace, ins.a()),
            _ => at.0,
        },
    }
}

/// The instruction that made an object, if this trace did.
fn maker(trace: &Trace, at: IrRef) -> Option<IrRef> {
    let ins = trace.ins(at)?;
    match ins.op {
        Op::UNBOX | Op::BOX => maker(trace, ins.a()),
        _ => (ins.op.is_allocation() || ins.op == Op::SCRATCH).then_some(at),
    }
}

/// Whether two references are one object.
pub fn objects(e: &Emitter, x: IrRef, y: IrRef) -> Alias {
    let trace = &e.trace;
    if x == y {
        return Alias::Must;
    }
    if x.is_constant() && y.is_constant() {
        return Alias::No;
    }
    match (maker(trace, x), maker(trace, y)) {
        (Some(a), Some(b)) => return if a == b { Alias::Must } else { Alias::No },
        (Some(a), None) if birth(trace, y) < a.0 => return Alias::No,
        (None, Some(b)) if birth(trace, x) < b.0 => return Alias::No,
        _ => {}
    }
    if trace.ty(x) == Type::Tab && trace.ty(y) == Type::Tab && differ_in_shape(e, x, y) {
        return Alias::No;
    }
    Alias::May
}

/// Whether two tables were guarded to different shapes, with no change of any shape since.
fn differ_in_shape(e: &Emitter, x: IrRef, y: IrRef) -> bool {
    let last_change = e.writers(Class::Shape).next().unwrap_or(IrRef::NONE);
    let shape = |table: IrRef| {
        let guards = e.chain(Op::SHAPE).take_while(|&at| at > last_change);
        guards.map(|at| &e.trace.ins[at.index()]).find(|i| i.op == Op::SHAPE && i.a() == table).map(|i| i.lits[0])
    };
    matches!((shape(x), shape(y)), (Some(a), Some(b)) if a != b)
}

/// The object whose field a pointer to slots or to an array is.
fn parent(trace: &Trace, pointer: IrRef) -> Option<IrRef> {
    trace.ins_of(pointer, Op::FLOAD).map(|ins| ins.a())
}

/// Whether two pointers to slots, or to arrays, lead to the same values.
///
/// Those of one table do even if they differ, one loaded before the values were moved and one after: what moves them keeps
/// them, or is a write of their class that a search meets first.
fn parents(e: &Emitter, x: IrRef, y: IrRef) -> Alias {
    if x == y {
        return Alias::Must;
    }
    match (parent(&e.trace, x), parent(&e.trace, y)) {
        (Some(a), Some(b)) => objects(e, a, b),
        _ => Alias::May,
    }
}

/// An index as `base + k`.
fn index(trace: &Trace, at: IrRef) -> (IrRef, i64) {
    if let Some(k) = trace.int_constant(at) {
        return (IrRef::NONE, k);
    }
    match trace.ins(at) {
        Some(ins) if matches!(ins.op, Op::ADD | Op::ADDOV) => match trace.int_constant(ins.b()) {
            Some(k) => (ins.a(), k),
            None => (at, 0),
        },
        _ => (at, 0),
    }
}

fn array_items(e: &Emitter, write: &Ins, other: &Ins) -> Alias {
    let arrays = parents(e, write.a(), other.a());
    let ((base, k), (other_base, other_k)) = (index(&e.trace, write.b()), index(&e.trace, other.b()));
    match base == other_base {
        true => arrays.at(k == other_k),
        false if arrays == Alias::No => Alias::No,
        false => Alias::May,
    }
}

fn variables(x: IrRef, y: IrRef) -> Alias {
    match x == y {
        true => Alias::Must,
        false if x.is_constant() && y.is_constant() => Alias::No,
        false => Alias::May,
    }
}

/// A C access taken apart.
struct Place {
    /// What the address was computed from.
    base: IrRef,
    /// What is added to it besides a constant: an index and its scale.
    index: (IrRef, i32),
    /// The constant.
    offset: i64,
    /// Number of bytes.
    size: i64,
    /// The C type, of a load or a store.
    mem: Option<MemType>,
}

fn place(trace: &Trace, address: IrRef, offset: i64, size: i64, mem: Option<MemType>) -> Place {
    let mut place = Place { base: address, index: (IrRef::NONE, 0), offset, size, mem };
    while let Some(ins) = trace.ins(place.base) {
        match ins.op {
            Op::ADD if trace.int_constant(ins.b()).is_some() => {
                place.offset += trace.int_constant(ins.b()).unwrap_or(0);
            }
            Op::INDEX if place.index.0 == IrRef::NONE => place.index = (ins.b(), ins.lits[0]),
            Op::ADDR => place.offset += i64::from(ins.lits[0]),
            _ => break,
        }
        place.base = ins.a();
    }
    if let Some(address) = trace.int_constant(place.base) {
        place.offset = place.offset.wrapping_add(address);
        place.base = IrRef::NONE;
    }
    place
}

fn access(trace: &Trace, ins: &Ins) -> Place {
    place(trace, ins.a(), i64::from(ins.lits[1]), i64::from(ins.mem().size()), Some(ins.mem()))
}

fn c_memory(trace: &Trace, write: &Ins, other: &Ins) -> Alias {
    places(trace, &access(trace, write), &access(trace, other))
}

/// A copy against an access: the destination is a range without a type.
fn copied(trace: &Trace, copy: &Ins, other: &Ins) -> Alias {
    let written = place(trace, copy.a(), 0, i64::from(copy.lits[0]), None);
    match places(trace, &written, &access(trace, other)) {
        Alias::No => Alias::No,
        _ => Alias::May,
    }
}

fn places(trace: &Trace, x: &Place, y: &Place) -> Alias {
    if x.base == y.base && x.index == y.index {
        let apart = x.offset + x.size <= y.offset || y.offset + y.size <= x.offset;
        return match apart {
            true => Alias::No,
            false if x.offset == y.offset && x.mem == y.mem && x.mem.is_some() => Alias::Must,
            false => Alias::May,
        };
    }
    if x.base != y.base {
        let separate = match (maker(trace, x.base), maker(trace, y.base)) {
            (Some(a), Some(b)) => a != b,
            (Some(a), None) => birth(trace, y.base) < a.0,
            (None, Some(b)) => birth(trace, x.base) < b.0,
            (None, None) => false,
        };
        let types_differ = matches!((x.mem, y.mem), (Some(a), Some(b)) if a.is_float() != b.is_float());
        if separate || types_differ {
            return Alias::No;
        }
    }
    Alias::May
}
