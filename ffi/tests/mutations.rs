//! Text that is nearly C: thousands of mutations of declarations and macros. Nothing may panic or hang, and an error may
//! leave nothing behind. The seeds are fixed; `MUTATIONS` in the environment asks for more.

mod common;

use std::{
    fs,
    time::{Duration, Instant},
};

use common::Random;
use moonwake_ffi::c::{declarations::Declarations, headers::MemoryHeaders, preprocess::Source};

const DECLARATIONS: &str = "typedef struct node { struct node *next; int a : 3, : 0, b : 5; union { float f; char c[4]; }; } node;\n\
    enum e { A, B = 1 << 3, C = sizeof(node) } ; static const int K = (A + B) * -2 ? 3 : 'x';\n\
    int (*table[3])(const char *, ...), f(int a[], void (*)(void)) __attribute__((noreturn, aligned(8)));\n\
    #pragma pack(push, 1)\nstruct p { double d; _Alignas(16) char x; } __attribute__((packed)); typeof(K) k;\n\
    #define MAX(a, b) ((a) > (b) ? (a) : (b))\n#define CAT(a, ...) a ## __VA_ARGS__ #a\n\
    #if defined MAX && (MAX(1, 2) == 2) || 0x10 % 3\nint CAT(x, y)[MAX(2, 3)];\n#elif 0\n#else\n#endif\n\
    #include \"self.h\"\n_Static_assert(sizeof(struct p) >= 9, \"p\"); inline int g(int x) { return x; }\n\
    float __attribute__((vector_size(16))) v; unsigned long long int u; int ar[]; struct v { int n; int data[?]; };\n\
    _Complex double z; int &r; enum t : char { T }; extern int y __asm__(\"sym\"); char s[] = \"a\\n\" \"b\";\n";

/// Tokens that are put where they do not belong.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ",",
    "*",
    "&",
    "#",
    "##",
    "\n#",
    "\\\n",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "int",
    "struct",
    "enum",
    "union",
    "typedef",
    "const",
    "static",
    "sizeof",
    "typeof(",
    "__attribute__((",
    "))",
    "aligned",
    "mode(",
    ":",
    "?",
    "...",
    "=",
    "+",
    "-",
    "<<",
    "/ 0",
    "% 0",
    "0",
    "1",
    "-1",
    "0xffffffffffffffff",
    "1e999",
    "'\\777'",
    "_Generic(",
    "default",
    "node",
    "A",
    "MAX",
    "MAX(",
    "CAT(",
    "__VA_ARGS__",
    "__VA_OPT__(",
    "defined",
    "#define f f(",
    "#include \"self.h\"\n",
    "$",
    "@",
    "\0",
    "\u{fc}",
    "_Pragma(\"pack(1)\")",
    "\n#pragma pack(pop)\n",
    "__COUNTER__",
    "__LINE__",
    "\n#if 1\n",
    "\n#endif\n",
    "\n#else\n",
    "[[",
    "->",
    "(int)",
    "9223372036854775807",
    "__builtin_offsetof(node, a)",
    "_Static_assert(0, \"\")",
    "complex",
    "_Alignas(",
    "void",
    "~",
    "!",
];

fn mutated(text: &str, random: &mut Random) -> String {
    let mut words: Vec<String> = text.split_inclusive([' ', '\n', '(', ',', ';']).map(str::to_owned).collect();
    for _ in 0..1 + random.below(6) {
        let at = random.below(words.len());
        match random.below(7) {
            0 => drop(words.remove(at)),
            1 => words[at] = random.pick(PIECES).into(),
            2 => words.insert(at, random.pick(PIECES).into()),
            3 => {
                let other = random.below(words.len());
                words.swap(at, other);
            }
            4 => {
                let copy = words[at].clone();
                words.insert(random.below(words.len()), copy);
            }
            5 => {
                let count = 1 + random.below(20);
                words[at] = random.pick(PIECES).repeat(count);
            }
            _ => words.truncate((at + 1).max(words.len() / 2)),
        }
        if words.is_empty() {
            words.push(";".into());
        }
    }
    words.concat()
}

#[test]
fn mutated_declarations_neither_panic_nor_hang() {
    let headers = || MemoryHeaders {
        files: [("self.h".into(), b"#ifndef S\n#define S\nint in_self; \n#include \"self.h\"\n#endif".to_vec())].into(),
        folders: vec!["".into()],
    };
    let count = std::env::var("MUTATIONS").map_or(6_000, |text| text.parse().expect("a number"));
    let tests = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/preprocessor_cases.h")).unwrap();
    let mut texts: Vec<&str> = tests.split("----\n").collect();
    texts.extend([DECLARATIONS; 40]);

    let mut random = Random(0xDECAF);
    let (mut good, mut bad) = (0, 0);
    let mut c = Declarations::with_headers(Box::new(headers()));
    for round in 0..count {
        if round % 100 == 0 {
            c = Declarations::with_headers(Box::new(headers()));
            c.cdef(Source::pasted("typedef int kept; struct kept { int x; };", "test"), &[]).unwrap();
        }
        let text = random.pick(&texts);
        let text = mutated(text, &mut random);
        let before = c.scope().iter().count();
        let start = Instant::now();
        match c.cdef(Source::pasted(&text, "mutated"), &[]) {
            Ok(()) => good += 1,
            Err(error) => {
                bad += 1;
                assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error:?}");
                assert_eq!(c.scope().iter().count(), before, "{error}: {text}");
            }
        }
        let names: Vec<_> = c.names().find("MAX").into_iter().chain(c.names().find("f")).collect();
        for name in names {
            let _ = c.lookup_name(name);
            let _ = c.call_macro(name, &[]);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {text}", start.elapsed());
    }
    assert!(good > count / 50 && bad > count / 5, "{good} good, {bad} bad");
}

#[test]
fn any_bytes_are_an_error_at_worst() {
    let mut random = Random(0xB17E5);
    let mut c = Declarations::with_headers(Box::new(MemoryHeaders::default()));
    for _ in 0..4_000 {
        let bytes: Vec<u8> =
            (0..random.below(200))
                .map(|_| {
                    if random.one_in(3) {
                        random.below(256) as u8
                    } else {
                        random.pick(b"int x*(){}[]#;,\"'\\\n/ 0.e+L")
                    }
                })
                .collect();
        let _ = c.cdef(Source::pasted(&bytes, "bytes"), &[]);
        let _ = c.parse_type(&bytes, &[]);
        let _ = c.lookup(&bytes);
    }
}
