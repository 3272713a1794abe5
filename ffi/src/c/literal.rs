//! Literals: what a number, a character or a string token stands for (C17 6.4.4, 6.4.5; the GNU forms too).
//!
//! The lexer takes any preprocessing number; here it turns out to be an integer, a floating constant or a mistake.

use super::int::Int;

/// A numeric literal.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// An integer of the first type of C's list that holds it.
    Int(Int),
    /// A floating constant; what is wider than a double is rounded to one.
    Float(f64, FloatSuffix),
}

/// The type that a floating constant's suffix asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum FloatSuffix {
    Float,
    Double,
    LongDouble,
}

/// The value of a preprocessing number, or nothing when it is not a number of C.
pub fn number(text: &[u8]) -> Option<Number> {
    let text = std::str::from_utf8(text).ok()?;
    let hex = text.starts_with("0x") || text.starts_with("0X");
    let is_float = match hex {
        true => text.contains(['.', 'p', 'P']),
        false => text.contains('.') || (text.contains(['e', 'E'])),
    };
    if is_float { float(text, hex) } else { integer(text) }
}

fn integer(text: &str) -> Option<Number> {
    let lower = text.to_ascii_lowercase();
    let digits_end = |digits: &str, radix: u32| {
        digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len()) // where the suffix begins
    };
    let (radix, rest) = match lower.as_str() {
        s if s.starts_with("0x") => (16, &s[2..]),
        s if s.starts_with("0b") => (2, &s[2..]),
        s if s.starts_with('0') => (8, s),
        s => (10, s),
    };
    let (digits, suffix) = rest.split_at(digits_end(rest, radix));
    let bits = u64::from_str_radix(digits, radix).ok()?;
    let (unsigned, long) = match suffix {
        "" => (false, false),
        "u" => (true, false),
        "l" | "ll" => (false, true),
        "ul" | "ull" | "lu" | "llu" => (true, true),
        _ => return None,
    };
    let wide = long || if unsigned { bits > u32::MAX.into() } else { bits > i32::MAX as u64 };
    // A decimal literal never becomes unsigned by its size, except that beyond 63 bits gcc has nothing else either.
    let fits_unsigned_int = !long && radix != 10 && bits <= u32::MAX.into();
    let unsigned = unsigned || bits > i64::MAX as u64 || (wide && fits_unsigned_int);
    Some(Number::Int(Int::new(bits, wide && !fits_unsigned_int, unsigned)))
}

fn float(text: &str, hex: bool) -> Option<Number> {
    let suffix_start = match hex {
        // The digits of a hexadecimal constant include f; its suffix stands behind the mandatory exponent.
        true => {
            let exponent = text.find(['p', 'P'])? + 1;
            let digits = text[exponent..].trim_start_matches(['+', '-']);
            text.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len()
        }
        false => {
            let mantissa = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            match mantissa.strip_prefix(['e', 'E']) {
                Some(exponent) => {
                    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                    text.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len()
                }
                None => text.len() - mantissa.len(),
            }
        }
    };
    let (number, suffix) = text.split_at(suffix_start);
    let suffix = match suffix {
        "" | "d" | "D" | "f64" | "F64" | "f32x" | "F32x" => FloatSuffix::Double,
        "f" | "F" | "f32" | "F32" | "f16" | "F16" | "bf16" | "BF16" => FloatSuffix::Float,
        "l" | "L" | "w" | "W" | "q" | "Q" | "f64x" | "F64x" | "f128" | "F128" => FloatSuffix::LongDouble,
        _ => return None,
    };
    let value = match (hex, suffix) {
        (true, _) => hex_float(number)?,
        (false, FloatSuffix::Float) => number.parse::<f32>().ok()?.into(),
        (false, _) => number.parse().ok()?,
    };
    let value = if suffix == FloatSuffix::Float { f64::from(value as f32) } else { value };
    Some(Number::Float(value, suffix))
}

/// `0x1.8p3`, rounded to nearest, ties to even.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text[2..].split_once(['p', 'P'])?;
    let mut exponent: i64 = exponent.parse::<i64>().ok()?.clamp(-1 << 30, 1 << 30);
    let (mut bits, mut lost, mut digits, mut after_point) = (0u64, false, 0, false);
    for c in mantissa.chars() {
        if c == '.' {
            if std::mem::replace(&mut after_point, true) {
                return None;
            }
            continue;
        }
        let digit = u64::from(c.to_digit(16)?);
        digits += 1;
        // 60 bits are enough for a correct rounding, together with whether anything that is not zero came after.
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
            exponent -= if after_point { 4 } else { 0 };
        } else {
            lost |= digit != 0;
            exponent += if after_point { 0 } else { 4 };
        }
    }
    if digits == 0 {
        return None;
    }
    if bits == 0 {
        return Some(0.0);
    }
    // Round to the 53 bits, or fewer for a subnormal, that the result has; then scaling by powers of two is exact.
    let top = 64 - i64::from(bits.leading_zeros());
    let keep = (exponent + top + 1074).clamp(0, 53);
    let drop = (top - keep).max(0) as u32;
    if drop > 0 {
        let wide = u128::from(bits);
        let (kept, rest, half) = (wide >> drop, wide & ((1 << drop) - 1), 1u128 << (drop - 1));
        let up = rest > half || (rest == half && (lost || kept & 1 == 1));
        bits = (kept + u128::from(up)) as u64;
        exponent += i64::from(drop);
    }
    let mut value = bits as f64;
    while exponent != 0 && value != 0.0 && value.is_finite() {
        let step = exponent.clamp(-1000, 1000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    Some(value)
}

/// The value of a character literal, with its quotes and prefix: an `int`, or for `L u U` the code point.
pub fn character(text: &[u8]) -> Option<Int> {
    let quote = text.iter().position(|&b| b == b'\'')?;
    let wide = quote > 0;
    let inner = text.get(quote + 1..text.len().checked_sub(1)?)?;
    let units = unescape(inner, wide)?;
    match (wide, units.as_slice()) {
        (_, []) => None,
        (true, units) => {
            let value = *units.last()?;
            let unsigned = matches!(text[0], b'u' | b'U');
            Some(Int::new(value.into(), false, unsigned && text[0] == b'U'))
        }
        (false, [unit]) => Some(Int::from(i32::from(*unit as u8 as i8))),
        // gcc packs `'abcd'` into an int, the first character on top.
        (false, units) => {
            Some(Int::new(units.iter().fold(0, |all, &unit| all << 8 | u64::from(unit & 0xff)), false, false))
        }
    }
}

/// The bytes of a string literal without its terminating zero, or nothing for a wide one or a bad escape.
pub fn string(text: &[u8]) -> Option<Vec<u8>> {
    let quote = text.iter().position(|&b| b == b'"')?;
    if quote > 0 && &text[..quote] != b"u8" {
        return None;
    }
    let inner = text.get(quote + 1..text.len().checked_sub(1)?)?;
    Some(unescape(inner, false)?.into_iter().map(|unit| unit as u8).collect())
}

/// The units of a literal's inside: bytes, or code points when wide.
fn unescape(inner: &[u8], wide: bool) -> Option<Vec<u32>> {
    let mut units = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            if wide && first >= 0x80 {
                let length = (first.leading_ones() as usize).clamp(1, 4);
                let encoded = inner.get(inner.len() - rest.len() - 1..)?.get(..length)?;
                units.push(std::str::from_utf8(encoded).ok()?.chars().next()?.into());
                rest = &rest[length - 1..];
            } else {
                units.push(first.into());
            }
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        let mut digits = |radix: u32, limit: usize| -> Option<u32> {
            let count = rest.iter().take(limit).take_while(|&&b| (b as char).is_digit(radix)).count();
            let value = rest[..count]
                .iter()
                .fold(0u32, |all, &b| all.wrapping_mul(radix).wrapping_add((b as char).to_digit(radix).unwrap_or(0)));
            rest = &rest[count..];
            (count > 0).then_some(value)
        };
        let unit = match escape {
            b'n' => 10,
            b't' => 9,
            b'r' => 13,
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'e' | b'E' => 27,
            b'\\' | b'\'' | b'"' | b'?' => escape.into(),
            b'x' => digits(16, usize::MAX)?,
            b'0'..=b'7' => {
                let first = u32::from(escape - b'0');
                let count = rest.iter().take(2).take_while(|&&b| (b'0'..=b'7').contains(&b)).count();
                let value = rest[..count].iter().fold(first, |all, &b| all * 8 + u32::from(b - b'0'));
                rest = &rest[count..];
                value
            }
            b'u' | b'U' => {
                let code = digits(16, if escape == b'u' { 4 } else { 8 })?;
                if !wide {
                    let mut buffer = [0; 4];
                    let encoded = char::from_u32(code)?.encode_utf8(&mut buffer);
                    units.extend(encoded.bytes().map(u32::from));
                    continue;
                }
                code
            }
            _ => return None,
        };
        units.push(unit);
    }
    Some(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> (i128, bool, bool) {
        match number(text.as_bytes()) {
            Some(Number::Int(int)) => (int.value(), int.is_wide(), int.is_unsigned()),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn float(text: &str) -> f64 {
        match number(text.as_bytes()) {
            Some(Number::Float(value, _)) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_integer_gets_the_first_type_that_fits() {
        assert_eq!(int("42"), (42, false, false));
        assert_eq!(int("0x7fffffff"), (0x7fff_ffff, false, false));
        assert_eq!(int("0xffffffff"), (0xffff_ffff, false, true));
        assert_eq!(int("4294967295"), (0xffff_ffff, true, false));
        assert_eq!(int("0x100000000"), (1 << 32, true, false));
        assert_eq!(int("0xffffffffffffffff"), (u64::MAX.into(), true, true));
        assert_eq!(int("1u"), (1, false, true));
        assert_eq!(int("1L"), (1, true, false));
        assert_eq!(int("0xFFULL"), (255, true, true));
        assert_eq!((int("017").0, int("0b101").0, int("0").0), (15, 5, 0));
    }

    #[test]
    fn what_is_no_number() {
        for text in ["1x", "089", "0b2", "1..2", "1e", "0x", "0x1p", "1.5q1", "1lul", "99999999999999999999"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_decimal_and_hexadecimal() {
        assert_eq!((float("1.5"), float(".5e1"), float("1e-3"), float("2.f")), (1.5, 5.0, 1e-3, 2.0));
        assert_eq!(float("0.1f"), f64::from(0.1f32));
        assert_eq!((float("0x1p-3"), float("0x1.8p1"), float("0xA.p0L")), (0.125, 3.0, 10.0));
        assert_eq!(float("0x1.fffffffffffff8p0"), 2.0, "a tie goes to even");
        assert_eq!(float("0x1.fffffffffffff7p0"), 2.0 - f64::EPSILON);
        assert_eq!(float("0x0.8p-1073"), f64::from_bits(1));
        assert_eq!(float("0x1p-1075"), 0.0);
        assert_eq!(float("0x1.8p-1075"), f64::from_bits(1));
        assert_eq!(float("0x1p99999"), f64::INFINITY);
    }

    #[test]
    fn characters_and_strings() {
        let value = |text: &str| character(text.as_bytes()).map(Int::value);
        assert_eq!(
            (value("'a'"), value(r"'\n'"), value(r"'\0'"), value(r"'\xff'")),
            (Some(97), Some(10), Some(0), Some(-1))
        );
        assert_eq!(
            (value("'ab'"), value("L'é'"), value(r"'\''"), value(r"'\377'")),
            (Some(24930), Some(233), Some(39), Some(-1))
        );
        assert_eq!((value("''"), value(r"'\q'")), (None, None));
        assert_eq!(string(br#""a\tb\x41\1014\u00e9""#), Some("a\tbAA4é".into()));
        assert_eq!(string(br#"u8"x""#), Some(b"x".to_vec()));
        assert_eq!(string(br#"L"x""#), None);
    }
}
