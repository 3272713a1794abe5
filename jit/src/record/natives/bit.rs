//! `bit`, on numbers: operations on `int`s, with 32 wrapping bits.

use super::{Done, Effects};
use crate::ir::{IrRef, Op, Type};
use crate::record::call::Callee;
use crate::record::{At, Recorder, Traced};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::value::Tag;

fn has_cdata(callee: &Callee) -> bool {
    callee.arguments.iter().any(|argument| argument.now.is(Tag::Cdata))
}

/// Argument `i` as 32 bits.
fn bits(r: &mut Recorder, at: &At<'_>, callee: &Callee, i: usize) -> Rec<IrRef> {
    let argument = r.argument(callee, i)?;
    r.bits(at, argument)
}

impl Recorder {
    /// An unboxed value as 32 bits.
    pub fn bits(&mut self, at: &At<'_>, value: Traced) -> Rec<IrRef> {
        if self.ty(value.ir) == Type::Int {
            return Ok(value.ir);
        }
        let number = self.as_number(at, value)?.ok_or(Reason::BadType)?;
        Ok(self.e.op(Op::TOBIT, Type::Int, &[number]))
    }
}

fn one(value: IrRef) -> Rec<Done> {
    Ok(Done::Results(vec![value]))
}

/// `bit.tobit`
pub fn tobit(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if has_cdata(callee) {
        return crate::record::cdata::bits(r, at, callee, None);
    }
    one(bits(r, at, callee, 0)?)
}

macro_rules! unary {
    ($($name:ident: $op:ident;)*) => {$(
        #[doc = concat!("`bit.", stringify!($name), "`")]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
            if has_cdata(callee) {
                return crate::record::cdata::bits(r, at, callee, Some(Op::$op));
            }
            let a = bits(r, at, callee, 0)?;
            one(r.e.op(Op::$op, Type::Int, &[a]))
        }
    )*};
}
unary! {
    bnot: BNOT;
    bswap: BSWAP;
}

macro_rules! folds {
    ($($name:ident: $op:ident;)*) => {$(
        #[doc = concat!("`bit.", stringify!($name), "`: of all arguments")]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
            if has_cdata(callee) {
                return crate::record::cdata::bits(r, at, callee, Some(Op::$op));
            }
            let mut result = bits(r, at, callee, 0)?;
            for i in 1..callee.arguments.len() {
                let other = bits(r, at, callee, i)?;
                result = r.e.op(Op::$op, Type::Int, &[result, other]);
            }
            one(result)
        }
    )*};
}
folds! {
    band: BAND;
    bor: BOR;
    bxor: BXOR;
}

macro_rules! shifts {
    ($($name:ident: $op:ident;)*) => {$(
        #[doc = concat!("`bit.", stringify!($name), "`")]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
            if has_cdata(callee) {
                return crate::record::cdata::bits(r, at, callee, Some(Op::$op));
            }
            let (a, count) = (bits(r, at, callee, 0)?, bits(r, at, callee, 1)?);
            one(r.e.op(Op::$op, Type::Int, &[a, count]))
        }
    )*};
}
shifts! {
    lshift: SHL;
    rshift: SHR;
    arshift: SAR;
    rol: ROL;
    ror: ROR;
}

/// `bit.tohex`
pub fn tohex(_: &mut Recorder, _: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if has_cdata(callee) { Err(Reason::NyiConversion.into()) } else { Ok(Done::Call(Effects::Reads)) }
}
