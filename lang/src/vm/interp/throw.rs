//! Errors: unwinding the Lua stack to the nearest protected call.
//!
//! ```text
//!   throw ── is the nearest catching frame an xpcall? ──yes──> call its handler on top of the throwing frame
//!                 │ no                                              │ returns
//!                 v                                                 v
//!              unwind: close upvalues, pass (false, value) to the catching frame
//! ```
//!
//! The catching frame is a `pcall` or `xpcall` (its results become `false` and the error), the entry from Rust (the run ends with the
//! error), or a coroutine's first frame (the coroutine dies, and its resumer gets the error). Rust code that called Lua passes an error on, so a
//! handler is looked for beyond it, and called on top of all of that; the machine remembers that it is handled on its way through. An error inside
//! a handler of `xpcall` replaces the first one and is not handled again.

use super::super::coroutine;
use super::super::error::Error;
use super::super::frame::{Link, LinkKind};
use super::super::{Vm, messages};
use super::calls::{enter, return_values};
use crate::bytecode::Ins;
use crate::value::Value;

/// Finds the frame below the one at `base` that catches errors: the base of the frame whose link says so.
///
/// # Safety
/// `base` is the base of a frame of the running coroutine.
unsafe fn catching_frame(mut base: *mut Value) -> (*mut Value, LinkKind) {
    // SAFETY: links describe the stack as `frame.rs` says; the walk ends at an entry or at a coroutine's first frame.
    unsafe {
        loop {
            let link = Link((*base.sub(1)).0);
            if link.is_lua() {
                base = base.sub(2 + Ins(*link.pc().sub(1)).a());
                continue;
            }
            match link.kind() {
                LinkKind::Vararg | LinkKind::Continuation => base = base.sub(link.distance()),
                kind => return (base, kind),
            }
        }
    }
}

/// The frame that an error thrown in the frame at `base` ends at: that which catches it, or, behind entries from Rust code, which passes errors
/// on, the one that catches it there.
///
/// # Safety
/// As for [`catching_frame`].
unsafe fn final_frame(base: *mut Value) -> (*mut Value, LinkKind) {
    // SAFETY: the caller's promise; an entry's link leads to the frame that called into Lua, except that of the whole stack.
    unsafe {
        let (mut catcher, mut kind) = catching_frame(base);
        while kind == LinkKind::Entry {
            let distance = Link((*catcher.sub(1)).0).distance();
            if distance == 0 {
                break;
            }
            (catcher, kind) = catching_frame(catcher.sub(distance));
        }
        (catcher, kind)
    }
}

/// Whether an error thrown in the frame at `base` would be one in the error handler of an `xpcall`.
///
/// # Safety
/// As for [`catching_frame`].
pub unsafe fn is_in_handler(base: *mut Value) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let (catcher, kind) = final_frame(base);
        kind == LinkKind::CoroutineOrHandler && Link((*catcher.sub(1)).0).distance() != 0
    }
}

/// Throws `error` from the frame at `base`. `pc` is where its instruction goes on, or null for a native frame.
///
/// # Safety
/// `base` is the base of the throwing frame.
#[cold]
#[inline(never)]
pub unsafe fn throw_error(vm: *mut Vm, base: *mut Value, pc: *const u32, error: Error) {
    // SAFETY: the caller's promise.
    unsafe {
        (*vm).running().base.set(base);
        (*vm).running().pc.set(pc);
        (*vm).abort_recording("error thrown");
        if (*vm).take_handled(error) {
            return unwind(vm, base, error.value, true);
        }
        let (catcher, kind) = final_frame(base);
        if kind == LinkKind::ProtectedCallWithHandler && !messages::is_out_of_memory(&*vm, error.value) {
            let handler = *catcher.sub(Link((*catcher.sub(1)).0).distance());
            return call_handler(vm, base, handler, error.value);
        }
        if kind == LinkKind::CoroutineOrHandler && Link((*catcher.sub(1)).0).distance() != 0 {
            // An error in an error handler: unwind past the handler with a fixed message.
            let value = messages::error_in_error_handling(&mut *vm);
            return unwind(vm, base, value, true);
        }
        unwind(vm, base, error.value, false)
    }
}

/// Calls an `xpcall` handler above the throwing frame; its result is what the `xpcall` returns.
unsafe fn call_handler(vm: *mut Vm, base: *mut Value, handler: Value, value: Value) {
    // SAFETY: `frame_extent` is the end of the frame's live values, and the stack is grown to hold the handler's frame.
    unsafe {
        let distance = (*vm).frame_extent(base) + 3;
        let Ok(base) = (*vm).ensure_frame_for_handler(base, distance + 1) else {
            return unwind(vm, base, value, true);
        };
        let new_base = base.add(distance);
        *new_base.sub(3) = Value((*vm).running().pc.get() as u64);
        *new_base.sub(2) = handler;
        *new_base.sub(1) = Link::typed(LinkKind::CoroutineOrHandler, distance).as_value();
        *new_base = value;
        enter(vm, new_base, 1)
    }
}

/// Leaves every frame up to the one that catches errors, and goes on there with `value` as the error. `handled` says whether the handler of
/// the `xpcall` that will catch it has been called, which an error then remembers on its way through Rust code.
///
/// # Safety
/// `base` is the base of a frame of the running coroutine.
pub unsafe fn unwind(vm: *mut Vm, base: *mut Value, value: Value, handled: bool) {
    // SAFETY: the catcher is a frame of this stack, and `pcall`'s own frame below it has room for two results.
    unsafe {
        let (catcher, kind) = catching_frame(base);
        (*vm).close_upvalues(catcher);
        match kind {
            LinkKind::ProtectedCall | LinkKind::ProtectedCallWithHandler => {
                let protected = catcher.sub(Link((*catcher.sub(1)).0).distance());
                if messages::is_out_of_memory(&*vm, value) {
                    forget_above(vm, protected);
                }
                *protected = Value::FALSE;
                *protected.add(1) = value;
                (*vm).running().base.set(protected);
                (*vm).restore_stack_limit();
                return_values(vm, protected, protected, 2)
            }
            LinkKind::Entry => {
                let previous = catcher.sub(Link((*catcher.sub(1)).0).distance());
                (*vm).running().base.set(previous);
                (*vm).running().top.set(catcher.sub(2));
                (*vm).pending_error = Some(Error::new(value));
                (*vm).handled_error = handled.then_some(value);
            }
            LinkKind::CoroutineOrHandler if Link((*catcher.sub(1)).0).distance() == 0 => {
                coroutine::die(vm, value);
            }
            _ => {
                let thrower = catcher.sub(Link((*catcher.sub(1)).0).distance());
                unwind(vm, thrower, value, handled)
            }
        }
    }
}

/// Clears the stack from `place` on: what the frames that are left have used up all memory for may stand where the catching one has
/// registers, and would be kept.
unsafe fn forget_above(vm: *mut Vm, place: *mut Value) {
    // SAFETY: all places up to the end of the stack may be written to, and none from `place` on is in use.
    unsafe {
        let coroutine = (*vm).running();
        let end = coroutine.stack.get().add(coroutine.stack_size.get() as usize);
        std::slice::from_raw_parts_mut(place, end.offset_from(place) as usize).fill(Value::NIL);
    }
}
