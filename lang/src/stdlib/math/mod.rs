//! `math`: the C library's functions on doubles. [`random`] has the generator.
//!
//! Reference: Lua 5.1 manual §5.6; `math.log` takes a base as in 5.2.

pub mod random;

use crate::metamethod::Metamethod;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeResult};

functions! { "math.":
    "abs" => |call| unary(call, f64::abs),
    "acos" => |call| unary(call, f64::acos),
    "asin" => |call| unary(call, f64::asin),
    "atan" => |call| unary(call, f64::atan),
    "atan2" => |call| binary(call, f64::atan2),
    "ceil" => |call| unary(call, f64::ceil),
    "cos" => |call| unary(call, f64::cos),
    "cosh" => |call| unary(call, f64::cosh),
    "deg" => |call| times(call, DEGREES_PER_RADIAN, "deg"),
    "exp" => |call| unary(call, f64::exp),
    "floor" => |call| unary(call, f64::floor),
    "fmod" => |call| binary(call, |x, y| x % y),
    "frexp" => frexp,
    "ldexp" => ldexp,
    "log" => log,
    "log10" => |call| unary(call, f64::log10),
    "max" => |call| choose(call, |a, b| a > b),
    "min" => |call| choose(call, |a, b| a < b),
    "modf" => modf,
    "pow" => |call| binary(call, f64::powf),
    "rad" => |call| times(call, RADIANS_PER_DEGREE, "rad"),
    "sin" => |call| unary(call, f64::sin),
    "sinh" => |call| unary(call, f64::sinh),
    "sqrt" => |call| unary(call, f64::sqrt),
    "tan" => |call| unary(call, f64::tan),
    "tanh" => |call| unary(call, f64::tanh),
}

const DEGREES_PER_RADIAN: f64 = 180.0 / std::f64::consts::PI;
const RADIANS_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

/// Opens the library.
pub fn open(vm: &mut Vm) {
    let library = vm.new_library("math", FUNCTIONS);
    vm.set_field(library, "pi", std::f64::consts::PI);
    vm.set_field(library, "huge", f64::INFINITY);
    random::open(vm, library);
}

#[inline(always)]
fn unary(call: &mut Call, f: impl Fn(f64) -> f64) -> NativeResult {
    let x = call.number(0)?;
    call.one(f(x))
}

/// `x * factor` as the interpreter calculates it, because in LuaJIT `deg` and `rad` are written in Lua: also of what has a
/// metamethod, and otherwise with that function's error.
fn times(call: &mut Call, factor: f64, name: &str) -> NativeResult {
    let x = call.arg(0);
    if let Some(x) = call.vm.to_number(x) {
        return call.one(x * factor);
    }
    if let Some(multiply) = call.vm.metamethod(x, Metamethod::Mul) {
        let product = call.vm.call_for_one(multiply, &[x, Value::number(factor)])?;
        return call.one(product);
    }
    let message = format!("[builtin:{name}]:0: attempt to perform arithmetic on a {} value", x.type_name());
    Err(call.vm.plain_error(message))
}

#[inline(always)]
fn binary(call: &mut Call, f: impl Fn(f64, f64) -> f64) -> NativeResult {
    let (x, y) = (call.number(0)?, call.number(1)?);
    call.one(f(x, y))
}

/// `max` and `min`. When the comparison fails the later number is taken, so a NaN comes through only as the last one: what the
/// processor's own instructions do.
#[inline(always)]
fn choose(call: &mut Call, better: impl Fn(f64, f64) -> bool) -> NativeResult {
    let mut chosen = call.number(0)?;
    for i in 1..call.len() {
        let other = call.number(i)?;
        chosen = if better(chosen, other) { chosen } else { other };
    }
    call.one(chosen)
}

fn log(call: &mut Call) -> NativeResult {
    let x = call.number(0)?;
    if call.get(1).is_none() {
        return call.one(x.ln());
    }
    let base = call.number(1)?;
    // As LuaJIT computes it, to the last bit.
    let result = x.log2() * (1.0 / base.log2());
    call.one(result)
}

/// The whole part and the rest, which has the number's sign.
fn modf(call: &mut Call) -> NativeResult {
    let x = call.number(0)?;
    let whole = x.trunc();
    let rest = if x.is_infinite() { 0.0 } else { x - whole };
    call.values(&[Value::number(whole), Value::number(rest.copysign(x))])
}

fn frexp(call: &mut Call) -> NativeResult {
    let x = call.number(0)?;
    let (mantissa, exponent) = split_exponent(x);
    call.values(&[Value::number(mantissa), Value::number(f64::from(exponent))])
}

fn ldexp(call: &mut Call) -> NativeResult {
    let x = call.number(0)?;
    // Saturates: an exponent too large gives infinity, one too small zero.
    let exponent = call.number(1)?;
    call.one(if exponent.is_finite() { scale(x, exponent as i32) } else { x * exponent.exp2() })
}

/// `x` as a mantissa from 0.5 up to 1 and an exponent of two.
///
/// ```
/// use moonwake_lang::stdlib::math::split_exponent;
/// assert_eq!(split_exponent(10.0), (0.625, 4));
/// ```
pub fn split_exponent(x: f64) -> (f64, i32) {
    const EXPONENT_MASK: u64 = 0x7ff << 52;
    const HALF: u64 = 1022 << 52;
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let field = |x: f64| (x.to_bits() >> 52 & 0x7ff) as i32;
    let (x, adjustment) = if field(x) == 0 { (x * 18014398509481984.0, 54) } else { (x, 0) };
    (f64::from_bits(x.to_bits() & !EXPONENT_MASK | HALF), field(x) - 1022 - adjustment)
}

/// `x * 2^exponent`, rounded once.
///
/// ```
/// use moonwake_lang::stdlib::math::scale;
/// assert_eq!(scale(3.0, -1075), 1e-323);
/// ```
pub fn scale(x: f64, exponent: i32) -> f64 {
    const LARGEST: i32 = 1024;
    const SMALLEST_NORMAL: i32 = -1021;
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << 52);
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (mantissa, own) = split_exponent(x);
    match own.saturating_add(exponent) {
        total if total > LARGEST => mantissa * f64::INFINITY,
        total if total >= SMALLEST_NORMAL => mantissa * 2.0 * power(total - 1),
        // The first product is exact, so that only the last one rounds.
        total => mantissa * power(total.max(-1200) + 1022) * power(-1022),
    }
}
