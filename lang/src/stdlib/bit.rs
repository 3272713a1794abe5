//! `bit`: operations on 32-bit integers, and on 64-bit ones when an argument is a C integer.
//!
//! A number becomes 32 bits by adding 2^52 + 2^51, which leaves its lowest whole bits, rounded to nearest even, at the lower
//! end of the sum's mantissa: so numbers wrap around modulo 2^32 up to ±2^51, and beyond give what is there. The result is a
//! signed number. If an argument is a `uint64_t`, all arguments and the result are; else if one is another C integer,
//! they are `int64_t`, to which numbers are then converted as C does. The operators `& | ~ << >> ~>>` of C integers end here, too.
//!
//! Reference: <https://bitop.luajit.org/semantics.html> and the section on 64-bit operations in LuaJIT's documentation.

use super::integer64::Integer64;
use crate::bytecode::Op;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::{Error, LuaResult};
use crate::vm::interp::truncate::to_i64;
use crate::vm::native::{Call, NativeResult};

functions! { "bit.":
    "tobit" => tobit,
    "bnot" => bnot,
    "bswap" => bswap,
    "band" => band,
    "bor" => bor,
    "bxor" => bxor,
    "lshift" => lshift,
    "rshift" => rshift,
    "arshift" => arshift,
    "rol" => rol,
    "ror" => ror,
    "tohex" => tohex,
}

/// Opens the library.
pub fn open(vm: &mut Vm) {
    vm.new_library("bit", FUNCTIONS);
}

/// The 32 bits of a number.
///
/// ```
/// use moonwake_lang::stdlib::bit::to_bits;
/// assert_eq!(to_bits(4294967295.0), -1);
/// assert_eq!(to_bits(2.5), 2);
/// ```
#[inline(always)]
pub fn to_bits(n: f64) -> i32 {
    const MAGIC: f64 = 6755399441055744.0; // 2^52 + 2^51
    (n + MAGIC).to_bits() as i32
}

/// An argument.
#[derive(Clone, Copy)]
enum Operand {
    Number(f64),
    Integer(Integer64),
}

impl Operand {
    /// As 64 bits, signed or not; a number is converted as C does, and what does not fit becomes the smallest.
    fn widened(self, signed: bool) -> u64 {
        const TWO_63: f64 = (1u64 << 63) as f64;
        match self {
            Operand::Number(n) if !signed && n >= TWO_63 => to_i64(n - 2.0 * TWO_63) as u64,
            Operand::Number(n) => to_i64(n) as u64,
            Operand::Integer(integer) => integer.bits,
        }
    }

    /// The lowest 32 bits.
    fn narrowed(self) -> i32 {
        match self {
            Operand::Number(n) => to_bits(n),
            Operand::Integer(integer) => integer.bits as i32,
        }
    }

    fn is_unsigned(self) -> bool {
        matches!(self, Operand::Integer(Integer64 { signed: false, .. }))
    }
}

#[inline]
fn operand(call: &mut Call, i: usize) -> LuaResult<Operand> {
    if let Some(n) = call.arg(i).to_number() {
        return Ok(Operand::Number(n));
    }
    if let Some(cdata) = call.arg(i).as_cdata() {
        return match call.vm.cdata_to_integer(cdata) {
            Ok(integer) => Ok(Operand::Integer(integer)),
            Err(problem) => Err(call.arg_error(i, &problem)),
        };
    }
    Ok(Operand::Number(call.number(i)?))
}

/// The count of a shift; only its lowest bits matter.
fn shift_count(call: &mut Call, i: usize) -> LuaResult<u32> {
    Ok(operand(call, i)?.narrowed() as u32)
}

#[inline]
fn return_bits(call: &mut Call, bits: i32) -> NativeResult {
    call.one(f64::from(bits))
}

fn unary(call: &mut Call, narrow: fn(i32) -> i32, wide: fn(u64) -> u64) -> NativeResult {
    match operand(call, 0)? {
        Operand::Number(n) => return_bits(call, narrow(to_bits(n))),
        Operand::Integer(integer) => {
            let result = call.vm.new_integer64(Integer64 { bits: wide(integer.bits), ..integer });
            call.one(result)
        }
    }
}

fn tobit(call: &mut Call) -> NativeResult {
    let bits = operand(call, 0)?.narrowed();
    return_bits(call, bits)
}

fn bnot(call: &mut Call) -> NativeResult {
    unary(call, |a| !a, |a| !a)
}

fn bswap(call: &mut Call) -> NativeResult {
    unary(call, i32::swap_bytes, u64::swap_bytes)
}

/// Combines all arguments.
fn fold(call: &mut Call, narrow: fn(i32, i32) -> i32, wide: fn(u64, u64) -> u64) -> NativeResult {
    let mut result = match operand(call, 0)? {
        Operand::Number(n) => to_bits(n),
        Operand::Integer(_) => return fold_wide(call, wide),
    };
    for i in 1..call.len() {
        match operand(call, i)? {
            Operand::Number(n) => result = narrow(result, to_bits(n)),
            Operand::Integer(_) => return fold_wide(call, wide),
        }
    }
    return_bits(call, result)
}

#[cold]
fn fold_wide(call: &mut Call, wide: fn(u64, u64) -> u64) -> NativeResult {
    let mut operands = Vec::with_capacity(call.len());
    for i in 0..call.len() {
        operands.push(operand(call, i)?);
    }
    let signed = !operands.iter().any(|o| o.is_unsigned());
    let bits = operands.iter().map(|o| o.widened(signed)).reduce(wide).unwrap_or(0);
    let result = call.vm.new_integer64(Integer64 { bits, signed });
    call.one(result)
}

fn band(call: &mut Call) -> NativeResult {
    fold(call, |a, b| a & b, |a, b| a & b)
}

fn bor(call: &mut Call) -> NativeResult {
    fold(call, |a, b| a | b, |a, b| a | b)
}

fn bxor(call: &mut Call) -> NativeResult {
    fold(call, |a, b| a ^ b, |a, b| a ^ b)
}

fn shift(call: &mut Call, narrow: fn(i32, u32) -> i32, wide: fn(u64, u32) -> u64) -> NativeResult {
    let value = operand(call, 0)?;
    let count = shift_count(call, 1)?;
    match value {
        Operand::Number(n) => return_bits(call, narrow(to_bits(n), count & 31)),
        Operand::Integer(integer) => {
            let bits = wide(integer.bits, count & 63);
            let result = call.vm.new_integer64(Integer64 { bits, ..integer });
            call.one(result)
        }
    }
}

fn lshift(call: &mut Call) -> NativeResult {
    shift(call, |a, n| a << n, |a, n| a << n)
}

fn rshift(call: &mut Call) -> NativeResult {
    shift(call, |a, n| (a as u32 >> n) as i32, |a, n| a >> n)
}

fn arshift(call: &mut Call) -> NativeResult {
    shift(call, |a, n| a >> n, |a, n| (a as i64 >> n) as u64)
}

fn rol(call: &mut Call) -> NativeResult {
    shift(call, i32::rotate_left, u64::rotate_left)
}

fn ror(call: &mut Call) -> NativeResult {
    shift(call, i32::rotate_right, u64::rotate_right)
}

/// `tohex(x, n)`: the `|n|` lowest hexadecimal digits, capital ones if `n` is negative.
fn tohex(call: &mut Call) -> NativeResult {
    let value = operand(call, 0)?;
    let (bits, width) = match value {
        Operand::Number(n) => (u64::from(to_bits(n) as u32), 8),
        Operand::Integer(integer) => (integer.bits, 16),
    };
    let digits = if call.get(1).is_some() { shift_count(call, 1)? as i32 } else { width };
    let count = (digits.unsigned_abs() as usize).min(254);
    let mut text = format!("{bits:0count$x}").into_bytes();
    text.drain(..text.len() - count);
    if digits < 0 {
        text.make_ascii_uppercase();
    }
    let text = call.vm.string_value(text);
    call.one(text)
}

/// A bit operator on numbers or cdata, at least one of which is a cdata.
///
/// # Errors
/// When a cdata is no number.
#[cold]
#[inline(never)]
pub fn on_cdata(vm: &mut Vm, op: Op, a: Value, b: Value) -> LuaResult<Value> {
    let (a, b) = (operator_operand(vm, a)?, operator_operand(vm, b)?);
    let is_shift = matches!(op, Op::SHLRR | Op::SHRRR | Op::SARRR);
    // What is shifted decides the type alone; the distance is converted, not rounded.
    let signed = !(a.is_unsigned() || !is_shift && b.is_unsigned());
    let (x, y) = (a.widened(signed), b.widened(signed));
    if let (true, Operand::Number(n)) = (is_shift, a) {
        let (bits, distance) = (to_bits(n), y as u32 & 31);
        return Ok(Value::number(f64::from(match op {
            Op::SHLRR => bits << distance,
            Op::SHRRR => (bits as u32 >> distance) as i32,
            _ => bits >> distance,
        })));
    }
    let distance = y as u32 & 63;
    let bits = match op {
        Op::BNOT => !x,
        Op::BANDRR => x & y,
        Op::BORRR => x | y,
        Op::BXORRR => x ^ y,
        Op::SHLRR => x << distance,
        Op::SHRRR => x >> distance,
        Op::SARRR => (x as i64 >> distance) as u64,
        other => unreachable!("{other:?} is no bit operator"),
    };
    Ok(vm.new_integer64(Integer64 { bits, signed }))
}

fn operator_operand(vm: &mut Vm, value: Value) -> LuaResult<Operand> {
    match value.as_cdata() {
        None => Ok(Operand::Number(value.as_f64())),
        Some(cdata) => match vm.cdata_to_integer(cdata) {
            Ok(integer) => Ok(Operand::Integer(integer)),
            Err(problem) => Err(Error::new(vm.string_value(problem))),
        },
    }
}
