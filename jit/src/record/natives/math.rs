//! `math`: IR operations where there is one, else C's functions, which are pure.

use super::{Done, Effects};
use crate::ir::{Helper, IrRef, Op, Type};
use crate::record::call::Callee;
use crate::record::{At, Recorder};
use crate::trace::abort::Rec;

fn one(value: IrRef) -> Rec<Done> {
    Ok(Done::Results(vec![value]))
}

macro_rules! operations {
    ($($name:ident: $op:ident;)*) => {$(
        #[doc = concat!("`math.", stringify!($name), "`")]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
            let x = r.number_argument(at, callee, 0)?;
            one(r.e.op(Op::$op, Type::Num, &[x]))
        }
    )*};
}
operations! {
    abs: ABS;
    floor: FLOOR;
    ceil: CEIL;
    sqrt: SQRT;
}

macro_rules! helpers {
    ($($name:ident: $helper:ident of $count:literal;)*) => {$(
        #[doc = concat!("`math.", stringify!($name), "`")]
        pub fn $name(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
            let mut arguments = Vec::new();
            for i in 0..$count {
                arguments.push(r.number_argument(at, callee, i)?);
            }
            let result = r.call(Helper::$helper, &arguments)?;
            one(result)
        }
    )*};
}
helpers! {
    sin: Sin of 1;
    cos: Cos of 1;
    tan: Tan of 1;
    asin: Asin of 1;
    acos: Acos of 1;
    atan: Atan of 1;
    atan2: Atan2 of 2;
    sinh: Sinh of 1;
    cosh: Cosh of 1;
    tanh: Tanh of 1;
    exp: Exp of 1;
    log10: Log10 of 1;
    pow: MathPow of 2;
    fmod: Fmod of 2;
}

/// `math.log`, inlined without a base.
pub fn log(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    if callee.arguments.len() > 1 {
        return Ok(Done::Call(Effects::Reads));
    }
    let x = r.number_argument(at, callee, 0)?;
    let result = r.call(Helper::Log, &[x])?;
    one(result)
}

fn scaled(r: &mut Recorder, at: &At<'_>, callee: &Callee, by: f64) -> Rec<Done> {
    let (x, by) = (r.number_argument(at, callee, 0)?, r.e.num(by));
    one(r.e.op(Op::MUL, Type::Num, &[x, by]))
}

/// `math.deg`
pub fn deg(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    scaled(r, at, callee, 180.0 / std::f64::consts::PI)
}

/// `math.rad`
pub fn rad(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    scaled(r, at, callee, std::f64::consts::PI / 180.0)
}

fn choose(r: &mut Recorder, at: &At<'_>, callee: &Callee, op: Op) -> Rec<Done> {
    let mut chosen = r.number_argument(at, callee, 0)?;
    for i in 1..callee.arguments.len() {
        let other = r.number_argument(at, callee, i)?;
        chosen = r.e.op(op, Type::Num, &[chosen, other]);
    }
    one(chosen)
}

/// `math.min`
pub fn min(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    choose(r, at, callee, Op::MIN)
}

/// `math.max`
pub fn max(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    choose(r, at, callee, Op::MAX)
}

/// `math.random`: the bounds are looked at first, since a number that was drawn cannot be put back.
pub fn random(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let mut bounds = Vec::new();
    for i in 0..callee.arguments.len().min(2) {
        bounds.push(r.number_argument(at, callee, i)?);
    }
    let number = r.call(Helper::Random, &[])?;
    r.effect = true;
    let one_ = r.e.num(1.0);
    let (low, count) = match bounds[..] {
        [] => return one(number),
        [high] => (one_, high),
        [low, high, ..] => {
            let difference = r.e.op(Op::SUB, Type::Num, &[high, low]);
            (low, r.e.op(Op::ADD, Type::Num, &[difference, one_]))
        }
    };
    let scaled = r.e.op(Op::MUL, Type::Num, &[number, count]);
    let steps = r.e.op(Op::FLOOR, Type::Num, &[scaled]);
    one(r.e.op(Op::ADD, Type::Num, &[steps, low]))
}
