//! Which instruction sets the library may use.
//!
//! It is made for the machine that builds it, since that is the one that runs the examples, and never assumes more than that
//! machine has: ggml has a slower path for each of these that is missing. More than AVX2 is left aside; it gains little on the
//! examples' sizes and makes results differ from machine to machine.

use crate::Outcome;
use std::env;

/// The compiler's flags for this machine; an error where ggml's x86 files do not apply.
pub fn flags() -> Outcome<Vec<&'static str>> {
    let target = env::var("TARGET").unwrap_or_default();
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("x86_64") {
        return Err(format!("the processor of {target} is not supported, only x86-64 is"));
    }
    // Whoever builds for another machine gets what every x86-64 has.
    let native = env::var("HOST").is_ok_and(|host| host == target);
    Ok(if native { detected() } else { Vec::new() })
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<&'static str> {
    let table = [
        (is_x86_feature_detected!("sse4.2"), "-msse4.2"),
        (is_x86_feature_detected!("avx"), "-mavx"),
        (is_x86_feature_detected!("f16c"), "-mf16c"),
        (is_x86_feature_detected!("avx2"), "-mavx2"),
        (is_x86_feature_detected!("fma"), "-mfma"),
        (is_x86_feature_detected!("bmi2"), "-mbmi2"),
    ];
    table.into_iter().filter_map(|(has, flag)| has.then_some(flag)).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn detected() -> Vec<&'static str> {
    Vec::new()
}
