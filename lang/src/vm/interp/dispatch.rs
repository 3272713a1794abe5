//! How one handler leads to the next.
//!
//! Each bytecode operation has a *handler*, a function of six arguments that the calling convention keeps in registers:
//!
//! | argument | what it is |
//! | --- | --- |
//! | `vm` | the virtual machine |
//! | `base` | the current frame's registers |
//! | `pc` | the word after the current instruction's first word |
//! | `ins` | the current instruction |
//! | `k` | the current function's constants |
//! | `x` | at a function's entry: the number of arguments; otherwise nothing |
//!
//! A handler ends by calling the next one through the VM's table. From opt-level 1 up the compiler makes that a jump (a
//! sibling call), so that the native stack does not grow and each operation ends in its own indirect branch; this ran loops, `fib` and
//! a sieve in 1.03, .91 and .97 of the time of LuaJIT's interpreter, where one `match` took 1.2 to 1.6, .9 to 1.1 and 1.0 to 1.2.
//! Stable Rust does not promise sibling calls. Without optimisation, [`next`] instead stores its arguments in the VM and
//! returns, and [`drain`] calls the next handler in a loop: the same handlers, slower. A test runs ten million instructions on a small
//! native stack, in whichever way the crate was built.
//!
//! Slow paths are handlers too (`#[cold]`), reached by a tail call with the same arguments, so that a fast path needs no stack frame.
//!
//! Since every dispatch goes through the table in the VM, instrumentation costs nothing while it is off: to record a
//! trace or to run debug hooks, every entry of the table is replaced by one handler that looks at each instruction first.

use super::super::Vm;
use crate::bytecode::{Ins, OP_COUNT};
use crate::value::Value;

/// A handler; see the head of this file for its arguments.
pub type Handler = unsafe extern "C-unwind" fn(*mut Vm, *mut Value, *const u32, Ins, *const Value, usize);

/// The handlers by operation.
pub type Table = [Handler; OP_COUNT];

/// Where the interpreter stands between two instructions, for the build without sibling calls.
#[derive(Clone, Copy)]
pub struct Pending {
    #[cfg(not(sibling_calls))]
    state: Option<(Handler, *mut Value, *const u32, Ins, *const Value, usize)>,
}

impl Pending {
    /// Nothing is pending.
    pub const NONE: Pending = Pending {
        #[cfg(not(sibling_calls))]
        state: None,
    };
}

/// Goes on with the instruction at `pc`.
///
/// # Safety
/// `pc` points to an instruction of the function that runs in the frame at `base`, and `k` to its constants.
#[inline(always)]
pub unsafe fn next(vm: *mut Vm, base: *mut Value, pc: *const u32, k: *const Value, x: usize) {
    // SAFETY: the caller's promise; a loaded prototype contains only operations of the table.
    unsafe {
        let ins = Ins(*pc);
        let handler = *(&raw const (*vm).table).cast::<Handler>().add(ins.code() as usize);
        tail(handler, vm, base, pc.add(1), ins, k, x)
    }
}

/// Goes on in another handler.
///
/// # Safety
/// The arguments fulfil what the head of this file says of them.
#[inline(always)]
pub unsafe fn tail(
    handler: Handler,
    vm: *mut Vm,
    base: *mut Value,
    pc: *const u32,
    ins: Ins,
    k: *const Value,
    x: usize,
) {
    #[cfg(sibling_calls)]
    // SAFETY: the caller's promise.
    unsafe {
        handler(vm, base, pc, ins, k, x)
    }
    #[cfg(not(sibling_calls))]
    // SAFETY: `vm` is the running virtual machine.
    unsafe {
        (*vm).pending.state = Some((handler, base, pc, ins, k, x));
    }
}

/// Runs what is pending, in the build without sibling calls, until a handler does not go on. With sibling calls nothing ever is.
///
/// # Safety
/// A handler has just returned to the caller.
#[inline(always)]
pub unsafe fn drain(vm: *mut Vm) {
    #[cfg(not(sibling_calls))]
    // SAFETY: what is pending was left by a handler, with a valid state.
    unsafe {
        while let Some((handler, base, pc, ins, k, x)) = (*vm).pending.state.take() {
            handler(vm, base, pc, ins, k, x);
        }
    }
    let _ = vm;
}

/// Declares handlers: their six arguments are named as the operation's body wants them.
macro_rules! handlers {
    ($($(#[$attr:meta])* $name:ident($vm:ident, $base:ident, $pc:ident, $ins:ident, $k:ident, $x:ident) $body:block)*) => {$(
        $(#[$attr])*
        /// # Safety
        /// The arguments are as `dispatch.rs` says.
        #[allow(unused_mut, unused_variables, unused_assignments, unused_unsafe)]
        pub unsafe extern "C-unwind" fn $name(
            $vm: *mut Vm,
            mut $base: *mut Value,
            mut $pc: *const u32,
            $ins: Ins,
            mut $k: *const Value,
            mut $x: usize,
        ) {
            // SAFETY: a handler is only reached with the state that the head of `dispatch.rs` describes: registers, constants
            // and upvalues that the verified instruction names exist.
            unsafe { $body }
        }
    )*};
}
pub(super) use handlers;
