//! Moves, constants, upvalues and closures.

use super::super::Vm;
use super::compare::primitive;
use super::dispatch::{handlers, next, tail};
use crate::bytecode::Ins;
use crate::object::{Function, Gc, Upvalue};
use crate::value::Value;

/// The function of the frame at `base`.
///
/// # Safety
/// `base` is the base of a frame.
#[inline(always)]
pub unsafe fn function_of(base: *mut Value) -> Gc<Function> {
    // SAFETY: a frame's function stands two places below its base.
    unsafe { Gc::from_address((*base.sub(2)).address()) }
}

/// Upvalue `index` of the Lua function of the frame at `base`.
///
/// # Safety
/// The frame runs a Lua function with more than `index` upvalues.
#[inline(always)]
pub unsafe fn upvalue_of(base: *mut Value, index: usize) -> Gc<Upvalue> {
    // SAFETY: the caller's promise.
    unsafe { function_of(base).upvalue(index) }
}

handlers! {
    mov(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = *base.add(ins.d());
        next(vm, base, pc, k, x)
    }

    kpri(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = primitive(ins.d());
        next(vm, base, pc, k, x)
    }

    knil(vm, base, pc, ins, k, x) {
        for register in ins.a()..=ins.d() {
            *base.add(register) = Value::NIL;
        }
        next(vm, base, pc, k, x)
    }

    kshort(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = Value(f64::from(ins.signed_d()).to_bits());
        next(vm, base, pc, k, x)
    }

    kconst(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = *k.add(ins.d());
        next(vm, base, pc, k, x)
    }

    getupval(vm, base, pc, ins, k, x) {
        *base.add(ins.a()) = *upvalue_of(base, ins.d()).value.get();
        next(vm, base, pc, k, x)
    }

    setupval(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        let upvalue = upvalue_of(base, ins.a());
        *upvalue.value.get() = v;
        (*vm).heap.barrier(upvalue.header(), v);
        next(vm, base, pc, k, x)
    }

    setupvalk(vm, base, pc, ins, k, x) {
        let v = *k.add(ins.d());
        let upvalue = upvalue_of(base, ins.a());
        *upvalue.value.get() = v;
        (*vm).heap.barrier(upvalue.header(), v);
        next(vm, base, pc, k, x)
    }

    setupvalp(vm, base, pc, ins, k, x) {
        *upvalue_of(base, ins.a()).value.get() = primitive(ins.d());
        next(vm, base, pc, k, x)
    }

    close(vm, base, pc, ins, k, x) {
        (*vm).close_upvalues(base.add(ins.a()));
        next(vm, base, pc, k, x)
    }

    closure(vm, base, pc, ins, k, x) {
        let function = make_closure(vm, base, ins.d());
        *base.add(ins.a()) = Value::from(function);
        if (*vm).must_poll() {
            return tail(super::loops::poll_then_next, vm, base, pc, ins, k, 0);
        }
        next(vm, base, pc, k, x)
    }
}

/// A closure of child `index` of the function of the frame at `base`.
#[inline(never)]
unsafe fn make_closure(vm: *mut Vm, base: *mut Value, index: usize) -> Gc<Function> {
    // SAFETY: called by the handler of `CLOSURE` with its state.
    unsafe {
        let parent = function_of(base);
        let proto = *(*parent.proto).children.add(index);
        (*vm).new_closure(proto, parent, base)
    }
}
