//! `tostring` of a number, and `%e`, `%f`, `%g`.
//!
//! All of them start from the decimal digits of the number, correctly rounded (ties to even) at a given place, from [`super::scaled`] or, where
//! that does not reach, from Rust's formatting. `%g` with
//! precision `p` takes `p` significant digits, looks at the exponent they have *after* rounding, and then writes them
//! either plainly or with an exponent; without `#` it drops zeros at the end. `tostring` is `%.14g`.
//!
//! As in LuaJIT, a NaN prints as `nan` whatever its sign bit and gets no sign but the space of that flag, and neither NaN nor infinity is padded
//! with zeros.

use super::scaled::{scaled, significant};
use super::{Spec, integer};
use std::io::Write;

/// How a float is written; `upper` asks for `E`, `INF` and `NAN`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// `%e`: `1.5e+03`.
    Exponent,
    /// `%f`: `1500.000000`.
    Fixed,
    /// `%g`: whichever is shorter.
    General,
}

/// Appends a number as `tostring` prints it.
#[inline]
pub fn push_number(out: &mut Vec<u8>, n: f64) {
    // Up to here `%.14g` prints every digit of a whole number. Minus zero keeps its sign and is not a whole number here.
    const WHOLE_LIMIT: f64 = 1e14;
    let whole = n as i64;
    if whole as f64 == n && n.abs() < WHOLE_LIMIT && (whole != 0 || n.is_sign_positive()) {
        if whole < 0 {
            out.push(b'-');
        }
        integer::push_decimal(out, whole.unsigned_abs());
    } else {
        push_float(out, n, Style::General, false, &Spec { precision: Some(14), ..Spec::default() });
    }
}

/// Appends a number by a conversion.
pub fn push_float(out: &mut Vec<u8>, n: f64, style: Style, upper: bool, spec: &Spec) {
    if !n.is_finite() {
        return push_special(out, n, upper, spec);
    }
    let precision = spec.precision.unwrap_or(6);
    let start = out.len();
    out.extend_from_slice(spec.sign(n.is_sign_negative()));
    let digits = out.len();
    match style {
        Style::Exponent => push_exponent(out, &Decimal::new(n, precision), spec.alternate, upper),
        Style::Fixed => {
            push_fixed(out, n.abs(), precision);
            if precision == 0 && spec.alternate {
                out.push(b'.');
            }
        }
        Style::General => push_general(out, n, precision.max(1), spec.alternate, upper),
    }
    spec.pad_written(out, start, digits);
}

/// Appends a number with so many digits after the point.
fn push_fixed(out: &mut Vec<u8>, n: f64, precision: usize) {
    let Some(digits) = scaled(n, precision as i32) else {
        return write!(out, "{n:.precision$}").expect("a Vec takes everything");
    };
    let start = out.len();
    integer::push_decimal(out, digits);
    if precision > 0 {
        let missing = (precision + 1).saturating_sub(out.len() - start);
        out.splice(start..start, std::iter::repeat_n(b'0', missing));
        out.insert(out.len() - precision, b'.');
    }
}

/// Appends `inf` or `nan`.
pub(super) fn push_special(out: &mut Vec<u8>, n: f64, upper: bool, spec: &Spec) {
    let no_sign: &[u8] = if spec.space { b" " } else { b"" };
    let (sign, text): (_, &[u8]) = match (n.is_nan(), upper) {
        (true, false) => (no_sign, b"nan"),
        (true, true) => (no_sign, b"NAN"),
        (false, false) => (spec.sign(n < 0.0), b"inf"),
        (false, true) => (spec.sign(n < 0.0), b"INF"),
    };
    spec.push_padded(out, sign, text, false);
}

/// The significant digits of a number: `d.ddd * 10^exponent`.
struct Decimal {
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    /// Rounds the magnitude of `n` to `precision` digits after the first.
    fn new(n: f64, precision: usize) -> Decimal {
        if let Some((digits, exponent)) = significant(n.abs(), precision + 1) {
            let mut text = Vec::with_capacity(20);
            integer::push_decimal(&mut text, digits);
            return Decimal { digits: text, exponent };
        }
        let mut digits = Vec::with_capacity(precision + 8);
        write!(digits, "{:.*e}", precision, n.abs()).expect("a Vec takes everything");
        let mark = digits.iter().rposition(|&c| c == b'e').expect("the format has an exponent");
        let exponent = std::str::from_utf8(&digits[mark + 1..]).ok().and_then(|s| s.parse().ok());
        digits.truncate(mark);
        if precision > 0 {
            digits.remove(1); // the point
        }
        Decimal { digits, exponent: exponent.expect("the exponent is a number") }
    }

    fn drop_trailing_zeros(&mut self) {
        let kept = self.digits.iter().rposition(|&c| c != b'0').unwrap_or(0);
        self.digits.truncate(kept + 1);
    }
}

fn push_exponent(text: &mut Vec<u8>, decimal: &Decimal, always_point: bool, upper: bool) {
    let (first, rest) = decimal.digits.split_at(1);
    text.extend_from_slice(first);
    push_fraction(text, rest, always_point);
    text.push(if upper { b'E' } else { b'e' });
    text.push(if decimal.exponent < 0 { b'-' } else { b'+' });
    let exponent = decimal.exponent.unsigned_abs();
    if exponent < 10 {
        text.push(b'0');
    }
    integer::push_decimal(text, exponent.into());
}

fn push_general(text: &mut Vec<u8>, n: f64, significant: usize, alternate: bool, upper: bool) {
    let mut decimal = Decimal::new(n, significant - 1);
    if !alternate {
        decimal.drop_trailing_zeros();
    }
    let Decimal { digits, exponent } = &decimal;
    if *exponent < -4 || *exponent >= significant as i32 {
        push_exponent(text, &decimal, alternate, upper);
    } else if *exponent < 0 {
        text.extend_from_slice(b"0.");
        text.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        text.extend_from_slice(digits);
    } else {
        let whole = *exponent as usize + 1;
        text.extend_from_slice(&digits[..whole.min(digits.len())]);
        text.extend(std::iter::repeat_n(b'0', whole.saturating_sub(digits.len())));
        push_fraction(text, digits.get(whole..).unwrap_or_default(), alternate);
    }
}

fn push_fraction(text: &mut Vec<u8>, digits: &[u8], always_point: bool) {
    if always_point || !digits.is_empty() {
        text.push(b'.');
        text.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Piece, pieces};
    use super::super::{hex_float, number_to_text};
    use super::*;

    fn format(format: &str, n: f64) -> String {
        let mut out = Vec::new();
        for piece in pieces(format.as_bytes()) {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Conversion(spec, letter) => {
                    let upper = letter.is_ascii_uppercase();
                    match letter {
                        b'e' | b'E' => push_float(&mut out, n, Style::Exponent, upper, &spec),
                        b'f' | b'F' => push_float(&mut out, n, Style::Fixed, upper, &spec),
                        b'g' | b'G' => push_float(&mut out, n, Style::General, upper, &spec),
                        b'a' | b'A' => hex_float::push_hex_float(&mut out, n, upper, &spec),
                        _ => panic!("{letter}"),
                    }
                }
                Piece::Invalid(text) => panic!("{text:?}"),
            }
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tostring_like_luajit() {
        for (n, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (42.0, "42"),
            (-7.0, "-7"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333333333"),
            (99999999999999.0, "99999999999999"),
            (1e14, "1e+14"),
            (123456789012345.0, "1.2345678901234e+14"),
            (9007199254740992.0, "9.007199254741e+15"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1e100, "1e+100"),
            (5e-324, "4.9406564584125e-324"),
            (123456.789e3, "123456789"),
            (0.1 + 0.2, "0.3"),
            (-1.5, "-1.5"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
        ] {
            assert_eq!(String::from_utf8(number_to_text(n)).unwrap(), expected);
        }
    }

    #[test]
    fn conversions_like_luajit() {
        for (spec, n, expected) in [
            ("%.0f", 0.5, "0"),
            ("%.0f", 1.5, "2"),
            ("%.0f|%#.0f|%.f", 2.5, "2|2.|2"),
            ("%.1f", 0.25, "0.2"),
            ("%.3f", 2.0005, "2.001"),
            ("%.2f", 1.005, "1.00"),
            ("%f", 1e15, "1000000000000000.000000"),
            ("%f", -0.0, "-0.000000"),
            ("%.25f", 0.1, "0.1000000000000000055511151"),
            ("%e", 12345.678, "1.234568e+04"),
            ("%.0e|%#.0e", 15.0, "2e+01|2.e+01"),
            ("%E", 1e300, "1.000000E+300"),
            ("%.20e", 1e23, "9.99999999999999916114e+22"),
            ("%g", 1e5, "100000"),
            ("%g", 1e6, "1e+06"),
            ("%g", 123456789.0, "1.23457e+08"),
            ("%g", 999999.5, "1e+06"),
            ("%#g|%.0g|%#.0g", 1.0, "1.00000|1|1."),
            ("%#g", 0.0, "0.00000"),
            ("%.3g|%.1g", 0.00012345, "0.000123|0.0001"),
            ("%G", 1e-10, "1E-10"),
            ("%.40g", 5e-324, "4.940656458412465441765687928682213723651e-324"),
            ("%10.3g|%+g|% g|%-8g|", 1.0, "         1|+1| 1|1       |"),
            ("%010g|", -1.5, "-0000001.5|"),
            ("%05g|%5g|%F|%+g|%a", f64::INFINITY, "  inf|  inf|INF|+inf|inf"),
            ("%8.3f|%-8.3f|%G|%+g|%05a", f64::NAN, "     nan|nan     |NAN|nan|  nan"),
            (
                "%a|%20a|%020a|%-8a|%+a|%#a",
                1.0,
                "0x1p+0|              0x1p+0|0x000000000000001p+0|0x1p+0  |+0x1p+0|0x1.p+0",
            ),
            ("%a|%.2a", 1.0 / 3.0, "0x1.5555555555555p-2|0x1.55p-2"),
            ("%A", 255.5, "0X1.FFP+7"),
            ("%.0a", 1.5, "0x2p+0"),
            ("%.1a", 1.96875, "0x2.0p+0"),
            ("%.5a", 2.0, "0x1.00000p+1"),
            ("%.15a", 0.1, "0x1.999999999999a00p-4"),
            ("%a|%.2a|%#a", 0.0, "0x0p+0|0x0.00p+0|0x0.p+0"),
            ("%a", -0.0, "-0x0p+0"),
            ("%a", 5e-324, "0x1p-1074"),
        ] {
            assert_eq!(format(spec, n), expected, "{spec} of {n}");
        }
    }
}
