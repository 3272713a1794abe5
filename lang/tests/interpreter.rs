//! The interpreter on hand-assembled functions: what does not need the compiler.

use moonwake_lang::bytecode::{Constant, Ins, Op, Prototype};
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;
use moonwake_lang::vm::native::{NativeFunction, Outcome};

fn prototype(code: Vec<u32>, constants: Vec<Constant>, registers: u8) -> Prototype {
    Prototype {
        lines: vec![1; code.len()],
        code,
        constants,
        children: Vec::new(),
        upvalues: Vec::new(),
        fixed_upvalues: 0,
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

static SET_METATABLE: NativeFunction = NativeFunction {
    name: "setmetatable",
    function: |call| {
        let (table, metatable) = (call.table(0)?, call.table(1)?);
        call.vm.heap.set_metatable(table, Some(metatable));
        call.one(table)
    },
};

static PROTECTED_CALL: NativeFunction = NativeFunction { name: "pcall", function: |_| Ok(Outcome::ProtectedCall) };

/// A machine with `setmetatable` and `pcall`, running `source`.
fn run_source(source: &str) -> (Box<Vm>, Vec<Value>) {
    let mut vm = Vm::new();
    for native in [&SET_METATABLE, &PROTECTED_CALL] {
        let (name, function) = (vm.heap.intern(native.name.as_bytes()), vm.new_native(native, &[]));
        let globals = vm.globals();
        vm.heap.set_str(globals, name, function.into());
    }
    let function = vm.load(source.as_bytes(), b"=test").expect("the source is right");
    let values = vm.call(Value::from(function), &[]).expect("the function returns");
    (vm, values)
}

#[test]
fn no_path_through_a_handler_needs_native_stack() {
    let source = "
        local mt = {}
        mt.__index = function(t, k) return k end
        mt.__newindex = function(t, k, v) end
        mt.__add = function(a, b) return 1 end
        mt.__unm = mt.__add mt.__concat = mt.__add mt.__call = mt.__add mt.__div = mt.__add
        mt.__eq = function() return true end mt.__lt = mt.__eq mt.__le = mt.__eq
        local a, b = setmetatable({}, mt), setmetatable({}, mt)
        local function vararg(...) return ... end
        local function fail() return nil + 1 end
        local function iterator(s, c) if c < 2 then return c + 1 end end
        local function tail(n) if n > 0 then return tail(n - 1) end return vararg(n, n) end
        local up = 0
        local n = 0
        for i = 1, 20000 do
          n = n + (a + 1) + (-a) + (a .. b) + a(i) + a.x1 * 0 + a[i] * 0 + (2 / a)
          a.y = i a[i] = i
          if a == b then n = n + 1 end if a < b then n = n + 1 end if a <= b then n = n + 1 end if not (a > b) then n = n + 1 end
          local x, y, z = vararg(i, i, vararg(i))
          up = up + x - y
          local t = {x, y, vararg(1, 2, 3)}
          local f = function() up = up + 1 return t end
          n = n + #f() + (pcall(fail) and 1 or 0)
          for k in iterator, nil, 0 do n = n + k end
          n = n + tail(3)
          local s = 'a' .. i .. '1' + 1
        end
        return n"
    .replace("a.x1 * 0", "(a.x == 'x' and 0 or 1)");
    let thread = std::thread::Builder::new().stack_size(128 * 1024);
    let result = thread.spawn(move || run_source(&source).1[0].to_number()).expect("a thread starts");
    assert_eq!(result.join().expect("the stack did not overflow"), Some(16.0 * 20000.0));
}

#[test]
fn calling_what_cannot_be_called_is_caught() {
    let (_vm, values) = run_source("return pcall(1)");
    assert_eq!(values[0], Value::FALSE);
    assert_eq!(values[1].as_str().expect("a message").bytes(), b"attempt to call a number value");
}

static PANICKING: NativeFunction = NativeFunction { name: "panicking", function: |_| panic!("on purpose") };

#[test]
fn a_panic_in_a_native_function_is_an_error() {
    let mut vm = Vm::new();
    let function = vm.new_native(&PANICKING, &[]);
    let error = vm.call(Value::from(function), &[]).expect_err("the function panics");
    assert_eq!(error.value.as_str().expect("a message").bytes(), b"internal error in 'panicking'");
    assert_eq!(vm.call(Value::from(function), &[]).err(), Some(error), "the machine goes on working");
}

/// Handlers and their slow paths end in a call that must be a jump; one that is not would need a frame for each turn of these loops.
#[test]
fn slow_paths_need_no_native_stack() {
    let source = b"
        local meta = {}
        for _, event in ipairs { 'add', 'sub', 'mul', 'div', 'mod', 'pow', 'concat' } do
          meta['__' .. event] = function(a) return a end
        end
        meta.__eq, meta.__lt, meta.__le = function() return true end, function() return true end, function() return false end
        meta.__index, meta.__newindex, meta.__call = function() return 1 end, function() end, function() return 1 end
        meta.__unm = function(a) return a end
        local a, b = setmetatable({}, meta), setmetatable({}, meta)
        local function same(x) return x end
        local step = coroutine.wrap(function(x) while true do x = coroutine.yield(x) end end)
        local wide, list, text, sum = 1LL, {}, '10', 0
        for i = 1, 20000 do
          local c = a + b - 1 * a / 2 % a ^ 2 .. 'x'
          c = -a
          c = a == b and a < b and not (a <= b) and a.x and a[i]
          a.x, a[i] = 1, 2
          c = a(1)
          c = wide & 3 | wide ~ 1 << 2 ~>> 1 >> wide
          c = ~wide
          sum = sum + text + -text
          list[i], list[i + 0.5], list['k' .. i % 100] = i, i, i
          c = list[i] .. text .. i .. #list
          c = { i, i, x = i, y = { c } }
          c = select('#', unpack(list, 1, 5))
          c = pcall(error, i)
          c = pcall(same, i) and xpcall(same, error, i) and xpcall(error, same, i) or step(i)
          c = (function(...) return ... end)(i, c)
          for k, v in pairs(c and meta or list) do sum = sum + 0 end
        end
        return sum, #list
    ";
    let small_stack = std::thread::Builder::new().stack_size(256 * 1024);
    let run = small_stack.spawn(|| {
        let mut vm = Vm::new();
        moonwake_lang::stdlib::open(&mut vm);
        let function = vm.instantiate(moonwake_lang::compile::compile(source, b"=slow").expect("it compiles"));
        vm.call(Value::from(function), &[]).expect("it runs") == [Value::number(0.0), Value::number(20000.0)]
    });
    assert!(run.expect("a thread starts").join().expect("the stack did not overflow"));
}
