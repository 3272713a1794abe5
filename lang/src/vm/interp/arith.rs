//! Arithmetic, and the other operators with one result.
//!
//! **Fast path.** The operands are taken for doubles without a look at their tags. Whatever is not a number is a NaN as a
//! double, so if the result is not a NaN, both operands were numbers. One compare replaces two tag checks. A NaN result goes
//! to the slow path, which sorts out real NaNs, strings that read as numbers, and metamethods.

use super::super::Vm;
use super::super::messages;
use super::dispatch::{handlers, next, tail};
use super::meta::call_metamethod;
use super::throw::throw_error;
use super::truncate::to_i64;
use crate::bytecode::{Ins, Op};
use crate::metamethod::Metamethod;
use crate::value::{Tag, Value};

/// `n` rounded down. The baseline x86-64 has no instruction for it, so that the library's `floor` is a call; a conversion to a whole
/// number and back is not, and fits all quotients below 2⁶³.
#[inline(always)]
pub fn floor(n: f64) -> f64 {
    if n.abs() < 9e18 {
        let whole = to_i64(n) as f64;
        // -0 stays -0, as in `-0 % 10 == 0`, whose sign depends on it.
        if whole > n { whole - 1.0 } else { whole }.copysign(n)
    } else {
        n.floor()
    }
}

/// Lua's `%`: the result has the sign of the divisor.
#[inline(always)]
pub fn modulo(a: f64, b: f64) -> f64 {
    a - floor(a / b) * b
}

/// Lua's `^`.
#[inline]
pub fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 {
        a * a
    } else if b == 0.5 && a > f64::NEG_INFINITY && a != 0.0 {
        a.sqrt()
    } else {
        a.powf(b)
    }
}

/// [`power`], but a NaN whenever an operand is no number: 1 to the power of anything is 1, and so is anything to the power of 0.
#[inline(always)]
fn checked_power(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { power(a, b) }
}

macro_rules! arithmetic {
    ($($name:ident, $bank_b:ident, $bank_c:ident, |$x:ident, $y:ident| $result:expr;)*) => {
        handlers! {$(
            $name(vm, base, pc, ins, k, x) {
                let $x = (*arithmetic!(@$bank_b, base, k).add(ins.b())).as_f64();
                let $y = (*arithmetic!(@$bank_c, base, k).add(ins.c())).as_f64();
                let result: f64 = $result;
                if result.is_nan() {
                    return tail(arithmetic_slow, vm, base, pc, ins, k, x);
                }
                *base.add(ins.a()) = Value(result.to_bits());
                next(vm, base, pc, k, x)
            }
        )*}
    };
    (@reg, $base:ident, $k:ident) => { $base.cast_const() };
    (@constant, $base:ident, $k:ident) => { $k };
}
arithmetic! {
    addrr, reg, reg, |a, b| a + b;
    subrr, reg, reg, |a, b| a - b;
    mulrr, reg, reg, |a, b| a * b;
    divrr, reg, reg, |a, b| a / b;
    modrr, reg, reg, |a, b| modulo(a, b);
    powrr, reg, reg, |a, b| checked_power(a, b);
    addrk, reg, constant, |a, b| a + b;
    subrk, reg, constant, |a, b| a - b;
    mulrk, reg, constant, |a, b| a * b;
    divrk, reg, constant, |a, b| a / b;
    modrk, reg, constant, |a, b| modulo(a, b);
    addkr, constant, reg, |a, b| a + b;
    subkr, constant, reg, |a, b| a - b;
    mulkr, constant, reg, |a, b| a * b;
    divkr, constant, reg, |a, b| a / b;
    modkr, constant, reg, |a, b| modulo(a, b);
}

/// The event, and the operation on numbers, of an arithmetic operation.
fn operation(op: Op) -> (Metamethod, fn(f64, f64) -> f64) {
    match op {
        Op::ADDRR | Op::ADDRK | Op::ADDKR => (Metamethod::Add, |a, b| a + b),
        Op::SUBRR | Op::SUBRK | Op::SUBKR => (Metamethod::Sub, |a, b| a - b),
        Op::MULRR | Op::MULRK | Op::MULKR => (Metamethod::Mul, |a, b| a * b),
        Op::DIVRR | Op::DIVRK | Op::DIVKR => (Metamethod::Div, |a, b| a / b),
        Op::MODRR | Op::MODRK | Op::MODKR => (Metamethod::Mod, modulo),
        Op::POWRR => (Metamethod::Pow, power),
        Op::NEG => (Metamethod::Unm, |a, _| -a),
        other => unreachable!("{other:?} is not arithmetic"),
    }
}

/// The operands of an arithmetic instruction.
///
/// # Safety
/// `base` and `k` belong to the function that `ins` is an instruction of.
pub unsafe fn arithmetic_operands(base: *mut Value, k: *const Value, ins: Ins) -> (Value, Value) {
    // SAFETY: the caller's promise.
    unsafe {
        match ins.op() {
            Op::ADDRK | Op::SUBRK | Op::MULRK | Op::DIVRK | Op::MODRK => (*base.add(ins.b()), *k.add(ins.c())),
            Op::ADDKR | Op::SUBKR | Op::MULKR | Op::DIVKR | Op::MODKR => (*k.add(ins.b()), *base.add(ins.c())),
            Op::NEG => (*base.add(ins.d()), *base.add(ins.d())),
            _ => (*base.add(ins.b()), *base.add(ins.c())),
        }
    }
}

handlers! {
    #[cold]
    #[inline(never)]
    arithmetic_slow(vm, base, pc, ins, k, x) {
        let (a, b) = arithmetic_operands(base, k, ins);
        let (event, apply) = operation(ins.op());
        let number = |v: Value| match v.to_number() {
            Some(n) => Some(n),
            None if v.is(Tag::Str) => (*vm).to_number(v),
            None => None,
        };
        if let (Some(a), Some(b)) = (number(a), number(b)) {
            *base.add(ins.a()) = Value::number(apply(a, b));
            return next(vm, base, pc, k, x);
        }
        match (*vm).binary_metamethod(a, b, event) {
            Some(f) => call_metamethod(vm, base, pc.sub(1), f, [a, b], Value::NIL, false),
            None => {
                let error = messages::arithmetic_error(&mut *vm, base, pc.sub(1), a, b);
                throw_error(vm, base, pc, error)
            }
        }
    }

    neg(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        if !v.is_number() {
            return tail(arithmetic_slow, vm, base, pc, ins, k, x);
        }
        *base.add(ins.a()) = Value::number(-v.as_f64());
        next(vm, base, pc, k, x)
    }

    not(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = Value::boolean((*base.add(ins.d())).is_falsy());
        next(vm, base, pc, k, x)
    }

    len(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        if let Some(t) = v.as_table() {
            *base.add(ins.a()) = Value::number(f64::from((*vm).heap.len(t) as u32));
        } else if let Some(s) = v.as_str() {
            *base.add(ins.a()) = Value::number(s.len() as f64);
        } else {
            return tail(len_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, pc, k, x)
    }

    #[cold]
    #[inline(never)]
    len_slow(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        match (*vm).metamethod(v, Metamethod::Len) {
            Some(f) => call_metamethod(vm, base, pc.sub(1), f, [v, v], Value::NIL, false),
            None => {
                let error = messages::operand_error(&mut *vm, base, pc.sub(1), ins.d(), "get length of");
                throw_error(vm, base, pc, error)
            }
        }
    }

    concat(vm, base, pc, ins, k, x) {
        concat_from(vm, base, pc, ins, k, ins.c())
    }
}

/// Concatenates `R[b] .. R[last]`, right to left: as long a run of strings and numbers as there is, at once.
///
/// # Safety
/// The state of a `CONCAT` instruction whose registers above `last` have been taken in.
pub unsafe fn concat_from(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, mut last: usize) {
    // SAFETY: the caller's promise: `b ..= last` are registers of the frame.
    unsafe {
        let first = ins.b();
        let is_piece = |v: Value| v.is_number() || v.is(Tag::Str);
        while last > first {
            let (a, b) = (*base.add(last - 1), *base.add(last));
            if !is_piece(a) || !is_piece(b) {
                let (text_a, text_b) = ((*vm).string_of_buffer(a), (*vm).string_of_buffer(b));
                if is_piece(text_a) && is_piece(text_b) {
                    *base.add(last - 1) = text_a;
                    *base.add(last) = text_b;
                    continue;
                }
                match (*vm).binary_metamethod(a, b, Metamethod::Concat) {
                    Some(f) => {
                        let rest = Value::number((last - 1) as f64);
                        return call_metamethod(vm, base, pc.sub(1), f, [a, b], rest, false);
                    }
                    None => {
                        let culprit = if is_piece(a) { last } else { last - 1 };
                        let error = messages::operand_error(&mut *vm, base, pc.sub(1), culprit, "concatenate");
                        return throw_error(vm, base, pc, error);
                    }
                }
            }
            let mut start = last - 1;
            while start > first && is_piece(*base.add(start - 1)) {
                start -= 1;
            }
            let pieces = std::slice::from_raw_parts(base.add(start), last - start + 1);
            (*vm).running().base.set(base);
            (*vm).running().pc.set(pc);
            match (*vm).concat(pieces) {
                Ok(s) => *base.add(start) = Value::from(s),
                Err(error) => return throw_error(vm, base, pc, error),
            }
            last = start;
        }
        *base.add(ins.a()) = *base.add(first);
        if (*vm).must_poll() {
            return tail(super::loops::poll_then_next, vm, base, pc, ins, k, 0);
        }
        next(vm, base, pc, k, 0)
    }
}
