//! Arithmetic: on numbers an IR operation, on strings after a conversion, otherwise a metamethod.
//!
//! All arithmetic is recorded on `num`s. That an `int` would do is found by folding, where a result is used as one.

use super::{At, Flow, Recorder, Traced};
use crate::ir::{Helper, IrRef, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Mode;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::{Tag, Value};

/// Emits an operation on two numbers.
type Emit = fn(&mut Recorder, IrRef, IrRef) -> Rec<IrRef>;

/// The operands of an instruction of format abc.
fn operands(r: &mut Recorder, at: &At<'_>) -> (Traced, Traced) {
    let info = at.op().info();
    let mut operand = |mode: Option<Mode>, field: usize| match mode {
        Some(Mode::Const) => r.value(at.constant(field)),
        _ => r.register(at, field),
    };
    (operand(Some(info.b_or_d), at.ins.b()), operand(info.c, at.ins.c()))
}

fn binary(r: &mut Recorder, at: &mut At<'_>, event: Metamethod, emit: Emit) -> Rec<Flow> {
    let (a, b) = operands(r, at);
    apply(r, at, (a, b), event, emit)
}

fn apply(r: &mut Recorder, at: &mut At<'_>, (a, b): (Traced, Traced), event: Metamethod, emit: Emit) -> Rec<Flow> {
    let (a, b) = (r.unbox(a)?, r.unbox(b)?);
    if a.now.is(Tag::Cdata) || b.now.is(Tag::Cdata) {
        return super::cdata::arithmetic(r, at, event, a, b);
    }
    if let (Some(a), Some(b)) = (r.as_number(at, a)?, r.as_number(at, b)?) {
        let result = emit(r, a, b)?;
        r.set(at.ins.a(), result);
        return Ok(Flow::Next);
    }
    match at.vm.binary_metamethod(a.now, b.now, event) {
        Some(handler) => r.binary_metamethod(at, handler, event, a, b),
        None => Err(Reason::BadType.into()),
    }
}

impl Recorder {
    /// An unboxed value as a number: itself, or what a string reads as; `None` if it is neither.
    pub fn as_number(&mut self, at: &At<'_>, value: Traced) -> Rec<Option<IrRef>> {
        if value.now.is_number() {
            return self.num(value).map(Some);
        }
        if !value.now.is(Tag::Str) || at.vm.to_number(value.now).is_none() {
            return Ok(None);
        }
        let number = self.call(Helper::StringToNumber, &[value.ir])?;
        self.e.guard(Op::UNBOX, Type::Num, &[number]).map(Some).map_err(Into::into)
    }
}

macro_rules! operations {
    ($($name:ident, $event:ident, $op:ident, $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
            binary(r, at, Metamethod::$event, |r, a, b| Ok(r.e.op(Op::$op, Type::Num, &[a, b])))
        }
    )*};
}
operations! {
    add, Add, ADD, "`ADDRR`, `ADDRK`, `ADDKR`";
    subtract, Sub, SUB, "`SUBRR`, `SUBRK`, `SUBKR`";
    multiply, Mul, MUL, "`MULRR`, `MULRK`, `MULKR`";
    divide, Div, DIV, "`DIVRR`, `DIVRK`, `DIVKR`";
    modulo, Mod, MOD, "`MODRR`, `MODRK`, `MODKR`";
}

/// `POWRR`
pub fn power(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    binary(r, at, Metamethod::Pow, Recorder::power)
}

impl Recorder {
    /// `a ^ b`. Squares and roots of known exponents need no helper; what they give for infinities and zero is as the interpreter has it.
    pub fn power(&mut self, a: IrRef, b: IrRef) -> Rec<IrRef> {
        if self.e.trace.num_constant(b) == Some(2.0) {
            return Ok(self.e.op(Op::MUL, Type::Num, &[a, a]));
        }
        self.call(Helper::Pow, &[a, b])
    }
}

/// `NEG`
pub fn negate(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = r.register(at, at.ins.d());
    apply(r, at, (a, a), Metamethod::Unm, |r, a, _| Ok(r.e.op(Op::NEG, Type::Num, &[a])))
}

/// Whether arithmetic on a value needs no metamethod.
pub fn is_numeric(value: Value) -> bool {
    value.is_number() || value.is(Tag::Str)
}
