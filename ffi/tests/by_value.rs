//! Structs by value, hundreds of them: generated, compiled by the C compiler, and sent to C and back.
//!
//! For each struct there are four functions. C compares what arrived member by member, so what it sees is what was sent:
//!
//! ```text
//!     same(s, &s)                        whether both are equal
//!     echo(s)                            s
//!     crowd(5 integers, s, 7 doubles, s, an integer, &s)    the same when few registers are left
//!     back(f, s)                         what the callback f(s, 1.5, s) makes of s, twice
//! ```

mod common;

use common::{Random, compile, machine, text};
use std::fmt::Write;

/// A place for a number inside a struct.
struct Leaf {
    path: String,
    /// A Lua expression.
    value: String,
}

/// A struct under construction.
#[derive(Default)]
struct Shape {
    members: String,
    leaves: Vec<Leaf>,
    size: usize,
}

const NUMBERS: &[(&str, usize)] = &[
    ("int8_t", 1),
    ("uint8_t", 1),
    ("bool", 1),
    ("int16_t", 2),
    ("uint16_t", 2),
    ("int", 4),
    ("unsigned", 4),
    ("float", 4),
    ("float", 4),
    ("int64_t", 8),
    ("uint64_t", 8),
    ("double", 8),
    ("double", 8),
    ("void *", 8),
    ("long double", 16),
];

fn value(random: &mut Random, ctype: &str) -> String {
    let n = random.below(100) as i64;
    match ctype {
        "bool" => (n % 2 == 0).to_string(),
        "float" | "double" | "long double" => format!("{}.5", n - 50),
        "void *" => format!("ffi.cast('void *', {})", n * 4096),
        "int64_t" => format!("{}LL", (n - 50) * 12_345_678_901),
        "uint64_t" => format!("{}ULL", n as u64 * 98_765_432_109),
        _ if ctype.starts_with('u') => (n + 100).to_string(),
        _ => (n - 50).to_string(),
    }
}

impl Shape {
    fn number(&mut self, random: &mut Random, at: &str, index: usize) {
        let (ctype, size) = random.pick(NUMBERS);
        writeln!(self.members, "{ctype} m{index};").unwrap();
        self.leaves.push(Leaf { path: format!("{at}m{index}"), value: value(random, ctype) });
        self.size = self.size.next_multiple_of(size) + size;
    }

    fn bit_field(&mut self, random: &mut Random, at: &str, index: usize) {
        let width = 1 + random.below(31);
        writeln!(self.members, "unsigned m{index} : {width};").unwrap();
        let value = random.below(1 << width).to_string();
        self.leaves.push(Leaf { path: format!("{at}m{index}"), value });
        self.size += 4;
    }

    fn array(&mut self, random: &mut Random, at: &str, index: usize) {
        let ((ctype, size), length) = (random.pick(NUMBERS), 1 + random.below(4));
        writeln!(self.members, "{ctype} m{index}[{length}];").unwrap();
        for i in 0..length {
            self.leaves.push(Leaf { path: format!("{at}m{index}[{i}]"), value: value(random, ctype) });
        }
        self.size = self.size.next_multiple_of(size) + length * size;
    }

    /// A struct or union inside; of a union one member counts.
    fn record(&mut self, random: &mut Random, at: &str, index: usize, depth: usize) {
        let is_union = random.one_in(3);
        let inside = shape(random, &format!("{at}m{index}."), depth + 1);
        let keyword = if is_union { "union" } else { "struct" };
        writeln!(self.members, "{keyword} {{\n{}}} m{index};", inside.members).unwrap();
        let kept = if is_union { 1 } else { inside.leaves.len() };
        let mut leaves = inside.leaves;
        let first = random.below(leaves.len());
        if is_union {
            leaves.swap(0, first);
        }
        self.leaves.extend(leaves.into_iter().take(kept));
        self.size = self.size.next_multiple_of(8) + inside.size;
    }
}

fn shape(random: &mut Random, at: &str, depth: usize) -> Shape {
    let mut shape = Shape::default();
    for index in 0..1 + random.below(if depth == 0 { 6 } else { 3 }) {
        match random.below(10) {
            0 | 1 if depth < 2 => shape.record(random, at, index, depth),
            2 => shape.array(random, at, index),
            3 => shape.bit_field(random, at, index),
            _ => shape.number(random, at, index),
        }
        if shape.size > 48 {
            break;
        }
    }
    shape
}

/// Declarations for C and Lua, and the C functions.
fn declare(header: &mut String, source: &mut String, number: usize, packed: bool, shape: &Shape) {
    let attribute = if packed { " __attribute__((packed))" } else { "" };
    let (s, integers) = (format!("struct s{number}"), "int64_t a, int64_t b, int64_t c, int64_t d, int64_t e");
    let doubles = "double f, double g, double h, double i, double j, double k, double l";
    let same = format!("int same{number}({s} s, const {s} *t)");
    let echo = format!("{s} echo{number}({s} s)");
    let crowd = format!("int crowd{number}({integers}, {s} s, {doubles}, {s} t, int64_t n, const {s} *u)");
    let back = format!("{s} back{number}({s} (*f)({s}, double, {s}), {s} s)");
    writeln!(header, "struct{attribute} s{number} {{\n{}}};", shape.members).unwrap();
    for function in [&same, &echo, &crowd, &back] {
        writeln!(header, "{function};").unwrap();
    }
    let equal = |a: &str, b: &str| {
        let terms: Vec<_> = shape.leaves.iter().map(|leaf| format!("{a}{0} == {b}{0}", leaf.path)).collect();
        terms.join(" && ")
    };
    writeln!(source, "{same} {{ return {}; }}", equal("s.", "t->")).unwrap();
    writeln!(source, "{echo} {{ return s; }}").unwrap();
    let numbers = "a + b + c + d + e + n == 21 && f + g + h + i + j + k + l == 28";
    writeln!(source, "{crowd} {{ return {numbers} && {} && {}; }}", equal("s.", "u->"), equal("t.", "u->")).unwrap();
    writeln!(source, "{back} {{ return f(f(s, 1.5, s), 1.5, s); }}").unwrap();
}

/// The Lua code that tests one struct.
fn test(number: usize, shape: &Shape) -> String {
    let mut script = format!("local s = ffi.new('struct s{number}')\n");
    for Leaf { path, value } in &shape.leaves {
        writeln!(script, "s.{path} = {value}").unwrap();
    }
    writeln!(script, "local function check(t, what)").unwrap();
    writeln!(script, "assert(lib.same{number}(t, s) == 1, 's{number} ' .. what)").unwrap();
    for Leaf { path, .. } in &shape.leaves {
        writeln!(script, "assert(t.{path} == s.{path}, 's{number}.{path} ' .. what)").unwrap();
    }
    writeln!(
        script,
        "end
        check(s, 'sent')
        check(lib.echo{number}(s), 'returned')
        assert(lib.crowd{number}(1, 2, 3, 4, 5, s, 1, 2, 3, 4, 5, 6, 7, s, 6, s) == 1, 's{number} in a crowd')
        local count = 0
        local result = lib.back{number}(function(a, number, b)
            assert(number == 1.5)
            check(a, 'in a callback')
            check(b, 'in a callback, second')
            count = count + 1
            return count == 1 and b or a
        end, s)
        assert(count == 2)
        check(result, 'from a callback')"
    )
    .unwrap();
    script
}

fn run(seed: u64, count: usize) {
    let mut random = Random(seed);
    let (mut header, mut source, mut tests) = (String::new(), String::new(), Vec::new());
    header.push_str("#include <stdbool.h>\n#include <stdint.h>\n");
    for number in 0..count {
        let shape = shape(&mut random, "", 0);
        declare(&mut header, &mut source, number, random.one_in(8), &shape);
        tests.push(test(number, &shape));
    }
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("by_value-{seed}.c"));
    std::fs::write(&file, format!("{header}{source}")).unwrap();
    let library = compile(&format!("by_value-{seed}"), &file);
    let mut vm = machine();
    let prelude = format!("ffi = require 'ffi'; ffi.cdef [==[{header}]==]; lib = ffi.load('{}')", library.display());
    let mut execute = |source: &str| {
        let chunk = vm.load(source.as_bytes(), b"=by_value").map_err(|m| text(&m))?;
        vm.call(chunk.into(), &[]).map(drop).map_err(|e| text(vm.raw_tostring(e.value).bytes()))
    };
    execute(&prelude).unwrap();
    // For a run by hand, with the JIT.
    let all: Vec<String> =
        tests.iter().map(|test| format!("(function()\nfor turn = 1, 20 do\n{test}\nend\nend)();\n")).collect();
    let by_hand = format!("{prelude};\n{}", all.concat());
    std::fs::write(file.with_extension("lua"), by_hand).unwrap();
    let failures: Vec<String> = tests.iter().filter_map(|test| execute(test).err()).collect();
    assert!(
        failures.is_empty(),
        "{} of {count} with seed {seed}, in {}\n{}",
        failures.len(),
        file.display(),
        failures.join("\n")
    );
}

#[test]
fn generated_structs_arrive_as_they_were_sent() {
    run(0x5EED, 150);
}

#[test]
fn more_generated_structs() {
    run(0xBEEF, 150);
}
