//! The functions that compiled code calls, by address.
//!
//! What the optimiser must know of them stands in [`crate::ir::helpers`]. Mathematics and 64-bit division are here; what touches
//! objects is given by whoever owns the heap.

use crate::ir::Helper;
use crate::ir::helpers::HELPERS;

/// The address of each helper.
#[derive(Clone, Debug)]
pub struct HelperTable {
    addresses: Vec<usize>,
}

macro_rules! unary {
    ($($name:ident: $method:ident;)*) => {$(
        extern "C" fn $name(a: f64) -> f64 {
            a.$method()
        }
    )*};
}
unary! {
    sin: sin;
    cos: cos;
    tan: tan;
    asin: asin;
    acos: acos;
    atan: atan;
    sinh: sinh;
    cosh: cosh;
    tanh: tanh;
    exp: exp;
    log: ln;
    log10: log10;
}

extern "C" fn atan2(a: f64, b: f64) -> f64 {
    a.atan2(b)
}

extern "C" fn pow(a: f64, b: f64) -> f64 {
    a.powf(b)
}

extern "C" fn fmod(a: f64, b: f64) -> f64 {
    a % b
}

/// `a / b` as LuaJIT divides `int64_t`: by zero gives the smallest.
pub extern "C" fn div_i64(a: i64, b: i64) -> i64 {
    if b == 0 { i64::MIN } else { a.wrapping_div(b) }
}

/// `a / b` of `uint64_t`: by zero gives 2^63.
pub extern "C" fn div_u64(a: u64, b: u64) -> u64 {
    a.checked_div(b).unwrap_or(1 << 63)
}

/// The remainder of `a / b` of `int64_t`: by zero gives the smallest.
pub extern "C" fn mod_i64(a: i64, b: i64) -> i64 {
    if b == 0 { i64::MIN } else { a.wrapping_rem(b) }
}

/// The remainder of `a / b` of `uint64_t`: by zero gives 2^63.
pub extern "C" fn mod_u64(a: u64, b: u64) -> u64 {
    a.checked_rem(b).unwrap_or(1 << 63)
}

/// A C `bool` as a Lua one.
pub extern "C" fn boolean(byte: i32) -> u64 {
    moonwake_lang::value::Value::boolean(byte & 0xff != 0).0
}

impl HelperTable {
    /// The helpers that need no heap.
    pub fn new() -> HelperTable {
        let mut table = HelperTable::empty();
        for (helper, function) in [
            (Helper::Sin, sin as extern "C" fn(f64) -> f64),
            (Helper::Cos, cos),
            (Helper::Tan, tan),
            (Helper::Asin, asin),
            (Helper::Acos, acos),
            (Helper::Atan, atan),
            (Helper::Sinh, sinh),
            (Helper::Cosh, cosh),
            (Helper::Tanh, tanh),
            (Helper::Exp, exp),
            (Helper::Log, log),
            (Helper::Log10, log10),
        ] {
            table.set(helper, function as usize);
        }
        for (helper, function) in
            [(Helper::Atan2, atan2 as extern "C" fn(f64, f64) -> f64), (Helper::Pow, pow), (Helper::Fmod, fmod)]
        {
            table.set(helper, function as usize);
        }
        table.set(Helper::Boolean, boolean as extern "C" fn(i32) -> u64 as usize);
        table.set(Helper::DivI64, div_i64 as extern "C" fn(i64, i64) -> i64 as usize);
        table.set(Helper::ModI64, mod_i64 as extern "C" fn(i64, i64) -> i64 as usize);
        table.set(Helper::DivU64, div_u64 as extern "C" fn(u64, u64) -> u64 as usize);
        table.set(Helper::ModU64, mod_u64 as extern "C" fn(u64, u64) -> u64 as usize);
        table
    }

    /// A table in which no helper has an address.
    pub fn empty() -> HelperTable {
        HelperTable { addresses: vec![0; HELPERS.len()] }
    }

    /// Gives the address of a helper: an `extern "C"` function with the parameters of its row.
    pub fn set(&mut self, helper: Helper, address: usize) {
        self.addresses[helper as usize] = address;
    }

    /// The address of a helper, if it was given.
    pub fn get(&self, helper: Helper) -> Option<usize> {
        Some(self.addresses[helper as usize]).filter(|&address| address != 0)
    }
}

impl Default for HelperTable {
    fn default() -> HelperTable {
        HelperTable::new()
    }
}
