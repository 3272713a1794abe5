//! What error messages say, in LuaJIT's words.
//!
//! A message about an operand names the variable it came from, where the bytecode tells: "attempt to index local 'x' (a nil value)".
#![allow(unsafe_code)]

use super::Vm;
use super::access::StoreProblem;
use super::debug::Frame;
use super::error::Error;
use super::frame::Link;
use crate::bytecode::varinfo::{Origin, origin_of};
use crate::object::proto_flags;
use crate::value::{Tag, Value};

impl Vm {
    /// An error with this message, prefixed with the position of the function at `level` (0: the one that runs).
    pub fn error_at_level(&mut self, level: usize, message: &[u8]) -> Error {
        let mut text = self.position_prefix(level);
        text.extend_from_slice(message);
        Error::new(Value::from(self.heap.intern(&text)))
    }

    /// An error with this message and no position.
    pub fn plain_error(&mut self, message: impl AsRef<[u8]>) -> Error {
        Error::new(Value::from(self.heap.intern(message.as_ref())))
    }

    /// "not enough memory": always the same string.
    pub fn memory_error(&self) -> Error {
        Error::new(self.memory_message)
    }

    /// "bad argument #i to 'f' (message)" for the native function that runs; `i` counts from 0.
    pub fn argument_error(&mut self, i: usize, message: &str) -> Error {
        let name = self.current_function_name();
        let (kind, name) = match name {
            Some((kind, name)) => (kind, String::from_utf8_lossy(&name).into_owned()),
            None => ("", "?".to_owned()),
        };
        let text = match (kind, i) {
            ("method", 0) => format!("calling '{name}' on bad self ({message})"),
            ("method", i) => format!("bad argument #{i} to '{name}' ({message})"),
            (_, i) => format!("bad argument #{} to '{name}' ({message})", i + 1),
        };
        self.error_at_level(1, text.as_bytes())
    }

    /// How the caller's code names the function that runs: ("global", "print").
    pub fn current_function_name(&self) -> Option<(&'static str, Vec<u8>)> {
        self.function_name(0)
    }

    /// How the caller's code names the function at `level`.
    pub fn function_name(&self, level: usize) -> Option<(&'static str, Vec<u8>)> {
        let mut frames = self.frames().skip(level);
        let (callee, caller) = (frames.next()?, frames.next()?);
        Vm::name_of_callee(&callee, Some(&caller))
    }

    /// How the code of `caller` names the function of `callee`, which it called.
    pub fn name_of_callee(callee: &Frame, caller: Option<&Frame>) -> Option<(&'static str, Vec<u8>)> {
        let caller = caller?;
        let (proto, at) = (caller.proto()?, caller.position()?);
        if proto.flags.get() & proto_flags::BUILTIN != 0 {
            // To the script, the library's own variables do not exist.
            return None;
        }
        if callee.called_as_metamethod() {
            return Some(("metamethod", event_of(proto.source().code[at])?.into()));
        }
        if !callee.called_by_instruction() {
            return None;
        }
        let ins = crate::bytecode::Ins(proto.source().code[at]);
        if ins.op() == crate::bytecode::Op::ITERCALL {
            // The iterator has been copied from the loop's own variable.
            return Some(("local", b"(for generator)".to_vec()));
        }
        let Origin { kind, name } = origin_of(proto.source(), at, ins.a() as u8)?;
        Some((kind, name.to_vec()))
    }
}

/// The event that an instruction calls a metamethod for.
fn event_of(word: u32) -> Option<&'static str> {
    use crate::bytecode::Op::*;
    Some(match crate::bytecode::Op::from_code(word as u8)? {
        ADDRR | ADDRK | ADDKR => "__add",
        SUBRR | SUBRK | SUBKR => "__sub",
        MULRR | MULRK | MULKR => "__mul",
        DIVRR | DIVRK | DIVKR => "__div",
        MODRR | MODRK | MODKR => "__mod",
        POWRR => "__pow",
        NEG => "__unm",
        LEN => "__len",
        CONCAT => "__concat",
        EQRR | NERR | EQRK | NERK | EQRP | NERP => "__eq",
        LTRR | NLTRR | LTRK | NLTRK | LTKR | NLTKR => "__lt",
        LERR | NLERR | LERK | NLERK | LEKR | NLEKR => "__le",
        GETGLOBAL | GETFIELD | GETMETHOD | GETINDEX | GETINDEXI => "__index",
        SETGLOBAL | SETFIELD | SETINDEX | SETINDEXI => "__newindex",
        _ => return None,
    })
}

/// An error of the instruction at `pc` in the frame at `base`.
fn instruction_error(vm: &mut Vm, base: *mut Value, pc: *const u32, message: &str) -> Error {
    vm.current.base.set(base);
    vm.current.pc.set(pc.wrapping_add(1));
    vm.error_at_level(0, message.as_bytes())
}

/// "local 'x' (a nil value)" of a register, or "a nil value".
fn describe(vm: &mut Vm, base: *mut Value, pc: *const u32, register: usize) -> String {
    vm.current.base.set(base);
    vm.current.pc.set(pc.wrapping_add(1));
    // SAFETY: the register belongs to the frame.
    let value = unsafe { *base.add(register) };
    let type_name = vm.type_name_of(value);
    let origin = vm.frame(0).and_then(|frame| {
        let (proto, at) = (frame.proto()?, frame.position()?);
        let Origin { kind, name } = origin_of(proto.source(), at, register as u8)?;
        Some(format!("{kind} '{}' (a {type_name} value)", String::from_utf8_lossy(name)))
    });
    origin.unwrap_or_else(|| format!("a {type_name} value"))
}

/// "attempt to … local 'x' (a nil value)".
pub(super) fn operand_error(vm: &mut Vm, base: *mut Value, pc: *const u32, register: usize, attempt: &str) -> Error {
    let what = describe(vm, base, pc, register);
    instruction_error(vm, base, pc, &format!("attempt to {attempt} {what}"))
}

/// Arithmetic on something that is no number.
pub(super) fn arithmetic_error(vm: &mut Vm, base: *mut Value, pc: *const u32, a: Value, b: Value) -> Error {
    use crate::bytecode::Mode;
    // SAFETY: `pc` is the failing instruction.
    let ins = crate::bytecode::Ins(unsafe { *pc });
    let info = ins.op().info();
    let (first, second) = match info.c {
        Some(c) => ((info.b_or_d == Mode::Reg).then_some(ins.b()), (c == Mode::Reg).then_some(ins.c())),
        None => (Some(ins.d()), Some(ins.d())),
    };
    // Bit operators do not read strings as numbers, and take C integers.
    let is_operand = if info.op.is_bitwise() { a.is_number() || a.is(Tag::Cdata) } else { vm.to_number(a).is_some() };
    let culprit = if is_operand { (second, b) } else { (first, a) };
    match culprit {
        (Some(register), _) => operand_error(vm, base, pc, register, "perform arithmetic on"),
        (None, v) => {
            let text = format!("attempt to perform arithmetic on a {} value", vm.type_name_of(v));
            instruction_error(vm, base, pc, &text)
        }
    }
}

/// An ordering of two values that have none.
pub(super) fn comparison_error(vm: &mut Vm, base: *mut Value, pc: *const u32, a: Value, b: Value) -> Error {
    let text = comparison_text(vm, a, b);
    instruction_error(vm, base, pc, &text)
}

/// The same, from a native function, which has no position.
pub fn plain_comparison_error(vm: &mut Vm, a: Value, b: Value) -> Error {
    let text = comparison_text(vm, a, b);
    vm.plain_error(text)
}

fn comparison_text(vm: &Vm, a: Value, b: Value) -> String {
    let (a, b) = (vm.type_name_of(a), vm.type_name_of(b));
    if a == b { format!("attempt to compare two {a} values") } else { format!("attempt to compare {a} with {b}") }
}

/// Indexing something that cannot be indexed.
pub(super) fn index_error(vm: &mut Vm, base: *mut Value, pc: *const u32, register: usize) -> Error {
    let failing = vm.looked_up[0];
    if failing.as_table().is_some() {
        return instruction_error(vm, base, pc, "loop in gettable");
    }
    indexing_error(vm, base, pc, register, failing)
}

/// `failing`, which is what stands in the register or was reached from there along `__index` or `__newindex`, cannot be indexed.
fn indexing_error(vm: &mut Vm, base: *mut Value, pc: *const u32, register: usize, failing: Value) -> Error {
    // SAFETY: the register belongs to the frame.
    if unsafe { *base.add(register) } == failing {
        return operand_error(vm, base, pc, register, "index");
    }
    let text = format!("attempt to index a {} value", vm.type_name_of(failing));
    instruction_error(vm, base, pc, &text)
}

/// The same, from a native function, which has no position.
pub fn plain_index_error(vm: &mut Vm, object: Value) -> Error {
    if object.as_table().is_some() {
        return vm.plain_error("loop in gettable");
    }
    let text = format!("attempt to index a {} value", vm.type_name_of(object));
    vm.plain_error(text)
}

fn store_text(problem: StoreProblem) -> &'static str {
    match problem {
        StoreProblem::NotIndexable(_) => "attempt to index a value",
        StoreProblem::NilKey => "table index is nil",
        StoreProblem::NanKey => "table index is NaN",
        StoreProblem::Loop => "loop in settable",
    }
}

/// A store that cannot be done.
pub(super) fn store_error(
    vm: &mut Vm,
    base: *mut Value,
    pc: *const u32,
    register: usize,
    problem: StoreProblem,
) -> Error {
    match problem {
        StoreProblem::NotIndexable(failing) => indexing_error(vm, base, pc, register, failing),
        other => instruction_error(vm, base, pc, store_text(other)),
    }
}

/// The same, from a native function, which has no position.
pub fn plain_store_error(vm: &mut Vm, problem: StoreProblem) -> Error {
    match problem {
        StoreProblem::NotIndexable(object) => plain_index_error(vm, object),
        other => vm.plain_error(store_text(other)),
    }
}

/// A `for` loop over something that is no number.
pub(super) fn for_error(vm: &mut Vm, base: *mut Value, pc: *const u32, what: &str) -> Error {
    let what = if what == "initial" { "initial value" } else { what };
    instruction_error(vm, base, pc, &format!("'for' {what} must be a number"))
}

/// A call of what cannot be called; `base` is the base that its frame would have.
pub(super) fn call_error(vm: &mut Vm, base: *mut Value) -> Error {
    // SAFETY: the callee stands two places below, and the frame's link leads to its caller.
    let (callee, (caller, pc), link) = unsafe { (*base.sub(2), vm.caller_position(base), Link((*base.sub(1)).0)) };
    // What an instruction calls as a metamethod is not named, and has no position.
    if pc.is_null() || !link.is_lua() {
        let text = format!("attempt to call a {} value", vm.type_name_of(callee));
        return vm.plain_error(text);
    }
    vm.current.base.set(caller);
    vm.current.pc.set(pc);
    let type_name = vm.type_name_of(callee);
    let origin = vm.frame(0).and_then(|frame| {
        let (proto, at) = (frame.proto()?, frame.position()?);
        let ins = crate::bytecode::Ins(proto.source().code[at]);
        if ins.op() == crate::bytecode::Op::ITERCALL {
            return None;
        }
        let Origin { kind, name } = origin_of(proto.source(), at, ins.a() as u8)?;
        Some(format!("{kind} '{}' (a {type_name} value)", String::from_utf8_lossy(name)))
    });
    let what = origin.unwrap_or_else(|| format!("a {type_name} value"));
    vm.error_at_level(0, format!("attempt to call {what}").as_bytes())
}

/// Recursion without end.
pub fn stack_overflow(vm: &mut Vm) -> Error {
    // SAFETY: the running coroutine's base is that of a frame.
    if unsafe { super::interp::throw::is_in_handler(vm.current.base.get()) } {
        // The handler of a stack overflow that overflows once more does not hide what has happened.
        let error = vm.plain_error("stack overflow");
        vm.handled_error = Some(error.value);
        return error;
    }
    vm.error_at_level(0, b"stack overflow")
}

/// The message of an exhausted memory; it is always the same string.
pub fn out_of_memory(vm: &mut Vm) -> Value {
    vm.memory_message
}

/// Whether an error is that message.
pub fn is_out_of_memory(vm: &Vm, value: Value) -> bool {
    value == vm.memory_message
}

/// What an error inside an error handler becomes.
pub fn error_in_error_handling(vm: &mut Vm) -> Value {
    Value::from(vm.heap.intern(b"error in error handling"))
}
