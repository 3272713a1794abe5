//! Calls, returns, and the entries of functions.
//!
//! `CALL` only finds out that it calls a function, writes the link and jumps to the function's first instruction. What kind of function it
//! is, that instruction knows: `FUNC` makes room for the registers and fills in missing parameters, `FUNCV` also copies the named
//! parameters above the varargs, `NATIVE` calls Rust. A return reads the link; when Lua code called and wants one result, which is the
//! common case, that is a handful of instructions, and everything else goes through [`return_values`].

use super::super::Vm;
use super::super::coroutine;
use super::super::frame::{CONTINUATION_PLACES, Link, LinkKind};
use super::super::messages;
use super::super::native::{Call, Outcome};
use super::data::function_of;
use super::dispatch::{handlers, next, tail};
use super::loops::function_constants;
use super::meta::finish_instruction;
use super::throw::throw_error;
use crate::bytecode::Ins;
use crate::metamethod::Metamethod;
use crate::value::{Tag, Value};

/// Copies `count` values from `from` to `to`, where `to` is lower.
///
/// # Safety
/// Both are inside the stack.
#[inline(always)]
unsafe fn copy_down(from: *const Value, to: *mut Value, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *from.add(i) };
    }
}

/// Goes on with a Lua frame at `pc`.
///
/// # Safety
/// `base` is the base of a frame of a Lua function, `pc` an instruction of that function.
#[inline(always)]
pub unsafe fn resume_lua(vm: *mut Vm, base: *mut Value, pc: *const u32) {
    // SAFETY: the caller's promise.
    unsafe { next(vm, base, pc, function_constants(base), 0) }
}

/// Enters the function at `base - 2` with `count` arguments at `base`; the link is written already.
///
/// # Safety
/// `base` lies in the running stack, with the function, link and arguments around it.
#[inline(always)]
pub unsafe fn enter(vm: *mut Vm, base: *mut Value, count: usize) {
    // SAFETY: the caller's promise; a function's entry instruction loads its own constants.
    unsafe {
        if (*base.sub(2)).is(Tag::Function) {
            next(vm, base, function_of(base).pc.get(), std::ptr::null(), count)
        } else {
            enter_callable(vm, base, count)
        }
    }
}

/// Enters what is at `base - 2` by its `__call`, which must be a function: the value becomes the first argument.
#[cold]
#[inline(never)]
unsafe fn enter_callable(vm: *mut Vm, mut base: *mut Value, count: usize) {
    // SAFETY: as for `enter`; the stack is grown before a place is added.
    unsafe {
        let callee = *base.sub(2);
        match (*vm).metamethod(callee, Metamethod::Call) {
            Some(f) if f.is(Tag::Function) => {
                base = (*vm).ensure_native_stack(base, count + 1);
                for i in (0..count).rev() {
                    *base.add(i + 1) = *base.add(i);
                }
                *base = callee;
                *base.sub(2) = f;
                enter(vm, base, count + 1)
            }
            _ => {
                let error = messages::call_error(&mut *vm, base);
                let link = Link((*base.sub(1)).0);
                if link.is_lua() {
                    let (caller, pc) = (*vm).caller_position(base);
                    return throw_error(vm, caller, pc, error);
                }
                // The frame's own link may be the one that catches errors: `pcall(1)`.
                (*vm).running().top.set(base.add(count));
                throw_error(vm, base, std::ptr::null(), error)
            }
        }
    }
}

handlers! {
    call(vm, base, pc, ins, k, x) {
        let new_base = base.add(ins.a() + 2);
        *new_base.sub(1) = Link::lua(pc).as_value();
        enter(vm, new_base, ins.c() - 1)
    }

    callm(vm, base, pc, ins, k, x) {
        let new_base = base.add(ins.a() + 2);
        *new_base.sub(1) = Link::lua(pc).as_value();
        enter(vm, new_base, ins.c() + (*vm).trace.multiple_results.get() as usize)
    }

    iterate_by_call(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        *r = *r.sub(4);
        *r.add(1) = Link::lua(pc).as_value();
        *r.add(2) = *r.sub(3);
        *r.add(3) = *r.sub(2);
        enter(vm, r.add(2), 2)
    }

    tailcall(vm, base, pc, ins, k, x) {
        if !(*base.add(ins.a())).is(Tag::Function) {
            return tail(tailcall_value, vm, base, pc, ins, k, ins.d() - 1);
        }
        tail_call(vm, base, base.add(ins.a()), ins.d() - 1)
    }

    tailcallm(vm, base, pc, ins, k, x) {
        let count = ins.d() + (*vm).trace.multiple_results.get() as usize;
        if !(*base.add(ins.a())).is(Tag::Function) {
            return tail(tailcall_value, vm, base, pc, ins, k, count);
        }
        tail_call(vm, base, base.add(ins.a()), count)
    }

    // x: number of arguments.
    #[cold]
    #[inline(never)]
    tailcall_value(vm, base, pc, ins, k, x) {
        let callee = base.add(ins.a());
        if !(*vm).metamethod(*callee, Metamethod::Call).is_some_and(|f| f.is(Tag::Function)) {
            // The error names the place of the call, so the frame must not be given up.
            *callee.add(1) = Link::lua(pc).as_value();
            return enter(vm, callee.add(2), x);
        }
        tail_call(vm, base, callee, x)
    }

    // x: number of arguments.
    func(vm, base, pc, ins, k, x) {
        let count = super::loops::hot_count(vm, pc);
        *count = (*count).wrapping_sub(1);
        if (*count as i16) < 0 {
            return tail(hot_function, vm, base, pc, ins, k, x);
        }
        tail(funci, vm, base, pc, ins, k, x)
    }

    #[cold]
    #[inline(never)]
    hot_function(vm, base, pc, ins, k, x) {
        *super::loops::hot_count(vm, pc) = (*vm).hot_loop_count;
        (*vm).running().base.set(base);
        (*vm).running().top.set(base.add(x));
        (*vm).hot_function(base, pc.sub(1), x);
        tail(funci, vm, base, pc, ins, k, x)
    }

    funci(vm, base, pc, ins, k, x) {
        if base.add(ins.a()) > (*vm).trace.stack_limit.get() {
            return tail(grow_then_again, vm, base, pc, ins, k, x);
        }
        while x < ins.d() {
            *base.add(x) = Value::NIL;
            x += 1;
        }
        next(vm, base, pc, function_constants(base), 0)
    }

    funcj(vm, base, pc, ins, k, x) {
        let proto = function_of(base).proto;
        if base.add((*proto).registers as usize) > (*vm).trace.stack_limit.get() {
            return tail(grow_then_again, vm, base, pc, ins, k, x);
        }
        while x < (*proto).params as usize {
            *base.add(x) = Value::NIL;
            x += 1;
        }
        tail(super::loops::run_trace, vm, base, pc, ins, k, x)
    }

    funcv(vm, base, pc, ins, k, x) {
        if base.add(x + 2 + ins.a()) > (*vm).trace.stack_limit.get() {
            return tail(grow_then_again, vm, base, pc, ins, k, x);
        }
        let new_base = base.add(x + 2);
        *new_base.sub(2) = *base.sub(2);
        *new_base.sub(1) = Link::typed(LinkKind::Vararg, x + 2).as_value();
        for i in 0..ins.d() {
            *new_base.add(i) = if i < x { *base.add(i) } else { Value::NIL };
        }
        next(vm, new_base, pc, function_constants(new_base), 0)
    }

    #[cold]
    #[inline(never)]
    grow_then_again(vm, base, pc, ins, k, x) {
        let needed = x + 2 + (*function_of(base).proto).registers as usize + CONTINUATION_PLACES;
        match (*vm).grow_stack(base, pc, needed) {
            Ok(base) => tail((*vm).plain_handler(ins), vm, base, pc, ins, k, x),
            Err(error) => throw_error(vm, base, pc, error),
        }
    }

    native(vm, base, pc, ins, k, x) {
        let (first, count) = run_native(vm, base, x);
        if count == OTHER_OUTCOME {
            return finish_native_otherwise(vm);
        }
        let base = (*vm).running().base.get();
        if (*vm).must_poll() {
            return poll_then_return(vm, base, base.add(first), count);
        }
        return_values(vm, base, base.add(first), count)
    }

    vararg(vm, base, pc, ins, k, x) {
        let total = Link((*base.sub(1)).0).distance() - 2;
        let available = total.saturating_sub(ins.c());
        let wanted = if ins.b() == 0 { available } else { ins.b() - 1 };
        let mut base = base;
        if ins.b() == 0 {
            (*vm).trace.multiple_results.set(available as u32);
            if base.add(ins.a() + available + 8) > (*vm).trace.stack_limit.get() {
                match (*vm).grow_stack(base, pc, ins.a() + available + 8) {
                    Ok(moved) => base = moved,
                    Err(error) => return throw_error(vm, base, pc, error),
                }
            }
        }
        let from = base.sub(total + 2).add(ins.c());
        let to = base.add(ins.a());
        for i in 0..wanted {
            *to.add(i) = if i < available { *from.add(i) } else { Value::NIL };
        }
        next(vm, base, pc, k, 0)
    }

    return0(vm, base, pc, ins, k, x) {
        let link = Link((*base.sub(1)).0);
        if !link.is_lua() {
            return return_values(vm, base, base, 0);
        }
        let call = Ins(*link.pc().sub(1));
        if call.b() != 1 {
            return return_to_lua(vm, base, base, 0, link);
        }
        resume_lua(vm, base.sub(2 + call.a()), link.pc())
    }

    return1(vm, base, pc, ins, k, x) {
        let link = Link((*base.sub(1)).0);
        let first = base.add(ins.a());
        if !link.is_lua() {
            return return_values(vm, base, first, 1);
        }
        let call = Ins(*link.pc().sub(1));
        *base.sub(2) = *first;
        if call.b() != 2 {
            return return_to_lua(vm, base, base.sub(2), 1, link);
        }
        resume_lua(vm, base.sub(2 + call.a()), link.pc())
    }

    ret(vm, base, pc, ins, k, x) {
        return_values(vm, base, base.add(ins.a()), ins.d() - 1)
    }

    retm(vm, base, pc, ins, k, x) {
        return_values(vm, base, base.add(ins.a()), ins.d() + (*vm).trace.multiple_results.get() as usize)
    }

    // The end of a run that Rust started: nothing follows.
    halt(vm, base, pc, ins, k, x) {}
}

/// Calls the function at `base - 2` with `count` arguments at `base`, under the entry link that stands there or further down, and
/// runs until that returns or throws.
///
/// # Safety
/// The frame is laid out so on the running stack.
pub unsafe fn run_function(vm: *mut Vm, base: *mut Value, count: usize) {
    // SAFETY: the caller's promise; see `dispatch::run_from`.
    unsafe {
        enter(vm, base, count);
        super::dispatch::drain(vm);
    }
}

/// Replaces the frame at `base` by a call of the function at `callee`, its link's place and `count` arguments behind it.
///
/// # Safety
/// `base` is the base of a frame; `callee` points to its registers.
pub unsafe fn tail_call(vm: *mut Vm, mut base: *mut Value, callee: *mut Value, count: usize) {
    // SAFETY: the caller's promise. Values only move down within the stack.
    unsafe {
        let link = Link((*base.sub(1)).0);
        if !link.is_lua() && link.kind() == LinkKind::Vararg {
            base = base.sub(link.distance());
        }
        *base.sub(2) = *callee;
        copy_down(callee.add(2), base, count);
        enter(vm, base, count)
    }
}

/// Returns `count` values, which start at `first`, from the frame at `base`.
///
/// # Safety
/// `base` is the base of a frame, and the values lie at or above it (or right below, over its link).
pub unsafe fn return_values(vm: *mut Vm, mut base: *mut Value, mut first: *mut Value, mut count: usize) {
    // SAFETY: links describe the stack as `frame.rs` says.
    unsafe {
        loop {
            let link = Link((*base.sub(1)).0);
            if link.is_lua() {
                return return_to_lua(vm, base, first, count, link);
            }
            match link.kind() {
                LinkKind::Vararg => base = base.sub(link.distance()),
                LinkKind::ProtectedCall | LinkKind::ProtectedCallWithHandler => {
                    // `pcall` returns true before the function's own results.
                    base = base.sub(link.distance());
                    first = first.sub(1);
                    *first = Value::TRUE;
                    count += 1;
                }
                LinkKind::Continuation => {
                    let result = if count == 0 { Value::NIL } else { *first };
                    let caller = base.sub(link.distance());
                    return finish_instruction(vm, caller, *base.sub(3), *base.sub(4), result);
                }
                LinkKind::Entry => {
                    let to = base.sub(2);
                    copy_down(first, to, count);
                    (*vm).trace.multiple_results.set(count as u32);
                    (*vm).running().base.set(base.sub(link.distance()));
                    (*vm).running().top.set(to.add(count));
                    return;
                }
                LinkKind::CoroutineOrHandler if link.distance() == 0 => {
                    return coroutine::finish(vm, first, count);
                }
                LinkKind::CoroutineOrHandler => {
                    let value = if count == 0 { Value::NIL } else { *first };
                    let thrower = base.sub(link.distance());
                    return super::throw::unwind(vm, thrower, value, true);
                }
            }
        }
    }
}

/// Returns to the Lua code that called the frame at `base`, giving as many results as its call wants.
///
/// # Safety
/// As for [`return_values`]; `link` is the frame's link.
#[inline(never)]
unsafe fn return_to_lua(vm: *mut Vm, base: *mut Value, first: *mut Value, count: usize, link: Link) {
    // SAFETY: the caller's promise.
    unsafe {
        let call = Ins(*link.pc().sub(1));
        let to = base.sub(2);
        if call.b() == 0 {
            copy_down(first, to, count);
            (*vm).trace.multiple_results.set(count as u32);
        } else {
            let wanted = call.b() - 1;
            for i in 0..wanted {
                *to.add(i) = if i < count { *first.add(i) } else { Value::NIL };
            }
        }
        resume_lua(vm, to.sub(call.a()), link.pc())
    }
}

/// What [`run_native`] gives for a count when the outcome is not a plain return.
const OTHER_OUTCOME: usize = usize::MAX;

/// Runs the native function whose frame is at `base`. Returns the place and number of its results.
///
/// A function apart, so that the handler has no local variable whose address is known elsewhere: that would forbid its sibling call.
#[inline(never)]
unsafe fn run_native(vm: *mut Vm, base: *mut Value, count: usize) -> (usize, usize) {
    // SAFETY: called by the handler of `NATIVE` with its state.
    unsafe {
        let base = (*vm).ensure_native_stack(base, count);
        let running = (*vm).running();
        running.base.set(base);
        running.top.set(base.add(count));
        running.pc.set(std::ptr::null());
        let function = function_of(base).native();
        // A panic in a native function is a bug, but must not end the program that embeds the machine. The outcome is looked at where it lies: to
        // move it would read bytes together that were written apart, for which the processor waits.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut call = Call { vm: &mut *vm, count, pushed: 0 };
            match ((*function).function)(&mut call) {
                Ok(Outcome::Return { first, count }) => (first as usize, count as usize),
                other => {
                    (*vm).outcome = other;
                    (0, OTHER_OUTCOME)
                }
            }
        }));
        result.unwrap_or_else(|_| {
            let text = format!("internal error in '{}'", (*function).name);
            (*vm).outcome = Err((*vm).error_at_level(1, text.as_bytes()));
            (0, OTHER_OUTCOME)
        })
    }
}

/// A safe point after a native function, then its return.
#[cold]
#[inline(never)]
unsafe fn poll_then_return(vm: *mut Vm, base: *mut Value, first: *mut Value, count: usize) {
    // SAFETY: the values lie in the current frame, which `safe_point` may move as a whole.
    unsafe {
        let place = first.offset_from(base);
        (*vm).running().top.set(first.add(count));
        if let Err(error) = (*vm).safe_point() {
            let base = (*vm).running().base.get();
            return throw_error(vm, base, std::ptr::null(), error);
        }
        let base = (*vm).running().base.get();
        return_values(vm, base, base.offset(place), count)
    }
}

/// The outcomes of a native function that are not plain returns, and its errors.
#[inline(never)]
unsafe fn finish_native_otherwise(vm: *mut Vm) {
    // SAFETY: the outcome's places were filled by the native function in its own frame, the current one.
    unsafe {
        let base = (*vm).running().base.get();
        let outcome = match (*vm).outcome {
            Ok(outcome) => outcome,
            Err(error) => return throw_error(vm, base, std::ptr::null(), error),
        };
        match outcome {
            Outcome::Return { first, count } => return_values(vm, base, base.add(first as usize), count as usize),
            Outcome::TailCall { function, count } => {
                let callee = base.add(function as usize);
                *base.sub(2) = *callee;
                copy_down(callee.add(1), base, count as usize);
                enter(vm, base, count as usize)
            }
            Outcome::ProtectedCall => {
                // base: f, a1, a2, ...   becomes   f, link, a1, a2, ...
                let count = (*vm).running().top.get().offset_from(base) as usize - 1;
                for i in (0..count).rev() {
                    *base.add(2 + i) = *base.add(1 + i);
                }
                *base.add(1) = Link::typed(LinkKind::ProtectedCall, 2).as_value();
                enter(vm, base.add(2), count)
            }
            Outcome::ProtectedCallWithHandler => {
                // base: f, handler, a1, ...   becomes   handler, f, link, a1, ...
                let count = (*vm).running().top.get().offset_from(base) as usize - 2;
                for i in (0..count).rev() {
                    *base.add(3 + i) = *base.add(2 + i);
                }
                // By hand: `swap` would need a local variable with an address, and so forbid the sibling call.
                let (function, handler) = (*base, *base.add(1));
                *base = handler;
                *base.add(1) = function;
                *base.add(2) = Link::typed(LinkKind::ProtectedCallWithHandler, 3).as_value();
                enter(vm, base.add(3), count)
            }
            Outcome::Resume { coroutine, first, count, wrap } => {
                coroutine::resume(vm, base, coroutine, base.add(first as usize), count as usize, wrap)
            }
            Outcome::Yield { first, count } => {
                coroutine::yield_values(vm, base, base.add(first as usize), count as usize)
            }
        }
    }
}
