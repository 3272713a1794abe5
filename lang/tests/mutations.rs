//! Programs spoilt at random: the front end neither panics nor hangs, and what it still compiles is well formed.
//!
//! The programs are those of `tests/bytecode` and a few here; what is done to them comes from a generator with fixed seeds, so that
//! a failure repeats. `MOONWAKE_MUTATIONS=1000000 cargo test --release --test mutations` runs for longer.

use moonwake_lang::bytecode::verify::verify;
use moonwake_lang::compile::compile;
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

#[test]
fn spoilt_programs_are_refused_or_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<Vec<u8>> = PROGRAMS.iter().map(|program| program.as_bytes().to_vec()).collect();
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "lua")).collect();
    files.sort();
    programs.extend(files.iter().map(|path| std::fs::read(path).unwrap()));

    let count = std::env::var("MOONWAKE_MUTATIONS").map_or(4000, |count| count.parse().unwrap());
    let (mut compiled, mut slowest) = (0, Duration::ZERO);
    for seed in 1..=count {
        let mut random = Random(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let mut source = programs[random.below(programs.len())].clone();
        for _ in 0..random.below(4) {
            mutate(&mut source, &mut random);
        }
        let start = Instant::now();
        if let Ok(prototype) = compile(&source, b"=mutation") {
            compiled += 1;
            assert!(verify(&prototype), "seed {seed}: malformed code from\n{}", String::from_utf8_lossy(&source));
        }
        slowest = slowest.max(start.elapsed());
    }
    assert!(compiled > count / 10, "only {compiled} programs survived, which tests little of the compiler");
    assert!(slowest < Duration::from_secs(5), "the slowest took {slowest:?}");
}
