//! Coroutines: switching between stacks.
//!
//! A switch changes which coroutine the machine's `current` is and goes on there; no native stack is involved, so that hundreds of
//! thousands of coroutines can wait. `coroutine.resume` and `coroutine.yield` are native functions whose frames stay on their stacks
//! while they wait; what the other side delivers becomes their results.
//!
//! ```text
//!               resume                     function returns, or throws
//!   Suspended ----------> Running -----------------------------------> Dead
//!       ^                 |     ^
//!       |      yield      |     | the other yields, returns or throws
//!       +-----------------+     v
//!                             Normal   (it resumed another one)
//! ```
//!
//! A coroutine cannot yield while Rust code that it called runs Lua: the native frames between could not be kept.

#![allow(unsafe_code)]

use super::Vm;
use super::error::Error;
use super::frame::{Link, LinkKind};
use super::interp::calls::{enter, return_values};
use super::interp::throw::throw_error;
use crate::object::{Coroutine, Gc};
use crate::value::Value;

/// What a coroutine is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Status {
    /// Made but not started: its function and nothing else is on its stack.
    Fresh,
    /// Waits in a `yield`.
    Suspended,
    /// Runs.
    Running,
    /// Waits for a coroutine that it resumed.
    Normal,
    /// Has returned or thrown an error.
    Dead,
}

/// In a coroutine's `state`: errors pass through to whoever resumes it (`coroutine.wrap`). The other bits are the depth of nested runs in
/// which it was resumed.
const WRAP: u32 = 1 << 31;

/// How many coroutines may wait for each other. No native stack is at stake, but coroutines that resume new ones without end would take all
/// memory, since each has a stack of its own.
const MAX_RESUME_DEPTH: u32 = 6_000;

impl Coroutine {
    /// What it is doing.
    pub fn status(&self) -> Status {
        match self.header.aux.get() {
            0 => Status::Fresh,
            1 => Status::Suspended,
            2 => Status::Running,
            3 => Status::Normal,
            _ => Status::Dead,
        }
    }

    /// Whether nothing runs on its stack, nor waits there for another coroutine.
    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.status(), Status::Fresh | Status::Suspended | Status::Dead)
    }

    pub(super) fn set_status(&self, status: Status) {
        self.header.aux.set(status as u16);
    }
}

impl Vm {
    /// A coroutine that will run `function`.
    pub fn new_coroutine(&mut self, function: Value) -> Gc<Coroutine> {
        let env = Some(Gc::from_ptr(self.current.env.get()));
        let coroutine = self.heap.new_coroutine(super::stack::FIRST_STACK_SIZE, env);
        super::stack::reserve_behind_limit(coroutine);
        coroutine.set_status(Status::Fresh);
        let stack = coroutine.stack.get();
        // SAFETY: the new stack has room for many values.
        unsafe {
            *stack = function;
            *stack.add(1) = Link::typed(LinkKind::CoroutineOrHandler, 0).as_value();
            coroutine.base.set(stack.add(2));
            coroutine.top.set(stack.add(2));
        }
        coroutine
    }

    /// Runs `act` on a stack of its own, for Lua code that C calls back under a compiled trace.
    ///
    /// The trace holds addresses into the running coroutine's stack, which must therefore neither move nor change before the trace has left.
    pub(super) fn on_callback_stack<R>(&mut self, act: impl FnOnce(&mut Vm) -> R) -> R {
        self.trace.native_event.set(1);
        self.on_other_stack(act)
    }

    /// The same for what does not run Lua code.
    pub(super) fn on_other_stack<R>(&mut self, act: impl FnOnce(&mut Vm) -> R) -> R {
        let interrupted = self.current;
        let in_trace = self.trace.in_trace.replace(false);
        let coroutine = self.idle_callback_stacks.pop().unwrap_or_else(|| self.new_coroutine(Value::NIL));
        coroutine.env.set(interrupted.env.get());
        coroutine.resumer.set(interrupted.as_ptr());
        coroutine.state.set(!WRAP); // no depth of runs: it cannot yield
        coroutine.set_status(Status::Running);
        interrupted.set_status(Status::Normal);
        self.switch_to(coroutine);
        let result = act(self);
        debug_assert!(self.current == coroutine);
        coroutine.resumer.set(std::ptr::null_mut());
        interrupted.set_status(Status::Running);
        self.switch_to(interrupted);
        self.idle_callback_stacks.push(coroutine);
        self.trace.in_trace.set(in_trace);
        result
    }

    /// Whether the running coroutine can yield here.
    pub fn is_yieldable(&self) -> bool {
        let coroutine = self.current;
        !coroutine.resumer.get().is_null() && coroutine.state.get() & !WRAP == self.run_depth
    }

    fn switch_to(&mut self, coroutine: Gc<Coroutine>) {
        self.current = coroutine;
        self.heap.resumed(coroutine);
        self.restore_stack_limit();
    }
}

/// Why a coroutine cannot be resumed, if so.
pub fn resume_problem(coroutine: Gc<Coroutine>) -> Option<&'static str> {
    match coroutine.status() {
        Status::Fresh | Status::Suspended => None,
        Status::Dead => Some("cannot resume dead coroutine"),
        Status::Running | Status::Normal => Some("cannot resume running coroutine"),
    }
}

/// Runs `coroutine` with `count` values from `first` on, for the native frame at `base`.
///
/// # Safety
/// `base` is the current frame, a native one, and the values lie in it.
pub unsafe fn resume(
    vm: *mut Vm,
    base: *mut Value,
    coroutine: Gc<Coroutine>,
    first: *const Value,
    count: usize,
    wrap: bool,
) {
    // SAFETY: the caller's promise; the other stack is grown before values are copied to it.
    unsafe {
        if let Some(problem) = resume_problem(coroutine) {
            return refuse(vm, base, problem, wrap);
        }
        if (*vm).resume_depth >= MAX_RESUME_DEPTH {
            return refuse(vm, base, "C stack overflow", wrap);
        }
        (*vm).resume_depth += 1;
        let resumer = (*vm).current;
        resumer.base.set(base);
        resumer.top.set(first.add(count).cast_mut());
        resumer.set_status(Status::Normal);
        let fresh = coroutine.status() == Status::Fresh;
        coroutine.resumer.set(resumer.as_ptr());
        coroutine.state.set((*vm).run_depth | if wrap { WRAP } else { 0 });
        coroutine.set_status(Status::Running);
        (*vm).switch_to(coroutine);
        (*vm).forget_hooked_line(coroutine);
        let target = (*vm).ensure_native_stack(coroutine.base.get(), count);
        for i in 0..count {
            *target.add(i) = *first.add(i);
        }
        coroutine.top.set(target.add(count));
        if fresh { enter(vm, target, count) } else { return_values(vm, target, target, count) }
    }
}

/// A coroutine is not resumed: `coroutine.resume` returns why, and what `coroutine.wrap` made throws it. Apart from [`resume`], whose last call
/// must be a jump, so that nothing in it may have an address.
#[cold]
#[inline(never)]
unsafe fn refuse(vm: *mut Vm, base: *mut Value, problem: &str, wrap: bool) {
    // SAFETY: as for `resume`, whose native frame is at `base`.
    unsafe {
        if wrap {
            let error = (*vm).error_at_level(1, problem.as_bytes());
            return throw_error(vm, base, std::ptr::null(), error);
        }
        *base = Value::FALSE;
        *base.add(1) = Value::from((*vm).heap.intern(problem.as_bytes()));
        return_values(vm, base, base, 2)
    }
}

/// Suspends the running coroutine, whose native frame is at `base`; its resumer gets `count` values from `first` on.
///
/// # Safety
/// As for [`resume`].
pub unsafe fn yield_values(vm: *mut Vm, base: *mut Value, first: *const Value, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let coroutine = (*vm).current;
        if !(*vm).is_yieldable() {
            let error = (*vm).error_at_level(1, b"attempt to yield across C-call boundary");
            return throw_error(vm, base, std::ptr::null(), error);
        }
        coroutine.base.set(base);
        coroutine.top.set(base);
        coroutine.set_status(Status::Suspended);
        deliver(vm, coroutine, first, count)
    }
}

/// The running coroutine's function has returned `count` values from `first` on.
///
/// # Safety
/// The values lie on the running stack.
pub unsafe fn finish(vm: *mut Vm, first: *const Value, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let coroutine = (*vm).current;
        retire(coroutine);
        deliver(vm, coroutine, first, count)
    }
}

/// The running coroutine has thrown `value`.
///
/// # Safety
/// A coroutine other than the main one runs.
pub unsafe fn die(vm: *mut Vm, value: Value) {
    // SAFETY: the caller's promise: there is a resumer, and its current frame is native.
    unsafe {
        let coroutine = (*vm).current;
        // Its frames stay, for `debug.traceback`.
        let base = coroutine.base.get();
        coroutine.top.set(base.add((*vm).frame_extent(base)));
        coroutine.set_status(Status::Dead);
        let resumer = Gc::from_ptr(coroutine.resumer.replace(std::ptr::null_mut()));
        resumer.set_status(Status::Running);
        (*vm).resume_depth -= 1;
        (*vm).switch_to(resumer);
        let base = resumer.base.get();
        if coroutine.state.get() & WRAP != 0 {
            let value = match value.as_str() {
                Some(message) => (*vm).error_at_level(1, message.bytes()).value,
                None => value,
            };
            return throw_error(vm, base, std::ptr::null(), Error::new(value));
        }
        *base = Value::FALSE;
        *base.add(1) = value;
        return_values(vm, base, base, 2)
    }
}

/// Marks a coroutine as dead, with nothing left on its stack.
fn retire(coroutine: Gc<Coroutine>) {
    coroutine.set_status(Status::Dead);
    coroutine.base.set(coroutine.stack.get().wrapping_add(2));
    coroutine.top.set(coroutine.stack.get());
}

/// Switches to the resumer and makes the values the results of its `resume`.
unsafe fn deliver(vm: *mut Vm, coroutine: Gc<Coroutine>, first: *const Value, count: usize) {
    // SAFETY: the resumer waits in a native frame; its stack is grown for the values.
    unsafe {
        let resumer: Gc<Coroutine> = Gc::from_ptr(coroutine.resumer.replace(std::ptr::null_mut()));
        resumer.set_status(Status::Running);
        (*vm).resume_depth -= 1;
        (*vm).switch_to(resumer);
        let base = (*vm).ensure_native_stack(resumer.base.get(), count + 1);
        let wrap = coroutine.state.get() & WRAP != 0;
        if !wrap {
            *base = Value::TRUE;
        }
        let to = if wrap { base } else { base.add(1) };
        for i in 0..count {
            *to.add(i) = *first.add(i);
        }
        return_values(vm, base, base, count + usize::from(!wrap))
    }
}
