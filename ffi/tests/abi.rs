//! Call plans against the compiler: generated functions, called by their plans.
//!
//! For each function we fill in registers and stack as the plan says and leave garbage in whatever it does not mention. A few
//! lines of assembly load them and call. The function, compiled by the C compiler, compares its arguments with what they
//! should be and returns a value, which is compared where the plan says it is. Half of the functions are variadic.
#![cfg(target_arch = "x86_64")]

mod common;

use std::{fmt::Write, fs, path::PathBuf, process::Command};

use common::Random;
use moonwake_ffi::{
    abi::{CallPlan, Class, Extension, Piece, Place, RetPlan, plan_call},
    c::{declarations::Declarations, preprocess::Source},
    ctype::{CTypeId, Float, Function, Kind, Length},
};

/// The assembly, and what the program needs besides.
const PRELUDE: &str = r#"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
struct image { /* offsets are known to the assembly below */
    uint64_t ints[6];              /* 0 */
    unsigned char sse[8][16];      /* 48 */
    uint64_t al, words;            /* 176, 184 */
    const unsigned char *stack;    /* 192 */
    uint64_t rax, rdx;             /* 200, 208 */
    unsigned char xmm[2][16];      /* 216 */
    uint64_t x87;                  /* 248 */
    unsigned char st[2][16];       /* 256 */
};
void call(void *function, struct image *image);
__asm__(
    ".text\n.globl call\ncall:\n"
    "push %rbp\n mov %rsp, %rbp\n push %rbx\n push %r12\n mov %rdi, %r12\n mov %rsi, %rbx\n"
    "mov 184(%rbx), %rcx\n lea (,%rcx,8), %rax\n sub %rax, %rsp\n and $-64, %rsp\n"
    "mov %rsp, %rdi\n mov 192(%rbx), %rsi\n rep movsq\n"
    "movups 48(%rbx), %xmm0\n movups 64(%rbx), %xmm1\n movups 80(%rbx), %xmm2\n movups 96(%rbx), %xmm3\n"
    "movups 112(%rbx), %xmm4\n movups 128(%rbx), %xmm5\n movups 144(%rbx), %xmm6\n movups 160(%rbx), %xmm7\n"
    "mov (%rbx), %rdi\n mov 8(%rbx), %rsi\n mov 16(%rbx), %rdx\n mov 24(%rbx), %rcx\n mov 32(%rbx), %r8\n mov 40(%rbx), %r9\n"
    "mov 176(%rbx), %rax\n call *%r12\n"
    "mov %rax, 200(%rbx)\n mov %rdx, 208(%rbx)\n movups %xmm0, 216(%rbx)\n movups %xmm1, 232(%rbx)\n"
    "cmpq $1, 248(%rbx)\n jb 1f\n fstpt 256(%rbx)\n cmpq $2, 248(%rbx)\n jb 1f\n fstpt 272(%rbx)\n"
    "1: lea -16(%rbp), %rsp\n pop %r12\n pop %rbx\n pop %rbp\n ret\n");
static int wrong;
static int differ(const void *a, const unsigned char *b, const unsigned char *mask, int size) {
    for (int i = 0; i < size; i++) if ((((const unsigned char *)a)[i] ^ b[i]) & mask[i]) return 1;
    return 0;
}
#define CHECK(number, argument) do { if (differ(&argument, in##number, mask##number, sizeof in##number)) wrong = number + 1; } while (0)
"#;

const COMMON: &str = "typedef float quad __attribute__((vector_size(16)));\n\
    typedef char octet __attribute__((vector_size(8)));\nenum colour { RED, GREEN };\n\
    typedef union { int *i; float *f; } transparent __attribute__((transparent_union));\n";

const SCALARS: &[&str] = &[
    "char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "unsigned long long",
    "float",
    "double",
    "float",
    "double",
    "long double",
    "_Bool",
    "void *",
    "enum colour",
    "__int128",
    "_Complex float",
    "_Complex double",
    "_Complex long double",
    "quad",
    "octet",
    "_Float16",
    "_Float128",
];

/// Those that `va_arg` can name: promotion leaves them alone.
const PROMOTED: &[&str] =
    &["int", "unsigned", "long", "double", "double", "long double", "void *", "__int128", "_Complex double", "quad"];

struct Program {
    random: Random,
    structs: usize,
    text: String,
}

impl Program {
    /// Declares a struct or union, mostly a small one, and gives its name.
    fn record(&mut self) -> String {
        let keyword = if self.random.one_in(6) { "union" } else { "struct" };
        let mut body = String::new();
        for member in 0..1 + self.random.below(4) {
            let ctype = if self.structs > 0 && self.random.one_in(6) {
                self.random.below(self.structs).to_string()
            } else if self.random.one_in(8) {
                write!(body, "unsigned m{member} : {};", 1 + self.random.below(32)).unwrap();
                continue;
            } else {
                let ctype = self.random.pick(SCALARS);
                let array = if self.random.one_in(6) { format!("[{}]", self.random.below(4)) } else { String::new() };
                write!(body, "{ctype} m{member}{array};").unwrap();
                continue;
            };
            write!(body, "T{ctype} m{member};").unwrap();
        }
        let attributes = match self.random.below(20) {
            0 => " __attribute__((packed))",
            1 => " __attribute__((aligned(16)))",
            2 => " __attribute__((aligned(32)))",
            _ => "",
        };
        let name = format!("T{}", self.structs);
        self.structs += 1;
        writeln!(self.text, "typedef {keyword} {{ {body} }}{attributes} {name};").unwrap();
        name
    }

    fn param(&mut self) -> String {
        match self.random.below(10) {
            0..=4 => self.random.pick(SCALARS).into(),
            5..=6 if self.structs > 0 => format!("T{}", self.random.below(self.structs)),
            _ => self.record(),
        }
    }
}

/// The bytes of a value, and the bits of them that mean something: not padding, which gets lost on the way.
#[derive(Clone, Default)]
struct Bytes {
    value: Vec<u8>,
    mask: Vec<u8>,
}

impl Bytes {
    fn random(c: &Declarations, id: CTypeId, random: &mut Random) -> Bytes {
        let size = c.types().size_of(id).unwrap_or(0) as usize;
        let mut bytes = Bytes { value: vec![0; size], mask: vec![0; size] };
        bytes.fill(c, id, 0, random);
        bytes
    }

    fn set(&mut self, at: usize, value: u8, mask: u8) {
        self.value[at] |= value & mask;
        self.mask[at] |= mask;
    }

    fn fill(&mut self, c: &Declarations, id: CTypeId, at: usize, random: &mut Random) {
        let types = c.types();
        match types.kind(types.underlying(id)) {
            Kind::Bool => self.set(at, random.below(2) as u8, 0xFF),
            Kind::Float(Float::Extended) => {
                for index in 0..7 {
                    self.set(at + index, random.below(256) as u8, 0xFF);
                }
                for (index, byte) in [(7, 0x80), (8, 0xFF), (9, 0x3F)] {
                    self.set(at + index, byte, 0xFF);
                }
            }
            Kind::Complex(Float::Extended) => {
                self.fill(c, CTypeId::LONG_DOUBLE, at, random);
                self.fill(c, CTypeId::LONG_DOUBLE, at + 16, random);
            }
            Kind::Array { of, length: Length::Known(length) } => {
                let size = types.size_of(of).unwrap() as usize;
                (0..length as usize).for_each(|index| self.fill(c, of, at + index * size, random));
            }
            Kind::Record(record) => {
                let record = types.record(record);
                for member in &record.body.as_ref().unwrap().members {
                    let at = at + member.offset as usize;
                    match member.bits {
                        Some(bits) => (bits.start..bits.start + bits.width).for_each(|bit| {
                            self.set(at + usize::from(bit / 8), random.below(256) as u8, 1 << (bit % 8));
                        }),
                        None => self.fill(c, member.ctype, at, random),
                    }
                    if record.is_union {
                        break;
                    }
                }
            }
            _ => {
                let size = types.size_of(id).unwrap_or(0) as usize;
                (at..at + size).for_each(|at| self.set(at, random.below(256) as u8, 0xFF));
            }
        }
    }
}

fn array(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte},")).collect()
}

/// The registers and the stack before a call.
struct Image {
    ints: [[u8; 8]; 6],
    sses: [[u8; 16]; 8],
    stack: Vec<u8>,
}

impl Image {
    fn new(plan: &CallPlan, values: &[Bytes]) -> Image {
        let stack = vec![0xA5; plan.stack_bytes as usize];
        let mut image = Image { ints: [[0xA5; 8]; 6], sses: [[0xA5; 16]; 8], stack };
        for (arg, Bytes { value, .. }) in plan.args.iter().zip(values) {
            let extended = match arg.extension {
                Extension::None => value.clone(),
                Extension::Zero => [&value[..], &[0; 4]].concat()[..4].to_vec(),
                Extension::Sign => {
                    let sign = if value[value.len() - 1] & 0x80 != 0 { 0xFF } else { 0 };
                    [&value[..], &[sign; 4]].concat()[..4].to_vec()
                }
            };
            match &arg.place {
                Place::Nothing => {}
                Place::Registers(pieces) => {
                    for &Piece { offset, size, class, register } in pieces.iter() {
                        let bytes = if arg.extension == Extension::None {
                            &value[usize::from(offset)..usize::from(offset + size)]
                        } else {
                            &extended
                        };
                        let register = match class {
                            Class::Int => &mut image.ints[usize::from(register)][..],
                            Class::Sse => &mut image.sses[usize::from(register)][..],
                        };
                        register[..bytes.len()].copy_from_slice(bytes);
                    }
                }
                Place::Stack { offset } => {
                    let at = *offset as usize;
                    image.stack[at..at + extended.len()].copy_from_slice(&extended);
                }
            }
        }
        image
    }
}

/// Compares the functions of one seed.
fn compare(seed: u64, count: usize) {
    let mut program = Program { random: Random(seed), structs: 0, text: COMMON.to_owned() };
    let mut signatures = Vec::new();
    for _ in 0..count {
        let variadic = program.random.one_in(2);
        let fixed = usize::from(variadic) + program.random.below(8);
        let mut params: Vec<String> = (0..fixed).map(|_| program.param()).collect();
        if program.random.one_in(8) {
            params[0..fixed.min(1)].fill("transparent".into());
        }
        let more = if variadic { program.random.below(8) } else { 0 };
        for _ in 0..more {
            let record = program.random.one_in(3);
            params.push(if record { program.record() } else { program.random.pick(PROMOTED).into() });
        }
        let result = if program.random.one_in(8) { "void".into() } else { program.param() };
        signatures.push((result, params, fixed, variadic));
    }

    let mut c = Declarations::new();
    c.cdef(Source::pasted(&program.text, "generated"), &[]).unwrap_or_else(|error| panic!("{error}"));
    let (mut functions, mut calls) = (String::new(), String::new());
    for (number, (result, params, fixed, variadic)) in signatures.iter().enumerate() {
        let mut ids: Vec<CTypeId> = params.iter().map(|text| c.parse_type(text, &[]).unwrap()).collect();
        let more = ids.split_off(*fixed);
        let result_id = c.parse_type(result, &[]).unwrap();
        let function = Function {
            result: result_id,
            params: ids.clone().into(),
            variadic: *variadic,
            convention: Default::default(),
        };
        let plan = plan_call(c.types(), &function, &more).unwrap();

        let random = &mut program.random;
        let values: Vec<Bytes> = ids.iter().chain(&more).map(|&id| Bytes::random(&c, id, random)).collect();
        let returned = Bytes::random(&c, result_id, random);

        // The function.
        let mut list: Vec<String> = (0..*fixed).map(|index| format!("{} a{index}", params[index])).collect();
        if *variadic {
            list.push("...".into());
        }
        writeln!(functions, "{result} f{number}({}) {{", if list.is_empty() { "void".into() } else { list.join(", ") })
            .unwrap();
        if *variadic {
            writeln!(functions, "va_list ap; va_start(ap, a{});", fixed - 1).unwrap();
        }
        for (index, value) in values.iter().enumerate() {
            if index >= *fixed {
                writeln!(functions, "{0} a{index} = va_arg(ap, {0});", params[index]).unwrap();
            }
            let (value, mask) = (array(&value.value), array(&value.mask));
            writeln!(functions, "static const unsigned char in{index}[] = {{{value}}}, mask{index}[] = {{{mask}}};")
                .unwrap();
            writeln!(functions, "CHECK({index}, a{index});").unwrap();
        }
        writeln!(
            functions,
            "static const unsigned char out[] __attribute__((aligned(64))) = {{{}}};",
            array(&returned.value)
        )
        .unwrap();
        writeln!(functions, "{}}}", if result == "void" { "".into() } else { format!("return *({result} *)out;\n") })
            .unwrap();

        // The call.
        let image = Image::new(&plan, &values);
        let ints: String = image.ints.iter().map(|int| format!("{}ULL,", u64::from_le_bytes(*int))).collect();
        let sses: String = image.sses.iter().map(|sse| format!("{{{}}},", array(sse))).collect();
        writeln!(
            calls,
            "{{ static const unsigned char stack[] = {{{}}}, out[] = {{{}}}, mask[] = {{{}}};",
            array(&image.stack),
            array(&returned.value),
            array(&returned.mask)
        )
        .unwrap();
        writeln!(calls, "static unsigned char memory[{}] __attribute__((aligned(64)));", returned.value.len() + 1)
            .unwrap();
        let x87 = if let RetPlan::X87 { count } = plan.ret { count } else { 0 };
        let (al, words) = (plan.sse_registers, image.stack.len() / 8);
        writeln!(
            calls,
            "static struct image i = {{ {{{ints}}}, {{{sses}}}, {al}, {words}, stack, 0, 0, {{}}, {x87} }};"
        )
        .unwrap();
        if let RetPlan::Memory { .. } = plan.ret {
            writeln!(calls, "i.ints[0] = (uint64_t)memory;").unwrap();
        }
        writeln!(calls, "wrong = 0; call((void *)f{number}, &i); int lost = 0;").unwrap();
        match &plan.ret {
            RetPlan::Nothing => {}
            RetPlan::Registers { pieces, .. } => {
                for &Piece { offset, size, class, register } in pieces.iter() {
                    let from = match (class, register) {
                        (Class::Int, 0) => "&i.rax".into(),
                        (Class::Int, _) => "&i.rdx".into(),
                        (Class::Sse, register) => format!("i.xmm[{register}]"),
                    };
                    writeln!(calls, "lost |= differ({from}, out + {offset}, mask + {offset}, {size});").unwrap();
                }
            }
            RetPlan::Memory { size, .. } => {
                writeln!(calls, "lost |= differ(memory, out, mask, {size}) || i.rax != (uint64_t)memory;").unwrap();
            }
            RetPlan::X87 { count } => {
                for index in 0..*count {
                    writeln!(calls, "lost |= differ(i.st[{index}], out + {index} * 16, mask + {index} * 16, 10);")
                        .unwrap();
                }
            }
        }
        writeln!(
            calls,
            "if (wrong) printf(\"{number} argument %d\\n\", wrong - 1); if (lost) puts(\"{number} result\"); }}"
        )
        .unwrap();
    }

    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("abi");
    fs::create_dir_all(&folder).unwrap();
    let (source, binary) = (folder.join(format!("{seed:x}.c")), folder.join(format!("{seed:x}")));
    let text =
        format!("{PRELUDE}{}{functions}int main(void) {{\n{calls}\nputs(\"done\"); return 0; }}\n", program.text);
    fs::write(&source, text).unwrap();
    let compiled =
        Command::new("cc").args(["-w", "-O0", "-o"]).arg(&binary).arg(&source).output().expect("a C compiler");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = String::from_utf8(Command::new(&binary).output().unwrap().stdout).unwrap();
    if output != "done\n" {
        let number: usize = output.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let (result, params, fixed, _) = &signatures[number];
        let used: Vec<&str> = program
            .text
            .lines()
            .filter(|line| params.iter().chain([result]).any(|name| line.ends_with(&format!(" {name};"))))
            .collect();
        panic!("seed {seed:#x}: {output}{result} f({}), {fixed} fixed\n{}", params.join(", "), used.join("\n"));
    }
}

/// 300 functions; as many thousands as `ABI_THOUSANDS` says, if it says so.
#[test]
fn generated_functions_are_called_as_the_compiler_expects() {
    let thousands = std::env::var("ABI_THOUSANDS").map_or(0, |text| text.parse::<u64>().expect("a number"));
    for run in 0..(3 * thousands).max(1) {
        compare(0xAB1_C0DE + 0x9E37_79B9_7F4A_7C15u64.wrapping_mul(run), 300);
    }
}
