//! `%d`, `%u`, `%o`, `%x`, `%X` and `%c`: doubles seen as 64-bit integers.
//!
//! LuaJIT does not require a whole number: it truncates. What does not fit is mapped as the processor's conversion does
//! it: to the smallest signed number for `%d`; for the unsigned conversions, numbers from 2^63 up to 3 * 2^62 wrap around
//! and all others give 2^63.

use super::Spec;

/// How an integer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// `%d` and `%u`.
    Decimal,
    /// `%o`.
    Octal,
    /// `%x`.
    Hex,
    /// `%X`.
    HexUpper,
}

/// The number of `%d`: truncated, the smallest of all if it does not fit.
pub fn to_signed(n: f64) -> i64 {
    // `as` saturates, where the processor gives one value for all that does not fit.
    if n >= 9223372036854775808.0 || n.is_nan() { i64::MIN } else { n as i64 }
}

/// The number of `%x`, `%u` and `%o`: truncated, wrapped to 64 bits as far as the head of this file says.
pub fn to_unsigned(n: f64) -> u64 {
    to_signed(if n >= 9223372036854775808.0 { n - 18446744073709551616.0 } else { n }) as u64
}

/// The numbers from 0 to 99 as two digits each.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// Appends the decimal digits of `n`.
#[inline]
pub fn push_decimal(out: &mut Vec<u8>, mut n: u64) {
    if n < 10 {
        return out.push(b'0' + n as u8);
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    while n >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(n % 100) as usize]);
        n /= 100;
    }
    if n > 0 {
        at -= 1;
        digits[at] = b'0' + n as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a signed number: `%d` and `%i`.
pub fn push_signed(out: &mut Vec<u8>, n: i64, spec: &Spec) {
    let sign = spec.sign(n < 0);
    if spec.width == 0 && spec.precision.is_none() {
        out.extend_from_slice(sign);
        return push_decimal(out, n.unsigned_abs());
    }
    let mut digits = Vec::with_capacity(20);
    push_decimal(&mut digits, n.unsigned_abs());
    push_digits(out, sign, &mut digits, n == 0, spec);
}

/// Appends an unsigned number: `%u`, `%o`, `%x` and `%X`.
pub fn push_unsigned(out: &mut Vec<u8>, n: u64, base: Base, spec: &Spec) {
    let mut digits = Vec::with_capacity(24);
    match base {
        Base::Decimal => push_decimal(&mut digits, n),
        Base::Octal => push_power_of_two(&mut digits, n, 3, b"01234567"),
        Base::Hex => push_power_of_two(&mut digits, n, 4, b"0123456789abcdef"),
        Base::HexUpper => push_power_of_two(&mut digits, n, 4, b"0123456789ABCDEF"),
    }
    let prefix: &[u8] = match base {
        Base::Hex if spec.alternate && n != 0 => b"0x",
        Base::HexUpper if spec.alternate && n != 0 => b"0X",
        _ => b"",
    };
    let octal_zero = base == Base::Octal && spec.alternate && n != 0;
    if octal_zero && spec.precision.is_none_or(|p| p <= digits.len()) {
        digits.insert(0, b'0');
    }
    // An alternate octal zero keeps its digit even at precision 0.
    let vanishes = n == 0 && !(base == Base::Octal && spec.alternate);
    push_digits(out, prefix, &mut digits, vanishes, spec);
}

/// Appends one character: `%c`.
pub fn push_char(out: &mut Vec<u8>, n: f64, spec: &Spec) {
    let spec = Spec { precision: None, ..*spec };
    spec.push_text(out, &[to_signed(n) as u8]);
}

fn push_power_of_two(digits: &mut Vec<u8>, n: u64, bits: u32, alphabet: &[u8]) {
    let count = (u64::BITS - n.leading_zeros()).div_ceil(bits).max(1);
    let mask = (1 << bits) - 1;
    digits.extend((0..count).rev().map(|i| alphabet[(n >> (i * bits)) as usize & mask]));
}

/// The precision is the least number of digits; zero with precision 0 has none. A precision rules out padding by zeros.
fn push_digits(out: &mut Vec<u8>, prefix: &[u8], digits: &mut Vec<u8>, vanishes: bool, spec: &Spec) {
    if let Some(precision) = spec.precision {
        if precision == 0 && vanishes {
            digits.clear();
        }
        let missing = precision.saturating_sub(digits.len());
        digits.splice(0..0, std::iter::repeat_n(b'0', missing));
    }
    spec.push_padded(out, prefix, digits, spec.zero && spec.precision.is_none());
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Piece, pieces};
    use super::*;

    fn format(format: &str, n: f64) -> String {
        let mut out = Vec::new();
        for piece in pieces(format.as_bytes()) {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Conversion(spec, b'd') => push_signed(&mut out, to_signed(n), &spec),
                Piece::Conversion(spec, b'u') => push_unsigned(&mut out, to_unsigned(n), Base::Decimal, &spec),
                Piece::Conversion(spec, b'x') => push_unsigned(&mut out, to_unsigned(n), Base::Hex, &spec),
                Piece::Conversion(spec, b'X') => push_unsigned(&mut out, to_unsigned(n), Base::HexUpper, &spec),
                Piece::Conversion(spec, b'o') => push_unsigned(&mut out, to_unsigned(n), Base::Octal, &spec),
                Piece::Conversion(spec, b'c') => push_char(&mut out, n, &spec),
                other => panic!("{other:?}"),
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn like_luajit() {
        for (spec, n, expected) in [
            ("%d", 3.7, "3"),
            ("%d", -3.7, "-3"),
            ("%d", 1e19, "-9223372036854775808"),
            ("%d", -1e19, "-9223372036854775808"),
            ("%d", f64::NAN, "-9223372036854775808"),
            ("%d", -0.0, "0"),
            ("%+d|% d|%05d|%-5d|", 1.0, "+1| 1|00001|1    |"),
            ("%.3d|%8.3d|%-8.3d|%08.3d|", 5.0, "005|     005|005     |     005|"),
            ("%.0d|%5.0d|%.d", 0.0, "|     |"),
            ("%u", -1.0, "18446744073709551615"),
            ("%x", -5.5, "fffffffffffffffb"),
            ("%x", 3.9, "3"),
            ("%x", 9223372036854775808.0, "8000000000000000"),
            ("%x", 18446744073709551616.0, "0"),
            ("%x", 18446744073709555712.0, "1000"),
            ("%x", 1e300, "8000000000000000"),
            ("%x", f64::NEG_INFINITY, "8000000000000000"),
            ("%X|%#X", 255.0, "FF|0XFF"),
            ("%#x|%#5x|%-#5x|%#05x", 1.0, "0x1|  0x1|0x1  |0x001"),
            ("%#x|%.0x|%#.0o", 0.0, "0||0"),
            ("%o|%#o|%#.3o|%#.2o", 8.0, "10|010|010|010"),
            ("%o", -1.0, "1777777777777777777777"),
            ("%5c|%-5c|%5.1c|%#c", 65.0, "    A|A    |    A|A"),
            ("%c", 256.0 + 65.0, "A"),
        ] {
            assert_eq!(format(spec, n), expected, "{spec} of {n}");
        }
    }
}
