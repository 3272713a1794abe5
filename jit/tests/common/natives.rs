//! C functions for traces to call: each as compiled code, and as what it does to registers, for the evaluator.

use super::world::{Copy, Memory};
use moonwake_jit::ir::eval::Fault;
use std::collections::HashMap;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pair {
    a: i64,
    b: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Three {
    a: i64,
    b: i64,
    c: f64,
}

/// A struct whose last word is not full.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Odd {
    parts: [i32; 5],
}

extern "C" fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}
extern "C" fn half(x: f64) -> f64 {
    x / 2.0
}
extern "C" fn small(x: i8) -> i8 {
    x.wrapping_add(1)
}
extern "C" fn float(x: f32, n: u32) -> f32 {
    x * n as f32
}
extern "C" fn pair(a: i64, b: f64) -> Pair {
    Pair { a, b }
}
extern "C" fn swap(p: Pair) -> Pair {
    Pair { a: p.b as i64, b: p.a as f64 }
}
extern "C" fn sum(t: Three, k: i64) -> i64 {
    t.a + t.b + t.c as i64 + k
}
extern "C" fn three(a: i64) -> Three {
    Three { a, b: 2 * a, c: a as f64 / 2.0 }
}
/// Takes more numbers than there are registers, with structs on the stack between them.
#[allow(clippy::too_many_arguments)]
extern "C" fn mixed(a: i64, odd: Odd, b: f64, c: i64, d: i64, t: Three, e: i64, f: i64, g: i64, h: i64, i: f64) -> f64 {
    let odd = odd.parts.iter().fold(0i64, |sum, &part| 10 * sum + i64::from(part));
    let three = (t.a + 2 * t.b) as f64 + 3.0 * t.c;
    let integers = [a, c, d, e, f, g, h].iter().fold(0i64, |sum, &n| 10 * sum + n);
    (odd * 10_000_000 + integers) as f64 + three / 1000.0 + b / 8192.0 + i / 65536.0
}

/// Names of the functions, and their addresses.
pub fn names() -> HashMap<String, u64> {
    let all: [(&str, usize); 9] = [
        ("add", add as extern "C" fn(i32, i32) -> i32 as usize),
        ("half", half as extern "C" fn(f64) -> f64 as usize),
        ("small", small as extern "C" fn(i8) -> i8 as usize),
        ("float", float as extern "C" fn(f32, u32) -> f32 as usize),
        ("pair", pair as extern "C" fn(i64, f64) -> Pair as usize),
        ("swap", swap as extern "C" fn(Pair) -> Pair as usize),
        ("sum", sum as extern "C" fn(Three, i64) -> i64 as usize),
        ("three", three as extern "C" fn(i64) -> Three as usize),
        ("mixed", mixed as *const () as usize),
    ];
    all.into_iter().map(|(name, address)| (name.to_owned(), address as u64)).collect()
}

/// What a function does.
pub fn simulate(world: &mut Copy, address: u64, args: &[u64]) -> Result<[u64; 2], Fault> {
    let names = names();
    let name = names.iter().find(|(_, a)| **a == address).map(|(name, _)| name.as_str());
    let f = f64::from_bits;
    Ok(match name {
        Some("add") => [add(args[0] as i32, args[1] as i32) as u32 as u64, 0],
        Some("half") => [half(f(args[0])).to_bits(), 0],
        Some("small") => [i32::from(small(args[0] as i8)) as u32 as u64, 0],
        Some("float") => [f64::from(float(f(args[0]) as f32, args[1] as u32)).to_bits(), 0],
        Some("pair") => [args[0], args[1]],
        Some("swap") => {
            let p = swap(Pair { a: args[0] as i64, b: f(args[1]) });
            [p.a as u64, p.b.to_bits()]
        }
        Some("sum") => {
            let word = |n: u64| world.get(args[0] + 8 * n, 8);
            let t = Three { a: word(0)? as i64, b: word(1)? as i64, c: f(word(2)?) };
            [sum(t, args[1] as i64) as u64, 0]
        }
        Some("three") => {
            let t = three(args[1] as i64);
            for (n, bits) in [t.a as u64, t.b as u64, t.c.to_bits()].into_iter().enumerate() {
                world.put(args[0] + 8 * n as u64, 8, bits)?;
            }
            [args[0], 0]
        }
        Some("mixed") => {
            let word = |at: u64, n: u64| world.get(at + 8 * n, 8);
            let mut parts = [0; 5];
            for (n, part) in parts.iter_mut().enumerate() {
                *part = world.get(args[1] + 4 * n as u64, 4)? as i32;
            }
            let t = Three { a: word(args[5], 0)? as i64, b: word(args[5], 1)? as i64, c: f(word(args[5], 2)?) };
            let n = |i: usize| args[i] as i64;
            let odd = Odd { parts };
            let sum = mixed(n(0), odd, f(args[2]), n(3), n(4), t, n(6), n(7), n(8), n(9), f(args[10]));
            [sum.to_bits(), 0]
        }
        _ => return Err(Fault(format!("there is no function at {address:#x}"))),
    })
}
