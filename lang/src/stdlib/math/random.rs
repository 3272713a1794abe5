//! `math.random`: LuaJIT's generator, so that the same seed gives the same sequence.
//!
//! It is a combined Tausworthe generator with a period of 2^223: four linear feedback shift registers of 63, 58, 55 and 47
//! bits, whose outputs are combined by exclusive or (L'Ecuyer, *Tables of maximally equidistributed combined LFSR
//! generators*, 1999). The lowest 52 bits of the result become the fraction of a number from 1 up to 2.
//!
//! The state is filled from the seed by a chain of multiplications; each register's unused low bits must not be all that is
//! set, so a value too small gets a bit more.

use crate::object::{Gc, Table};
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::interp::arith::floor;
use crate::vm::native::{Call, NativeResult};
use std::io::Read;

functions! { "math.":
    "random" => random,
    "randomseed" => randomseed,
}

/// A register: its number of bits, and the shifts of one step.
struct Register {
    bits: u32,
    q: u32,
    s: u32,
}

const REGISTERS: [Register; 4] = [
    Register { bits: 63, q: 31, s: 18 },
    Register { bits: 58, q: 19, s: 28 },
    Register { bits: 55, q: 24, s: 7 },
    Register { bits: 47, q: 21, s: 8 },
];

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Default for Random {
    fn default() -> Random {
        Random::new(0.0)
    }
}

impl Random {
    /// The generator as it is after `math.randomseed(seed)`.
    pub fn new(seed: f64) -> Random {
        let mut d = seed;
        let state = REGISTERS.map(|register| {
            d = d * std::f64::consts::PI + std::f64::consts::E;
            let least = 1 << (64 - register.bits);
            let bits = d.to_bits();
            if bits < least { bits + least } else { bits }
        });
        let mut random = Random { state };
        for _ in 0..10 {
            random.next_bits();
        }
        random
    }

    /// A generator whose state is random itself.
    fn from_entropy() -> Random {
        let mut bytes = [0; 32];
        let filled = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        if filled.is_err() {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            return Random::new(now.map_or(0.0, |time| time.as_nanos() as f64));
        }
        let mut words =
            bytes.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
        Random { state: REGISTERS.map(|register| words.next().unwrap_or(0) | 1 << (64 - register.bits)) }
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        let mut result = 0;
        for (z, Register { bits, q, s }) in self.state.iter_mut().zip(REGISTERS) {
            let feedback = (*z << q ^ *z) >> (bits - s);
            *z = feedback ^ (*z & (u64::MAX << (64 - bits))) << s;
            result ^= *z;
        }
        result
    }

    /// The next number, from 0 up to 1.
    pub fn next_number(&mut self) -> f64 {
        let fraction = self.next_bits() & ((1 << 52) - 1);
        f64::from_bits(fraction | 1023 << 52) - 1.0
    }
}

/// Adds the two functions to the library.
pub fn open(vm: &mut Vm, library: Gc<Table>) {
    vm.register(library, FUNCTIONS, &[]);
}

/// `random()`: from 0 up to 1; `random(n)`: a whole number from 1 to `n`; `random(m, n)`: one from `m` to `n`.
fn random(call: &mut Call) -> NativeResult {
    let number = call.vm.random.next_number();
    let number = match range(call)? {
        None => number,
        Some((low, count)) => floor(number * count) + low,
    };
    call.one(number)
}

/// The lowest number that is asked for, and how many from there on.
fn range(call: &mut Call) -> LuaResult<Option<(f64, f64)>> {
    if call.get(0).is_none() {
        return Ok(None);
    }
    let first = call.number(0)?;
    if call.get(1).is_none() {
        return Ok(Some((1.0, first)));
    }
    Ok(Some((first, call.number(1)? - first + 1.0)))
}

fn randomseed(call: &mut Call) -> NativeResult {
    let generator = if call.get(0).is_none() { Random::from_entropy() } else { Random::new(call.number(0)?) };
    call.vm.random = generator;
    call.none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_luajits() {
        let mut default = Random::default();
        let first: Vec<String> = (0..4).map(|_| format!("{:.14}", default.next_number())).collect();
        assert_eq!(first, ["0.79420629243124", "0.69885246563716", "0.59010374172810", "0.75322861668360"]);
        let mut seeded = Random::new(42.0);
        let first: Vec<String> = (0..4).map(|_| format!("{:.14}", seeded.next_number())).collect();
        assert_eq!(first, ["0.95607928791821", "0.00895572178593", "0.53860053951484", "0.43411331710630"]);
    }
}
