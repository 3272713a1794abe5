//! Numbers as text: the literals of a program and what `tonumber` accepts.
//!
//! Both go through one scanner, [`scan`], which knows decimal (`1.5e3`), hexadecimal (`0x1F`, `0x1.8p3`) and binary
//! (`0b101`) digits and rounds to the nearest double, ties to even. What differs is around it:
//!
//! | | [`literal`] | [`to_number`] | [`to_number_radix`] |
//! | --- | --- | --- | --- |
//! | spaces around | no | yes | yes |
//! | sign | no (an operator) | yes | yes |
//! | `inf`, `nan` | no | yes | no |
//! | `LL`, `ULL`, `i` suffix | yes | no | no |
//!
//! Like LuaJIT, an exponent of 2^20 or more makes the text malformed instead of infinite or zero.
//!
//! Reference: Lua 5.1 manual §2.1 and §5.1 (`tonumber`); LuaJIT's documentation of 64-bit and imaginary literals.

/// Exponents have to be smaller than this.
const EXPONENT_LIMIT: u32 = 1 << 20;

/// The value of a number literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An ordinary number.
    Double(f64),
    /// `42LL`.
    Int64(i64),
    /// `42ULL`.
    Uint64(u64),
    /// `42i`: the imaginary part of a complex number.
    Imaginary(f64),
}

/// What may follow the digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Suffix {
    None,
    Int64,
    Uint64,
    Imaginary,
}

/// The value of a number literal, or `None` when it is malformed.
///
/// `text` is what the lexer takes for one number: it starts with a digit or a dot and contains neither sign (but for an
/// exponent's) nor space.
pub fn literal(text: &[u8]) -> Option<Number> {
    if let Some(n) = short_integer(text) {
        return Some(Number::Double(n));
    }
    let (digits, suffix) = split_suffix(text);
    match suffix {
        Suffix::None => scan(digits).map(Number::Double),
        Suffix::Imaginary => scan(digits).map(Number::Imaginary),
        Suffix::Int64 => scan_integer(digits).map(|n| Number::Int64(n as i64)),
        Suffix::Uint64 => scan_integer(digits).map(Number::Uint64),
    }
}

/// The number that a string stands for, as `tonumber` and arithmetic on strings have it.
///
/// ```
/// use moonwake_lang::number::to_number;
/// assert_eq!(to_number(b" -0x10 "), Some(-16.0));
/// assert_eq!(to_number(b"1e"), None);
/// ```
pub fn to_number(text: &[u8]) -> Option<f64> {
    let (negative, text) = split_sign(trim(text));
    if let Some(n) = short_integer(text) {
        return Some(if negative { -n } else { n });
    }
    let magnitude = match text.first()? {
        b'0'..=b'9' | b'.' => scan(text)?,
        _ if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") => f64::INFINITY,
        _ if text.eq_ignore_ascii_case(b"nan") => f64::NAN,
        _ => return None,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// The whole number that a string stands for in base `radix`, from 2 to 36, as `tonumber(text, radix)` has it.
///
/// Like the C function `strtoul` underneath LuaJIT's, it stops at a zero byte, skips `0x` in base 16 and saturates at
/// 2^64 - 1.
pub fn to_number_radix(text: &[u8], radix: u32) -> Option<f64> {
    let text = text.split(|&c| c == 0).next().unwrap_or_default();
    let (negative, mut digits) = split_sign(trim(text));
    if let (16, [b'0', b'x' | b'X', rest @ ..]) = (radix, digits) {
        digits = rest;
    }
    if digits.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for &c in digits {
        let digit = char::from(c).to_digit(radix)?;
        value = value.saturating_mul(u64::from(radix)).saturating_add(u64::from(digit));
    }
    let magnitude = value as f64;
    Some(if negative { -magnitude } else { magnitude })
}

/// Most numbers in programs: up to 15 decimal digits and nothing else.
fn short_integer(text: &[u8]) -> Option<f64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    let mut value: u64 = 0;
    for &c in text {
        value = value * 10 + u64::from(decimal(c)?);
    }
    Some(value as f64)
}

fn decimal(c: u8) -> Option<u8> {
    c.is_ascii_digit().then(|| c - b'0')
}

/// Removes what C's `isspace` calls space from both ends.
fn trim(mut text: &[u8]) -> &[u8] {
    let space = |c: &u8| matches!(c, b' ' | b'\t'..=b'\r');
    while let [first, rest @ ..] = text
        && space(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && space(last)
    {
        text = rest;
    }
    text
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Splits `LL`, `ULL`, `LLU` or `i` off, in any case of letters.
fn split_suffix(text: &[u8]) -> (&[u8], Suffix) {
    let lower = |c: &u8| c | 0x20;
    let ends = |n: usize| text.len().checked_sub(n).map(|at| text.split_at(at));
    if let Some((digits, tail)) = ends(3)
        && matches!([lower(&tail[0]), lower(&tail[1]), lower(&tail[2])], [b'u', b'l', b'l'] | [b'l', b'l', b'u'])
    {
        return (digits, Suffix::Uint64);
    }
    if let Some((digits, tail)) = ends(2)
        && [lower(&tail[0]), lower(&tail[1])] == [b'l', b'l']
    {
        return (digits, Suffix::Int64);
    }
    match text {
        [digits @ .., b'i' | b'I'] => (digits, Suffix::Imaginary),
        _ => (text, Suffix::None),
    }
}

/// An unsigned number without sign, space or suffix.
fn scan(text: &[u8]) -> Option<f64> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => scan_hexadecimal(digits),
        [b'0', b'b' | b'B', digits @ ..] => digits_to_u64(digits, 2).map(|n| n as f64),
        _ => scan_decimal(text),
    }
}

/// A whole number below 2^64.
fn scan_integer(text: &[u8]) -> Option<u64> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => digits_to_u64(digits, 16),
        [b'0', b'b' | b'B', digits @ ..] => digits_to_u64(digits, 2),
        _ => digits_to_u64(text, 10),
    }
}

fn digits_to_u64(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, &c| {
        let digit = char::from(c).to_digit(radix)?;
        value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
    })
}

/// Splits `12.5e-3` into `12.5` and the exponent; `mark` is the exponent's letter.
fn split_exponent(text: &[u8], mark: u8) -> Option<(&[u8], i64)> {
    let Some(at) = text.iter().position(|c| c | 0x20 == mark) else { return Some((text, 0)) };
    let (negative, digits) = split_sign(&text[at + 1..]);
    if digits.is_empty() {
        return None;
    }
    let mut exponent: u32 = 0;
    for &c in digits {
        exponent = exponent * 10 + u32::from(decimal(c)?);
        if exponent >= EXPONENT_LIMIT {
            return None;
        }
    }
    Some((&text[..at], if negative { -i64::from(exponent) } else { i64::from(exponent) }))
}

fn scan_decimal(text: &[u8]) -> Option<f64> {
    // This settles which texts are numbers; the standard library then rounds those correctly, at any length.
    let (mantissa, _) = split_exponent(text, b'e')?;
    let dots = mantissa.iter().filter(|&&c| c == b'.').count();
    let digits = mantissa.iter().filter(|c| c.is_ascii_digit()).count();
    if digits == 0 || dots > 1 || digits + dots != mantissa.len() {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The part of a hexadecimal number behind `0x`.
fn scan_hexadecimal(text: &[u8]) -> Option<f64> {
    let (digits, mut exponent) = split_exponent(text, b'p')?;
    let mut mantissa: u64 = 0;
    let mut lost = false; // whether a digit that did not fit was not zero
    let mut seen_dot = false;
    let mut seen_digit = false;
    for &c in digits {
        if c == b'.' && !seen_dot {
            seen_dot = true;
            continue;
        }
        let digit = u64::from(char::from(c).to_digit(16)?);
        seen_digit = true;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent -= if seen_dot { 4 } else { 0 };
        } else {
            lost |= digit != 0;
            exponent += if seen_dot { 0 } else { 4 };
        }
    }
    seen_digit.then(|| round(mantissa, lost, exponent))
}

/// `(mantissa + a fraction that is not zero if lost) * 2^exponent`, rounded to the nearest double, ties to even.
fn round(mantissa: u64, lost: bool, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0; // `lost` only happens below a full mantissa
    }
    // As 1.xxx * 2^top: 53 bits are kept, fewer where the double is subnormal.
    let top = exponent + 63 - i64::from(mantissa.leading_zeros());
    if top > f64::MAX_EXP as i64 {
        return f64::INFINITY;
    }
    let lowest = (top - 52).max(-1074); // exponent of the last bit that is kept
    let shift = lowest - exponent; // low bits of the mantissa to drop
    let kept = match shift {
        ..=0 => mantissa << -shift,
        1..=64 => {
            let (high, dropped) = match shift {
                64 => (0, mantissa),
                _ => (mantissa >> shift, mantissa << (64 - shift)),
            };
            let half = 1 << 63;
            let up = dropped > half || dropped == half && (lost || high & 1 == 1);
            high + u64::from(up)
        }
        _ => 0,
    };
    // `kept` has at most 53 bits and `lowest` is in range, so that this is exact but for the overflow to infinity.
    scale(kept as f64, lowest)
}

/// `x * 2^exponent` in two steps, each within the range of normal exponents.
fn scale(x: f64, exponent: i64) -> f64 {
    let power = |e: i64| f64::from_bits(((e + 1023) as u64) << 52);
    let half = exponent / 2;
    x * power(half) * power(exponent - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(text: &str) -> Option<f64> {
        match literal(text.as_bytes()) {
            Some(Number::Double(n)) => Some(n),
            None => None,
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn literals_have_the_values_that_luajit_gives_them() {
        for (text, value) in [
            ("0", 0.0),
            ("012", 12.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1E-5", 1e-5),
            ("1e00000000000000000001", 10.0),
            ("9007199254740993", 9007199254740992.0),
            ("9007199254740993.00000000000000000000000000000000000000001", 9007199254740994.0),
            ("2e-324", 0.0),
            ("2.5e-324", 5e-324),
            ("1.8e308", f64::INFINITY),
            ("1e1000000", f64::INFINITY),
            ("1e-1000000", 0.0),
            ("0x1.8p3", 12.0),
            ("0x.8", 0.5),
            ("0x1.", 1.0),
            ("0xAp1", 20.0),
            ("0x1P+1", 2.0),
            ("0x1e5", 485.0),
            ("0b101", 5.0),
            ("0B1", 1.0),
            ("0xffffffffffffffff", 18446744073709551616.0),
            ("0x123456789abcdef01234", 0x1234_5678_9abc_def0_1234_u128 as f64),
            ("0x1p1000000", f64::INFINITY),
            ("0x1p-1000000", 0.0),
        ] {
            assert_eq!(double(text), Some(value), "{text}");
        }
    }

    #[test]
    fn hexadecimal_rounds_to_nearest_and_ties_to_even() {
        for (text, value) in [
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080000000000000000001p0", 1.0000000000000002),
            ("0x1.00000000000018p0", 1.0000000000000004),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x8000000000000400", 9223372036854775808.0),
            ("0x8000000000000401", 9223372036854777856.0),
            ("0xfffffffffffffc00", 18446744073709551616.0),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x1.fffffffffffff8p1023", f64::INFINITY),
            ("0x1p1024", f64::INFINITY),
            ("0x1p-1022", f64::MIN_POSITIVE),
            ("0x1.ffffffffffffffp-1023", f64::MIN_POSITIVE),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.00000000000000001p-1075", 5e-324),
            ("0x1.8p-1074", 1e-323),
            ("0x1.7ffffffffffff8p-1074", 5e-324),
            ("0x0.00000000000018p-1022", 1e-323),
            ("0x0p1000", 0.0),
        ] {
            assert_eq!(double(text), Some(value), "{text}");
        }
        let long = format!("0x0.{}1p1204", "0".repeat(300));
        assert_eq!(double(&long), Some(1.0));
        let long = format!("0x1{}p-1200", "0".repeat(300));
        assert_eq!(double(&long), Some(1.0));
    }

    #[test]
    fn malformed_literals_are_refused() {
        let all = "0x 0x. 0x.p1 0x1p 0x1p+ 1e 1e+ 1..2 1.2.3 3x 0x3g 0b 0b2 0b1.1 0b1e1 1e1.5 1e0x1 1e1048576 \
                   0e99999999999 0x1p1048576 . 1f 1U 1L 1UL 0b11111111111111111111111111111111111111111111111111111111111111111";
        for text in all.split(' ').chain(["1\u{a0}"]) {
            assert_eq!(literal(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn suffixes_make_boxed_numbers() {
        for (text, value) in [
            ("1LL", Some(Number::Int64(1))),
            ("1lL", Some(Number::Int64(1))),
            ("0x10ll", Some(Number::Int64(16))),
            ("0b11LL", Some(Number::Int64(3))),
            ("9223372036854775808LL", Some(Number::Int64(i64::MIN))),
            ("18446744073709551615LL", Some(Number::Int64(-1))),
            ("18446744073709551616LL", None),
            ("18446744073709551615ULL", Some(Number::Uint64(u64::MAX))),
            ("1LLU", Some(Number::Uint64(1))),
            ("1uLl", Some(Number::Uint64(1))),
            ("0x1ffffffffffffffffLL", None),
            ("1.0LL", None),
            ("1e3LL", None),
            ("0x1p4LL", None),
            ("2.5i", Some(Number::Imaginary(2.5))),
            ("0x1.8I", Some(Number::Imaginary(1.5))),
            ("1LLi", None),
            ("1iLL", None),
            ("i", None),
            ("LL", None),
        ] {
            assert_eq!(literal(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn strings_convert_as_tonumber_has_it() {
        for (text, value) in [
            (" 10 ", Some(10.0)),
            ("\t-0x10\n\x0b\x0c\r", Some(-16.0)),
            ("+1", Some(1.0)),
            ("- 1", None),
            ("--1", None),
            ("+-1", None),
            ("", None),
            ("  ", None),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity ", Some(f64::NEG_INFINITY)),
            ("infi", None),
            ("nan(1)", None),
            ("1 2", None),
            ("1\0", None),
            ("1_000", None),
            ("1LL", None),
            ("1i", None),
            ("0b11", Some(3.0)),
        ] {
            assert_eq!(to_number(text.as_bytes()), value, "{text:?}");
        }
        assert!(to_number(b"-nan").unwrap().is_nan());
        assert!(to_number(b"-0").unwrap().is_sign_negative());
    }

    #[test]
    fn a_radix_reads_whole_numbers_only() {
        for (text, radix, value) in [
            ("10", 2, Some(2.0)),
            ("102", 2, None),
            (" -ff ", 16, Some(-255.0)),
            ("0xff", 16, Some(255.0)),
            ("0x", 16, None),
            ("0x10", 36, Some(42804.0)),
            ("zz", 36, Some(1295.0)),
            ("1.5", 16, None),
            ("", 10, None),
            ("-", 8, None),
            ("- 1", 16, None),
            ("1\0zz", 2, Some(1.0)),
            ("-ffffffffffffffffff", 16, Some(-18446744073709551616.0)),
        ] {
            assert_eq!(to_number_radix(text.as_bytes(), radix), value, "{text:?} in base {radix}");
        }
    }
}
