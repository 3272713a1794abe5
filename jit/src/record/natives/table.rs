//! `table`: what is done to one end of a list is inlined, the rest is called.

use super::{Done, Effects};
use crate::ir::{Field, Helper, Op, Type};
use crate::record::call::Callee;
use crate::record::{At, Recorder, Traced};
use crate::trace::abort::Rec;
use moonwake_lang::value::Value;

/// `table.insert` at the end.
pub fn insert(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let list = r.argument(callee, 0)?;
    let (Some(t), [_, value]) = (list.now.as_table(), &callee.arguments[..]) else {
        return Ok(Done::Call(Effects::Writes));
    };
    let length = r.table_length(list.ir);
    let one = r.e.int(1);
    let end =
        Traced { ir: r.e.op(Op::ADD, Type::Int, &[length, one]), now: Value::number(at.vm.heap.len(t) as f64 + 1.0) };
    r.raw_set(at, list, t, end, *value)?;
    Ok(Done::Results(Vec::new()))
}

/// `table.remove` from the end.
pub fn remove(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let list = r.argument(callee, 0)?;
    let (Some(t), 1) = (list.now.as_table(), callee.arguments.len()) else { return Ok(Done::Call(Effects::Writes)) };
    let length = at.vm.heap.len(t);
    let (size, one) = (r.field(list.ir, Field::TabSize), r.e.int(1));
    if length == 0 {
        r.e.guard(Op::LE, Type::None, &[size, one])?;
        return Ok(Done::Results(Vec::new()));
    }
    r.e.guard(Op::GT, Type::None, &[size, one])?;
    let last = r.e.op(Op::SUB, Type::Int, &[size, one]);
    let array = r.field(list.ir, Field::TabArray);
    let removed = r.e.op(Op::ALOAD, Type::Val, &[array, last]);
    let nil = r.value(Value::NIL);
    r.call(Helper::TableSet, &[list.ir, last, nil.ir])?;
    Ok(Done::Results(vec![removed]))
}

/// `table.move` within or between tables without metatables: with them it could call back.
pub fn move_(_: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let plain = |v: Value| v.as_table().is_none_or(|t| at.vm.heap.metatable(t).is_none());
    match callee.arguments.iter().all(|argument| plain(argument.now)) {
        true => Ok(Done::Call(Effects::Writes)),
        false => Err(crate::trace::abort::Abort::about(crate::trace::abort::Reason::NyiNative, "table.move")),
    }
}
