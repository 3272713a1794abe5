//! Programs and dumps spoilt at random: the front end neither panics nor hangs nor takes memory without bounds, what it still compiles
//! is well formed, and no spoilt dump is loaded.
//!
//! What is done to them comes from a generator with fixed seeds, so that a failure repeats.
//! `MOONWAKE_MUTATIONS=1000000 cargo test --release -p moonwake-lang --test mutations` runs for longer: a minute for a million programs.

#![allow(unsafe_code)]

use moonwake_lang::bytecode::dump::{dump, undump};
use moonwake_lang::bytecode::verify::verify;
use moonwake_lang::compile::compile;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is put into programs; longer runs of these make deep nesting.
const FRAGMENTS: &[&str] = &[
    "end",
    "do",
    "then",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "=",
    "==",
    ",",
    ";",
    ":",
    "::",
    ".",
    "..",
    "...",
    "+",
    "-",
    "not",
    "nil",
    "function",
    "local",
    "return",
    "break",
    "goto",
    "if",
    "else",
    "elseif",
    "while",
    "for",
    "repeat",
    "until",
    "in",
    "x",
    "y",
    "1",
    "'s'",
    "\n",
    "[[a]]",
    "3x",
    "\"",
    "'",
    "\\",
    "@",
    "$",
    "and",
    "or",
    "#",
    "^",
    "<",
    "~=",
    "--",
    "--[[",
    "goto x",
    "::x::",
    "break;",
    "local function",
    "f(",
    "a.b",
    "a:b",
    "{}",
    "\n(",
    "0x",
    "1..2",
    "?",
    "??",
    "?.",
    "->",
    "|",
    "||",
    "|a|",
    "&",
    "~",
    "<<",
    "~>>",
    "!",
    "!=",
    "+=",
    "..=",
    "const",
    "continue",
    "const x = 1",
    "a ? b :",
    "x -> x",
    "\0",
    "\u{ff}",
    "0b1",
    "1i",
    "5LL",
    "local function f() return x, ... end",
    "for i = 1, 2 do",
    "for k, v in x do",
    "while x do local y = || -> y",
    "repeat local z",
    "if a and b or not c then",
    "a.b.c[1], d = 1, f()",
    "{ x = a, y = 1, ... }",
    "return f(x, ...)",
    "a?.b?.c(1)",
];

const PROGRAMS: &[&str] = &[
    "local t = {} for i, v in ipairs(t) do if v then continue end t[i] ??= v end",
    "const limit = 10 local f = |a, b| -> a > b ? a : b ?? limit return f(1, 2), t?.x?.[1]",
    "local a, b, c = ... a.x, b[c], c = c, a.x, b goto done do local x = a; f = function() x += 1 return x end end ::done::",
    "while a do local x; if x then break end; fs[1] = function() return x end end repeat local y until (function() return y end)()",
];

struct Random(u64);

impl Random {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}

fn mutate(source: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(source.len() + 1);
    let fragment = FRAGMENTS[random.below(FRAGMENTS.len())];
    let end = (at + random.below(8)).min(source.len());
    match random.below(8) {
        0 => drop(source.drain(at..end)),
        1 => source.truncate(at),
        2 => source.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.below(256) as u8),
        3 => {
            // The same text again, somewhere else.
            let copy = source[at.min(end)..(at + 40).min(source.len())].to_vec();
            let to = random.below(source.len() + 1);
            source.splice(to..to, copy);
        }
        4 => {
            let many = format!(" {fragment} ").repeat(1 + random.below(300));
            source.splice(at..at, many.into_bytes());
        }
        _ => {
            // At the edge of a token more often than not.
            let edge = source[at..].iter().position(|c| !c.is_ascii_alphanumeric()).map_or(at, |more| at + more);
            source.splice(edge..edge, format!(" {fragment} ").into_bytes());
        }
    }
}

/// The allocator of the system, which counts what a thread holds and how much it ever held.
struct Counting;

thread_local! {
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    // While a thread ends, nothing is counted.
    let _ = HELD.try_with(|held| {
        let now = held.get().0 + bytes;
        held.set((now, held.get().1.max(now)));
    });
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the front end may hold at once: so much, and so much for each byte of source.
const MEMORY: isize = 1 << 20;
const MEMORY_PER_BYTE: isize = 1000;

/// The programs of `tests/bytecode`, of the test scripts and of the benchmarks, and those above.
fn programs() -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/bytecode", "tests/stdlib", "../tests/lua", "../benchmarks/programs"];
    let files = folders.iter().flat_map(|folder| here.join(folder).read_dir().unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
    files.sort();
    let files = files.iter().map(|path| std::fs::read(path).unwrap());
    PROGRAMS.iter().map(|program| program.as_bytes().to_vec()).chain(files).collect()
}

/// How many programs to spoil.
fn count_of_mutations(usual: u64) -> u64 {
    std::env::var("MOONWAKE_MUTATIONS").map_or(usual, |count| count.parse().unwrap())
}

#[test]
fn spoilt_programs_are_refused_or_compiled() {
    let programs = programs();
    let count = count_of_mutations(3000);
    let (mut compiled, mut slowest) = (0, Duration::ZERO);
    for seed in 1..=count {
        let mut random = Random(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        // The short ones, of which more is spoilt, more often.
        let last = random.below(programs.len()) + 1;
        let mut source = programs[random.below(last)].clone();
        for _ in 0..random.below(5) {
            mutate(&mut source, &mut random);
        }
        let start = Instant::now();
        HELD.set((0, 0));
        let result = catch_unwind(|| compile(&source, b"=mutation").map(|prototype| verify(&prototype)));
        let most = HELD.get().1;
        let shown = || format!("seed {seed}:\n{}", String::from_utf8_lossy(&source));
        assert!(most < MEMORY + MEMORY_PER_BYTE * source.len() as isize, "{most} bytes were taken by {}", shown());
        match result {
            Ok(Ok(well_formed)) => {
                compiled += 1;
                assert!(well_formed, "malformed code comes from {}", shown());
            }
            Ok(Err(_)) => {}
            Err(_) => panic!("{}", shown()),
        }
        slowest = slowest.max(start.elapsed());
    }
    assert!(compiled > count / 10, "only {compiled} programs survived, which tests little of the compiler");
    assert!(slowest < Duration::from_secs(5), "the slowest took {slowest:?}");
}

#[test]
fn spoilt_dumps_are_refused() {
    let dumps: Vec<_> =
        programs().iter().filter_map(|source| Some(dump(&compile(source, b"@mutation").ok()?, false))).collect();
    for seed in 1..=count_of_mutations(3000) {
        let mut random = Random(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let whole = &dumps[random.below(dumps.len())];
        let mut bytes = whole.clone();
        for _ in 0..1 + random.below(4) {
            mutate(&mut bytes, &mut random);
        }
        HELD.set((0, 0));
        let result = catch_unwind(|| undump(&bytes, b"=mutation").is_ok());
        let most = HELD.get().1;
        assert!(result.is_ok_and(|is_loaded| !is_loaded || bytes == *whole), "seed {seed}");
        assert!(most < MEMORY + MEMORY_PER_BYTE * bytes.len() as isize, "seed {seed}: {most} bytes were taken");
    }
}
