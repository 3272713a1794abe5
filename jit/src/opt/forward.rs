//! Forwarding: a load whose value is known is that value.
//!
//! Going back from a load over the writes of its class, the first that is the same place gives the value that it stored; the
//! first that may be the same place ends the search, and then an equal load after it will do. What writes elsewhere is
//! passed over ([`super::alias`]).
//!
//! ```text
//!   KSTORE p #2 x
//!   KSTORE p #3 y         another place: passed over
//!   0009 KLOAD p #2       = x
//! ```
//!
//! A value that is forwarded across the loop's start, from the end of one turn to the next, becomes a PHI like any other: that
//! is how an accumulator in a table ends up in a register.

use super::alias::{self, Alias};
use super::emit::{Emitter, Never};
use crate::ir::{Class, Field, Ins, IrRef, MemType, Op, Type};

impl Emitter {
    /// Instructions that may write memory of a class, newest first.
    pub fn writers(&self, class: Class) -> impl Iterator<Item = IrRef> + '_ {
        let stores: &[Op] = match class {
            Class::Array => &[Op::ASTORE, Op::NEWITEM, Op::CALL],
            Class::Keyed => &[Op::KSTORE, Op::NEWKEY, Op::CALL],
            Class::Upvalue => &[Op::USTORE, Op::CALL],
            Class::Memory => &[Op::XSTORE, Op::XCOPY, Op::CALLC, Op::CALL],
            Class::Shape => &[Op::NEWKEY, Op::RESHAPE, Op::CALL],
            Class::Layout => &[Op::NEWITEM, Op::CALL],
            Class::Scratch => &[Op::SSTORE, Op::CALL],
            Class::Place | Class::Environment | Class::Epoch => &[Op::CALL],
            Class::Immutable => &[],
        };
        let mut heads: Vec<IrRef> = stores.iter().map(|&op| self.chain(op).next().unwrap_or(IrRef::NONE)).collect();
        std::iter::from_fn(move || {
            loop {
                let newest = heads.iter_mut().max()?;
                let at = *newest;
                if at == IrRef::NONE {
                    return None;
                }
                let ins = &self.trace.ins[at.index()];
                *newest = ins.prev;
                if alias::writes(ins, class) {
                    return Some(at);
                }
            }
        })
    }
}

/// The value of a load that need not be executed, and why. A guard on memory that is known to hold gives [`IrRef::NONE`].
pub fn load(e: &mut Emitter, ins: &Ins) -> Result<Option<(&'static str, IrRef)>, Never> {
    let Some(class) = alias::class_read(ins) else { return Ok(None) };
    let mut stop = IrRef::NONE;
    let mut stored = None;
    for at in e.writers(class) {
        let write = e.trace.ins[at.index()];
        match alias::accesses(e, &write, ins) {
            Alias::No => {}
            Alias::May => {
                stop = at;
                break;
            }
            Alias::Must => {
                stored = Some(write);
                stop = at;
                break;
            }
        }
    }
    if let Some(write) = stored
        && let Some(found) = value_of(e, &write, ins)?
    {
        return Ok(Some(("what was stored there", found)));
    }
    if ins.op == Op::SHAPE
        && stored.is_none()
        && let Some(known) = shape_since(e, ins, stop)?
    {
        return Ok(Some((known, IrRef::NONE)));
    }
    if let Some(known) = field_of_new(e, ins, stop) {
        return Ok(Some(("it was made so", known)));
    }
    if !e.passes.cse {
        return Ok(None);
    }
    Ok(e.find_same(ins, stop).map(|same| {
        let known = if ins.ty == Type::None { IrRef::NONE } else { same };
        ("nothing changed since it was loaded", known)
    }))
}

/// The value that a load gives right after a write to the same place.
fn value_of(e: &mut Emitter, write: &Ins, load: &Ins) -> Result<Option<IrRef>, Never> {
    Ok(match write.op {
        Op::ASTORE => Some(write.c()),
        Op::KSTORE | Op::USTORE => Some(write.b()),
        Op::XSTORE => as_loaded(e, load.mem(), write.b()),
        Op::NEWKEY if load.op == Op::KLOAD => Some(write.b()),
        Op::NEWITEM if load.op == Op::ALOAD => Some(write.c()),
        Op::NEWITEM if load.field() == Field::TabSize => {
            let one = e.int(1);
            Some(e.op(Op::ADD, Type::Int, &[write.b(), one]))
        }
        Op::NEWKEY | Op::RESHAPE if load.op == Op::SHAPE => match write.lits[0] == load.lits[0] {
            true => Some(IrRef::NONE),
            false => return Err(Never),
        },
        _ => None,
    })
}

/// What is known of a table's shape from guards and from how it was made, if nothing changed it after `stop`.
fn shape_since(e: &Emitter, guard: &Ins, stop: IrRef) -> Result<Option<&'static str>, Never> {
    let known = |shape: i32, why| if shape == guard.lits[0] { Ok(Some(why)) } else { Err(Never) };
    let earlier = e.chain(Op::SHAPE).take_while(|&at| at > stop).map(|at| &e.trace.ins[at.index()]);
    if let Some(other) = earlier.into_iter().find(|i| i.op == Op::SHAPE && i.a() == guard.a()) {
        return known(other.lits[0], "the shape was guarded before");
    }
    match e.trace.ins_of(guard.a(), Op::TNEW) {
        Some(new) if guard.a() > stop => known(new.lits[0], "the table was made so"),
        _ => Ok(None),
    }
}

/// The size of the array of a table that was made in this trace and got no items since.
fn field_of_new(e: &mut Emitter, load: &Ins, stop: IrRef) -> Option<IrRef> {
    if load.op != Op::FLOAD || load.field() != Field::TabSize || load.a() <= stop {
        return None;
    }
    e.trace.ins_of(load.a(), Op::TNEW)?;
    Some(e.int(0))
}

/// What loading memory as `mem` gives right after `value` was stored there as `mem`.
pub fn as_loaded(e: &mut Emitter, mem: MemType, value: IrRef) -> Option<IrRef> {
    let ty = e.trace.ty(value);
    Some(match mem {
        MemType::F64 | MemType::Ptr => value,
        MemType::F32 => e.op(Op::FROUND, Type::Num, &[value]),
        MemType::I64 | MemType::U64 => e.op(Op::CONV, mem.ty(), &[value]),
        MemType::I32 => value,
        MemType::U32 if ty == Type::Int => e.op_with(Op::WRAP, Type::I64, &[value], &[mem as i32]),
        MemType::U32 => {
            let wide = e.op(Op::CONV, Type::I64, &[value]);
            let mask = e.integer(Type::I64, u32::MAX as i64);
            e.op(Op::BAND, Type::I64, &[wide, mask])
        }
        MemType::I8 | MemType::U8 | MemType::I16 | MemType::U16 => {
            e.op_with(Op::WRAP, Type::Int, &[value], &[mem as i32])
        }
    })
}
