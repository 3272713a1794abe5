//! Moves, constants and `not`: they change what slots hold and emit nothing.

use super::{At, Flow, Recorder};
use crate::trace::abort::Rec;
use moonwake_lang::value::{POINTER_MASK, Tag, Value};

/// The primitive value that an operand of mode `Pri` names.
pub fn primitive_value(code: usize) -> Value {
    Value((Tag::Nil as u64 - code as u64) << 47 | POINTER_MASK)
}

/// `MOVE`
pub fn mov(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = r.register(at, at.ins.d());
    r.set(at.ins.a(), value.ir);
    Ok(Flow::Next)
}

fn set_value(r: &mut Recorder, at: &At<'_>, value: Value) -> Rec<Flow> {
    let value = r.value(value);
    r.set(at.ins.a(), value.ir);
    Ok(Flow::Next)
}

/// `KPRI`
pub fn primitive(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    set_value(r, at, primitive_value(at.ins.d()))
}

/// `KNIL`
pub fn nils(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let nil = r.value(Value::NIL);
    (at.ins.a()..=at.ins.d()).for_each(|register| r.set(register, nil.ir));
    Ok(Flow::Next)
}

/// `KSHORT`
pub fn short(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    set_value(r, at, Value::number(f64::from(at.ins.signed_d())))
}

/// `KCONST`
pub fn constant(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = at.constant(at.ins.d());
    set_value(r, at, value)
}

/// `NOT`: the type says what it gives.
pub fn not(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = r.tested_register(at, at.ins.d())?;
    set_value(r, at, Value::boolean(value.now.is_falsy()))
}
