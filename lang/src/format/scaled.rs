//! Decimal digits of a number by integers of 128 bits.
//!
//! A double is `m * 2^e` with `m` below 2⁵³. As long as `m * 10^k` fits into 128 bits, a shift by `-e` gives the whole number next to
//! `n * 10^k`, and what falls out at the right says exactly how to round it. That does for the numbers that programs print; the others, huge
//! or tiny or asked for with many digits, take the standard library's way, which is several times slower.

/// The largest power of ten that a factor of 53 bits can be multiplied by.
const MAX_POWER: i32 = 22;

const POWERS: [u128; MAX_POWER as usize + 1] = {
    let mut powers = [1; MAX_POWER as usize + 1];
    let mut k = 1;
    while k < powers.len() {
        powers[k] = 10 * powers[k - 1];
        k += 1;
    }
    powers
};

/// `n * 10^k`, rounded to a whole number, ties to the even one; `None` where the head of this file does not reach. `n` is finite and not negative.
pub fn scaled(n: f64, k: i32) -> Option<u64> {
    let power = *POWERS.get(usize::try_from(k).ok()?)?;
    let bits = n.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    let (m, e) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let product = u128::from(m) * power;
    if e >= 0 {
        return if (product.leading_zeros() as i32) > e { u64::try_from(product << e).ok() } else { None };
    }
    let shift = -e;
    if shift >= 127 {
        return None;
    }
    let (whole, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1u128 << (shift - 1));
    let up = rest > half || rest == half && whole & 1 == 1;
    u64::try_from(whole + u128::from(up)).ok()
}

/// The digits of `n`, so many that count, rounded, as a whole number; and the decimal exponent of the first. `n` is finite and positive.
pub fn significant(n: f64, count: usize) -> Option<(u64, i32)> {
    // More digits might not fit into 64 bits.
    if n == 0.0 || count > 17 {
        return None;
    }
    let end = POWERS[count] as u64;
    // One too small at times: log10(2) is 0.30103.
    let binary = (n.to_bits() >> 52) as i64 - 1023;
    let mut exponent = (binary * 30103).div_euclid(100_000) as i32;
    let mut digits = scaled(n, count as i32 - 1 - exponent)?;
    if digits > end {
        exponent += 1;
        digits = scaled(n, count as i32 - 1 - exponent)?;
    }
    // All nines were rounded up.
    Some(if digits == end { (digits / 10, exponent + 1) } else { (digits, exponent) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 1u64;
        let random = std::iter::repeat_with(move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state
        });
        let ratios = random.zip(random.skip(7)).map(|(a, b)| (a >> 40) as f64 / ((b >> 54) as f64 + 1.0));
        let halves = random.map(|a| (a >> 50) as f64 / 64.0);
        let nines = (1..300).map(|i| 1.0 - 10f64.powi(-(i % 17)) * f64::from(i % 3));
        let powers = (-20..23).flat_map(|k| [10f64.powi(k), 10f64.powi(k).next_down(), 10f64.powi(k).next_up()]);
        let any = random.map(|a| f64::from_bits(a >> 1)).filter(|n| n.is_finite());
        ratios.take(20_000).chain(halves.take(20_000)).chain(nines).chain(powers).chain(any.take(5_000)).map(f64::abs)
    }

    #[test]
    fn fixed_digits_are_those_of_the_standard_library() {
        let mut reached = 0;
        for n in numbers() {
            for k in [0, 1, 2, 6, 15] {
                let Some(digits) = scaled(n, k as i32) else { continue };
                reached += 1;
                let text = format!("{n:.k$}");
                assert_eq!(text.replace('.', "").parse::<u64>().unwrap(), digits, "{n:?} * 10^{k}");
            }
        }
        assert!(reached > 100_000);
    }

    #[test]
    fn significant_digits_are_those_of_the_standard_library() {
        let mut reached = 0;
        for n in numbers().filter(|&n| n > 0.0) {
            for count in [1, 2, 6, 14, 17] {
                let Some((digits, exponent)) = significant(n, count) else { continue };
                reached += 1;
                let text = format!("{n:.*e}", count - 1);
                let (mantissa, power) = text.split_once('e').unwrap();
                assert_eq!(mantissa.replace('.', "").parse::<u64>().unwrap(), digits, "{count} of {n:?}");
                assert_eq!(power.parse::<i32>().unwrap(), exponent, "{count} of {n:?}");
            }
        }
        assert!(reached > 100_000);
    }
}
