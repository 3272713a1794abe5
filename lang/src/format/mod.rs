//! Values as text: what `tostring`, `..` and `string.format` print for numbers and strings.
//!
//! LuaJIT brings its own formatter, so that the same number prints the same everywhere; so does moonwake. The digits are exact, with ties
//! rounded to even like C's: most come from [`scaled`], the others from Rust's float formatting. What stands around them (C's exponents,
//! `%g`, `%a`, flags and padding) is made here.
//!
//! Read [`spec`] (what stands between `%` and the letter), then [`integer`], [`float`], [`hex_float`], and [`quote`] (`%q`).

pub mod float;
pub mod hex_float;
pub mod integer;
pub mod quote;
mod scaled;
pub mod spec;

pub use float::push_number;
pub use spec::Spec;

/// The text of a number, as `tostring` gives it.
///
/// ```
/// use moonwake_lang::format::number_to_text;
/// assert_eq!(number_to_text(3.0), b"3");
/// assert_eq!(number_to_text(1e15), b"1e+15");
/// ```
pub fn number_to_text(n: f64) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    push_number(&mut out, n);
    out
}
