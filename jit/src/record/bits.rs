//! The bit operators: those of the `bit` library, which reads strings, too.

use super::call::Callee;
use super::natives::Done;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::value::{Tag, Value};

/// Operands that are numbers; a cdata among them makes it an operation on 64 bits.
fn apply(r: &mut Recorder, at: &mut At<'_>, op: Op, operands: &[Traced]) -> Rec<Flow> {
    let mut arguments = Vec::with_capacity(operands.len());
    for &operand in operands {
        arguments.push(r.unbox(operand)?);
    }
    if !arguments.iter().all(|argument| argument.now.is_number() || argument.now.is(Tag::Cdata)) {
        return Err(Reason::BadType.into());
    }
    let result = if arguments.iter().any(|argument| argument.now.is(Tag::Cdata)) {
        let callee = Callee { function: r.value(Value::NIL), base: r.base, arguments };
        match super::cdata::bits(r, at, &callee, Some(op))? {
            Done::Results(results) => results[0],
            _ => return Err(Reason::NyiConversion.into()),
        }
    } else {
        let mut bits = Vec::with_capacity(arguments.len());
        for argument in arguments {
            bits.push(r.bits(at, argument)?);
        }
        r.e.op(op, Type::Int, &bits)
    };
    r.set(at.ins.a(), result);
    Ok(Flow::Next)
}

/// `BNOT`
pub fn not(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = r.register(at, at.ins.d());
    apply(r, at, Op::BNOT, &[a])
}

macro_rules! binary {
    ($($name:ident, $op:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
            let (a, b) = (r.register(at, at.ins.b()), r.register(at, at.ins.c()));
            apply(r, at, Op::$op, &[a, b])
        }
    )*};
}
binary! {
    and, BAND, "`BANDRR`";
    or, BOR, "`BORRR`";
    xor, BXOR, "`BXORRR`";
    shift_left, SHL, "`SHLRR`";
    shift_right, SHR, "`SHRRR`";
    shift_arithmetic, SAR, "`SARRR`";
}
