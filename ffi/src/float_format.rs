//! Floating formats that Rust does not have: half, bfloat16, x87's 80 bits and IEEE's 128.
//!
//! All are a sign, a biased exponent and a significand, and differ in two widths and in one habit: x87 writes the leading one of
//! the significand, the others leave it out.
//!
//! ```text
//!                sign  exponent  significand
//!     half          1         5          10
//!     brain         1         8           7
//!     extended      1        15      1 + 63    the leading one is written
//!     quad          1        15         112
//! ```
//!
//! They are converted by way of `double`, so of the larger ones the low bits are lost. Rounding is to nearest, ties to even. (IEEE 754-2019
//! §3.4; System V x86-64 ABI §3.1.2 for the placement in memory.)

/// A floating format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    exponent_bits: u32,
    /// Without the leading one.
    fraction_bits: u32,
    leading_one: bool,
}

const DOUBLE_FRACTION: u32 = 52;
const DOUBLE_BIAS: i32 = 1023;

impl Format {
    /// `_Float16`
    pub const HALF: Format = Format { exponent_bits: 5, fraction_bits: 10, leading_one: false };
    /// `__bf16`
    pub const BRAIN: Format = Format { exponent_bits: 8, fraction_bits: 7, leading_one: false };
    /// `long double` of x86
    pub const EXTENDED: Format = Format { exponent_bits: 15, fraction_bits: 63, leading_one: true };
    /// `_Float128`
    pub const QUAD: Format = Format { exponent_bits: 15, fraction_bits: 112, leading_one: false };

    const fn bias(self) -> i32 {
        (1 << (self.exponent_bits - 1)) - 1
    }

    const fn max_exponent(self) -> u32 {
        (1 << self.exponent_bits) - 1
    }

    const fn significand_bits(self) -> u32 {
        self.fraction_bits + self.leading_one as u32
    }

    /// The double nearest to the number of these bits.
    pub fn decode(self, bits: u128) -> f64 {
        let exponent = (bits >> self.significand_bits()) as u32 & self.max_exponent();
        let fraction = bits & ((1 << self.fraction_bits) - 1);
        let negative = bits >> (self.significand_bits() + self.exponent_bits) & 1 != 0;
        let magnitude = if exponent == self.max_exponent() {
            if fraction == 0 { f64::INFINITY } else { f64::NAN }
        } else {
            let (significand, exponent) =
                if exponent == 0 { (fraction, 1) } else { (fraction | 1 << self.fraction_bits, exponent) };
            from_parts(significand, exponent as i32 - self.bias() - self.fraction_bits as i32)
        };
        if negative { -magnitude } else { magnitude }
    }

    /// The bits of the number nearest to a double.
    pub fn encode(self, n: f64) -> u128 {
        let sign = u128::from(n.is_sign_negative()) << (self.significand_bits() + self.exponent_bits);
        let leading_one = if self.leading_one { 1 << self.fraction_bits } else { 0 };
        let infinity = u128::from(self.max_exponent()) << self.significand_bits() | leading_one;
        if n.is_nan() {
            return sign | infinity | 1 << (self.fraction_bits - 1);
        }
        if n == 0.0 {
            return sign;
        }
        if n.is_infinite() {
            return sign | infinity;
        }
        let (significand, exponent) = parts(n);
        // The exponent field that this magnitude has, or 1 for what is too small to be normal.
        let field = (exponent + DOUBLE_FRACTION as i32 + self.bias()).max(1);
        // How far the significand moves to the left so that its unit is the format's.
        let shift = exponent - (field - self.bias() - self.fraction_bits as i32);
        let rounded = if shift >= 0 { u128::from(significand) << shift } else { round_off(significand, -shift as u32) };
        // A leading one that is there counts one into the exponent field, and so does what rounding carries over.
        let field = field as u128 - 1;
        let counted = (field << self.fraction_bits) + rounded;
        let exponent = counted >> self.fraction_bits;
        if exponent >= self.max_exponent().into() {
            return sign | infinity;
        }
        let fraction = counted & ((1 << self.fraction_bits) - 1);
        let leading_one = if exponent == 0 { 0 } else { leading_one };
        sign | exponent << self.significand_bits() | leading_one | fraction
    }
}

/// A finite double above zero in magnitude as a whole number of 53 bits times a power of two.
fn parts(n: f64) -> (u64, i32) {
    let bits = n.to_bits();
    let fraction = bits & ((1 << DOUBLE_FRACTION) - 1);
    let (significand, exponent) = match (bits >> DOUBLE_FRACTION & 0x7ff) as i32 {
        0 => (fraction, 1),
        exponent => (fraction | 1 << DOUBLE_FRACTION, exponent),
    };
    // Normalised, so that what is tiny as a double can be large in another format.
    let up = significand.leading_zeros() - (63 - DOUBLE_FRACTION);
    (significand << up, exponent - DOUBLE_BIAS - DOUBLE_FRACTION as i32 - up as i32)
}

/// `significand >> by`, rounded to nearest, ties to even.
fn round_off(significand: u64, by: u32) -> u128 {
    if by > 60 {
        return 0;
    }
    let kept = significand >> by;
    let rest = significand - (kept << by);
    let half = 1 << (by - 1);
    u128::from(kept + u64::from(rest > half || rest == half && kept & 1 == 1))
}

/// `significand * 2^exponent`, rounded once.
fn from_parts(significand: u128, exponent: i32) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let width = 128 - significand.leading_zeros() as i32;
    // The lowest bit that a double of this magnitude can have.
    let unit = (width + exponent - 1 - DOUBLE_FRACTION as i32).max(-DOUBLE_BIAS - DOUBLE_FRACTION as i32 + 1);
    let shift = unit - exponent;
    let whole = if shift <= 0 {
        (significand << -shift) as u64
    } else if shift > 127 {
        0
    } else {
        let kept = (significand >> shift) as u64;
        let rest = significand & ((1 << shift) - 1);
        let half = 1 << (shift - 1);
        kept + u64::from(rest > half || rest == half && kept & 1 == 1)
    };
    // `whole` has at most 53 bits and one carried over, so both factors and the product are exact, or infinite.
    if unit > 971 {
        return f64::INFINITY;
    }
    if unit < -1022 { whole as f64 * 2f64.powi(unit + 100) * 2f64.powi(-100) } else { whole as f64 * 2f64.powi(unit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [Format; 4] = [Format::HALF, Format::BRAIN, Format::EXTENDED, Format::QUAD];

    #[test]
    fn known_bit_patterns() {
        assert_eq!((Format::HALF.encode(1.0), Format::HALF.encode(-2.0)), (0x3c00, 0xc000));
        assert_eq!((Format::HALF.encode(65504.0), Format::HALF.encode(65520.0)), (0x7bff, 0x7c00));
        assert_eq!((Format::HALF.encode(6e-8), Format::HALF.encode(2e-8)), (1, 0));
        assert_eq!((Format::HALF.decode(0x3555), Format::HALF.decode(1)), (0.333251953125, 5.960464477539063e-8));
        assert_eq!((Format::BRAIN.encode(1.0), Format::BRAIN.encode(3.15625)), (0x3f80, 0x404a));
        assert_eq!(Format::EXTENDED.encode(1.0), 0x3fff_8000_0000_0000_0000);
        assert_eq!(Format::EXTENDED.encode(-0.5), 0xbffe_8000_0000_0000_0000);
        assert_eq!(Format::EXTENDED.decode(0x4000_c90f_daa2_2168_c235), std::f64::consts::PI);
        assert_eq!(Format::QUAD.encode(1.0), 0x3fff << 112);
        assert_eq!(Format::QUAD.decode(0x4000_921f_b544_42d1_8469_898c_c517_01b8), std::f64::consts::PI);
        assert_eq!(Format::EXTENDED.decode(0x7fff_8000_0000_0000_0000), f64::INFINITY);
    }

    #[test]
    fn every_half_and_bfloat_comes_back() {
        for format in [Format::HALF, Format::BRAIN] {
            for bits in 0..=0xffffu128 {
                let n = format.decode(bits);
                if !n.is_nan() {
                    assert_eq!(format.encode(n), bits, "{format:?} {bits:#x} {n}");
                }
            }
        }
    }

    #[test]
    fn every_double_comes_back_from_the_larger_formats() {
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let n = f64::from_bits(state ^ state >> 29);
            for format in [Format::EXTENDED, Format::QUAD] {
                let back = format.decode(format.encode(n));
                assert!(back == n || n.is_nan() && back.is_nan(), "{format:?} {n:e} {back:e}");
            }
        }
    }

    #[test]
    fn special_values() {
        for format in FORMATS {
            assert!(format.decode(format.encode(f64::NAN)).is_nan());
            assert_eq!(format.decode(format.encode(f64::NEG_INFINITY)), f64::NEG_INFINITY);
            assert_eq!(format.decode(format.encode(-0.0)).to_bits(), (-0.0f64).to_bits());
        }
        assert_eq!(Format::QUAD.decode(1), 0.0);
        assert_eq!(Format::EXTENDED.decode(Format::EXTENDED.encode(f64::from_bits(1))), f64::from_bits(1));
    }
}
