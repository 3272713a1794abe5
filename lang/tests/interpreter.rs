//! The interpreter on hand-assembled functions: what does not need the compiler.

use moonwake_lang::bytecode::{Constant, Ins, Op, Prototype};
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;

fn prototype(code: Vec<u32>, constants: Vec<Constant>, registers: u8) -> Prototype {
    Prototype {
        lines: vec![1; code.len()],
        code,
        constants,
        children: Vec::new(),
        upvalues: Vec::new(),
        upvalue_names: Vec::new(),
        locals: Vec::new(),
        params: 0,
        vararg: false,
        registers,
        first_line: 0,
        last_line: 0,
        chunk_name: b"=test"[..].into(),
    }
}

fn run(prototype: Prototype) -> Vec<Value> {
    let mut vm = Vm::new();
    let function = vm.instantiate(prototype);
    vm.call(Value::from(function), &[]).expect("the function returns")
}

/// `local s = 0; for i = 1, n do s = s + i end; return s`
fn sum(n: f64) -> Prototype {
    let ad = |op, a, d: i16| Ins::ad(op, a, d as u16).0;
    let code = vec![
        ad(Op::FUNC, 5, 0),
        ad(Op::KSHORT, 0, 0),
        ad(Op::KSHORT, 1, 1),
        ad(Op::KCONST, 2, 0),
        ad(Op::KSHORT, 3, 1),
        ad(Op::FORPREP, 1, 0),
        3,
        Ins::abc(Op::ADDRR, 0, 0, 4).0,
        ad(Op::FORLOOP, 1, 0),
        -3i32 as u32,
        ad(Op::RETURN1, 0, 0),
    ];
    prototype(code, vec![Constant::Number(n)], 5)
}

#[test]
fn a_loop_sums() {
    assert_eq!(run(sum(100.0)), [Value::number(5050.0)]);
    assert_eq!(run(sum(0.0)), [Value::number(0.0)]);
}

#[test]
fn ten_million_instructions_need_no_native_stack() {
    let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
    let run = small_stack.spawn(|| run(sum(5e6)) == [Value::number(12_500_002_500_000.0)]).expect("a thread starts");
    assert!(run.join().expect("the stack did not overflow"));
}

#[test]
fn wrong_operands_are_errors_with_a_position() {
    let code = vec![
        Ins::ad(Op::FUNC, 2, 0).0,
        Ins::ad(Op::KPRI, 0, 2).0,
        Ins::abc(Op::ADDRR, 1, 0, 0).0,
        Ins::ad(Op::RETURN1, 1, 0).0,
    ];
    let mut vm = Vm::new();
    let function = vm.instantiate(prototype(code, Vec::new(), 2));
    let error = vm.call(Value::from(function), &[]).expect_err("booleans have no sum");
    let message = error.value.as_str().expect("the error is a message");
    assert_eq!(message.bytes(), b"test:1: attempt to perform arithmetic on a boolean value");
}

#[test]
fn what_is_no_function_cannot_be_called() {
    let mut vm = Vm::new();
    let error = vm.call(Value::number(1.0), &[]).expect_err("a number is no function");
    assert_eq!(error.value.as_str().expect("a message").bytes(), b"attempt to call a number value");
}
