//! From a double to a whole number in one instruction.
//!
//! Rust's `as` saturates, which takes x86-64 four instructions more than the conversion itself. Here a number out of range gives some
//! number; the callers convert back and compare.

/// `n` without its fraction. Out of range, and for a NaN, any number.
#[inline(always)]
pub fn to_i32(n: f64) -> i32 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has SSE2, and the instruction is defined for all operands.
    unsafe {
        std::arch::x86_64::_mm_cvttsd_si32(std::arch::x86_64::_mm_set_sd(n))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        n as i32
    }
}

/// The same with 64 bits.
#[inline(always)]
pub fn to_i64(n: f64) -> i64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    unsafe {
        std::arch::x86_64::_mm_cvttsd_si64(std::arch::x86_64::_mm_set_sd(n))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        n as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_range_lose_their_fraction() {
        for n in [0.0, -0.0, 1.9, -1.9, 2147483647.5, -2147483648.0] {
            assert_eq!(to_i32(n), n as i32);
            assert_eq!(to_i64(n * 1e6), (n * 1e6) as i64);
        }
    }

    #[test]
    fn others_do_not_come_back() {
        for n in [f64::NAN, f64::INFINITY, 1e300, -1e300, 2147483648.0] {
            assert_ne!(f64::from(to_i32(n)), n);
        }
    }
}
