//! `%a` and `%A`: a number in base 16 with a binary exponent, exact without rounding.
//!
//! The number is brought to the form `1.fff * 2^exponent` (subnormal numbers too) and the fraction's 13 digits are
//! written without the zeros at their end. A precision rounds to that many digits, ties to even; what rounds up to 2
//! stays `0x2`, as in LuaJIT.

use super::float::push_special;
use super::{Spec, integer};

const FRACTION_BITS: u32 = 52;
const FRACTION_DIGITS: usize = 13;
const EXPONENT_BIAS: i32 = 1023;

/// Appends a number by `%a`, or by `%A` if `upper`.
pub fn push_hex_float(out: &mut Vec<u8>, n: f64, upper: bool, spec: &Spec) {
    if !n.is_finite() {
        return push_special(out, n, upper, spec);
    }
    let (mantissa, exponent) = decompose(n);
    let mut digits = FRACTION_DIGITS;
    let mantissa = match spec.precision {
        Some(precision) if precision < FRACTION_DIGITS => {
            digits = precision;
            round(mantissa, 4 * (FRACTION_DIGITS - precision) as u32)
        }
        _ => mantissa,
    };
    let alphabet = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |place: usize| alphabet[(mantissa >> (FRACTION_BITS - 4 * place as u32)) as usize & 15];
    if spec.precision.is_none() {
        while digits > 0 && digit(digits) == b'0' {
            digits -= 1;
        }
    }
    let mut text = vec![digit(0)];
    if spec.alternate || digits > 0 {
        text.push(b'.');
    }
    text.extend((1..=digits).map(digit));
    text.extend(std::iter::repeat_n(b'0', spec.precision.unwrap_or(0).saturating_sub(digits)));
    text.extend_from_slice(match (upper, exponent < 0) {
        (false, false) => b"p+",
        (false, true) => b"p-",
        (true, false) => b"P+",
        (true, true) => b"P-",
    });
    integer::push_decimal(&mut text, exponent.unsigned_abs().into());

    let base: &[u8] = if upper { b"0X" } else { b"0x" };
    let prefix = [spec.sign(n.is_sign_negative()), base].concat();
    spec.push_padded(out, &prefix, &text, spec.zero);
}

/// The magnitude as `mantissa / 2^52 * 2^exponent`, the mantissa from 2^52 to 2^53, or zero.
fn decompose(n: f64) -> (u64, i32) {
    let bits = n.abs().to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    match ((bits >> FRACTION_BITS) as i32, fraction) {
        (0, 0) => (0, 0),
        (0, _) => {
            let shift = fraction.leading_zeros() - (63 - FRACTION_BITS);
            (fraction << shift, 1 - EXPONENT_BIAS - shift as i32)
        }
        (exponent, _) => (fraction | 1 << FRACTION_BITS, exponent - EXPONENT_BIAS),
    }
}

/// Clears the lowest `bits` bits, rounding to the nearest, ties to even.
fn round(mantissa: u64, bits: u32) -> u64 {
    let half = 1 << (bits - 1);
    let odd = mantissa >> bits & 1;
    (mantissa + half - 1 + odd) >> bits << bits
}
