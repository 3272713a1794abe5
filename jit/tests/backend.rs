//! The backend by itself: what neither filetests nor random traces show.

#![allow(unsafe_code)]

mod common;

use common::world::{self, Block};
use moonwake_jit::ir::parse::parse;
use moonwake_jit::ir::{Trace, verify::verify};
use moonwake_lang::trace_state::ExitReason;
use moonwake_lang::value::Value;
use std::ffi::{CStr, c_char, c_int};

unsafe extern "C" {
    fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

fn read(text: &str) -> Trace {
    let trace = parse(text, &|_| None).expect("it parses");
    assert_eq!(verify(&trace), Ok(()));
    trace
}

#[test]
fn variadic_functions_are_told_of_vector_registers() {
    let mut buffer = [0 as c_char; 32];
    let format = c"%d %.2f %s %.1f";
    let word = c"and";
    let trace = read(&format!(
        "\
0001 int CALLC fn(ptr,i64,ptr,i32,f64,ptr,f64,...)->i32 ptr:{:#x} ( ptr:{:#x} +32LL ptr:{:#x} +42 +2.5 ptr:{:#x} -0.5 )
---- snap 0 pc=0x0 base=0 [ 1=0001 ]
link interpreter
",
        snprintf as *const () as usize,
        buffer.as_mut_ptr() as usize,
        format.as_ptr() as usize,
        word.as_ptr() as usize,
    ));
    let mut backend = world::backend();
    let compiled = backend.compile(&trace).expect("it compiles");
    let mut block = Block::new();
    let (exit, _) = block.execute(&backend, &trace, &compiled);
    assert_eq!(exit.reason, ExitReason::End);
    // SAFETY: snprintf wrote a string that ends with a NUL.
    let written = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    assert_eq!(written.to_str(), Ok("42 2.50 and -0.5"));
}

#[test]
fn exits_can_be_linked_and_unlinked() {
    let root = read(
        "\
trace 1 root pc=0x10
---- snap 0 pc=0x10 base=0 [ ]
0001    val   SLOAD   #1
0002 >  num   UNBOX   0001
---- snap 1 pc=0x20 base=2 [ 2=0002 ]
0003 >  none  GT      0002 +100.0
---- snap 2 pc=0x30 base=0 [ ]
link interpreter
",
    );
    let side = read(
        "\
trace 2 side 1/1 pc=0x20
0001    num   SLOAD   #0
0002    num   ADD     0001 +1.0
---- snap 0 pc=0x40 base=-1 [ 0=0002 ]
link interpreter
",
    );
    let mut block = Block::new();
    block.describe("stack 1 +5.0").expect("it is a world");
    let mut backend = world::backend();
    let root_code = backend.compile(&root).expect("it compiles");
    let side_code = backend.compile(&side).expect("it compiles");
    let (exit, _) = block.execute(&backend, &root, &root_code);
    assert_eq!((exit.reason, exit.pc), (ExitReason::Guard, 0x20));
    let exit = root_code.exits.iter().find(|e| e.snapshot.index() == 1).expect("the exit of snapshot 1");
    exit.record.link(side_code.code);
    assert_eq!(exit.record.target(), side_code.code);
    let (pc, base, value) = block.enter(&backend, &[&root_code, &side_code]);
    // The side trace ran in the frame of the exit, two slots up, and left one below that.
    assert_eq!((pc, base, value(2)), (0x40, 1, 6.0));
    exit.record.link(backend.to_interpreter());
    let (pc, base, value) = block.enter(&backend, &[&root_code, &side_code]);
    assert_eq!((pc, base, value(2)), (0x20, 2, 5.0));
}

/// What an exit puts off is done by the machine or by the side trace, once, also where that goes back to its own start.
#[test]
fn what_an_exit_puts_off_is_done_by_who_comes_next() {
    let names = |name: &str| (name == "point").then_some(0x1000);
    let root = "\
---- snap 0 pc=0x10 base=0 [ ]
0001    val   SLOAD   #1
0002 >  num   UNBOX   0001
0003 >  int   TOINT   0002
0004    val   SLOAD   #6
0005 >  tab   UNBOX   0004
---- snap 1 pc=0x20 base=2 [ 2=0003 3=0005 4=+7.0 5=true ]
0006 >  none  GT      0002 +100.0
---- snap 2 pc=0x30 base=0 [ ]
link interpreter
";
    let root = parse(root, &names).expect("it parses");
    // It is left once the number has become 8, three turns later, with the base one slot further up each turn.
    let side = "\
trace 2 side 1/1 pc=0x20
---- snap 0 pc=0x40 base=0 [ ]
0001    num   SLOAD   #0
0002 >  none  LT      0001 +8.0
0003    num   ADD     0001 +1.0
---- snap 1 pc=0x20 base=1 [ 1=0003 ]
link loop
";
    let side = parse(side, &names).expect("it parses");
    let mut block = Block::new();
    block.describe("table point 7\nstack 1 +5.0 nil nil nil nil tab:point").expect("it is a world");
    let mut backend = world::backend();
    let root_code = backend.compile(&root).expect("it compiles");
    let exit = root_code.exits.iter().find(|e| e.snapshot.index() == 1).expect("the exit of snapshot 1");
    let side_code = backend.compile_side(&side, &exit.record.late).expect("it compiles");
    let (pc, base, value) = block.enter(&backend, &[&root_code]);
    assert_eq!((pc, base, value(2 + 2), value(2)), (0x20, 2, 7.0, 5.0));
    assert_eq!((value(3).to_bits(), value(5).to_bits()), (value(6).to_bits(), Value::TRUE.0));
    exit.record.link(side_code.code);
    let (pc, base, value) = block.enter(&backend, &[&root_code, &side_code]);
    assert_eq!((pc, base), (0x40, 5));
    assert_eq!([2, 3, 4, 5].map(&value), [5.0, 6.0, 7.0, 8.0]);
}

#[test]
fn a_missing_helper_is_an_error() {
    let trace = read("0001 fun CLOSURE ptr:0x8 fun:0x8\n---- snap 0 pc=0x0 base=0 [ 1=0001 ]\nlink interpreter\n");
    let error = world::backend().compile(&trace).expect_err("there is no such helper here");
    assert_eq!(error.to_string(), "there is no runtime helper 'closure_new'");
}

#[test]
fn listings_map_code_to_instructions() {
    let trace =
        read("0001 num SLOAD #1\n0002 num ADD 0001 +1.0\n---- snap 0 pc=0x0 base=0 [ 1=0002 ]\nlink interpreter\n");
    let compiled = world::backend().compile(&trace).expect("it compiles");
    let listing = compiled.listing.expect("the backend keeps listings");
    assert!(listing.clif.contains("fadd") && listing.code.contains("addsd"));
    assert!(listing.origins.iter().any(|&(start, end, at)| start < end && at == 2));
}
