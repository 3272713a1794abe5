//! What compiled code asks of the machine while it runs, and a compiler between two runs.

#![allow(unsafe_code)]

use super::error::Error;
use super::native::{Call, Outcome};
use super::{HOT_COUNTS, Vm};
use crate::bytecode::UpvalueSource;
use crate::object::{Function, Gc, Proto, Upvalue};
use crate::value::Value;

/// Copies a few values: a loop is shorter than a call of the library's function.
///
/// # Safety
/// There are so many at `from`, and room for them at `to`, which is elsewhere.
#[inline(always)]
unsafe fn copy_values(from: *const Value, to: *mut Value, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *from.add(i) };
    }
}

impl Vm {
    /// Calls a native function for compiled code: the one at `place`, with the `count` arguments behind it, on a stack of its own, since the
    /// running one must not move.
    ///
    /// `room` results are written from `place` on, nil for those that are missing. Returns how many there were; `None` when the
    /// function threw an error, called Lua, or wants more of the machine than to return. Then the interpreter is to call it again.
    ///
    /// # Safety
    /// There are a native function, so many arguments and room for so many results at `place`, which is not on the native's stack.
    pub unsafe fn call_native_for_trace(&mut self, place: *mut Value, count: usize, room: usize) -> Option<usize> {
        // SAFETY: the caller's promise.
        let function = unsafe { (*place).as_function()? };
        debug_assert!(function.is_native());
        self.on_other_stack(|vm| {
            let coroutine = vm.current;
            let base = vm.ensure_native_stack(coroutine.base.get(), count);
            coroutine.base.set(base);
            coroutine.top.set(base.wrapping_add(count));
            coroutine.pc.set(std::ptr::null());
            // SAFETY: room was made for the arguments; a frame's function stands two places below its base.
            unsafe {
                *base.sub(2) = function.into();
                copy_values(place.add(1), base, count);
            }
            vm.serves_trace = true;
            // A panic must not unwind through compiled code; the interpreter will meet it again, and report it. The outcome is looked at where
            // it lies, as in the interpreter.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut call = Call { vm, count, pushed: 0 };
                // SAFETY: natives are made with the address of a static `NativeFunction`.
                match (unsafe { (*function.native()).function })(&mut call) {
                    Ok(Outcome::Return { first, count }) => Some((first as usize, count as usize)),
                    _ => None,
                }
            }));
            vm.serves_trace = false;
            let coroutine = vm.current;
            let given = match outcome {
                Ok(Some((first, count))) => {
                    // SAFETY: a native function's results lie in its own frame; the caller's promise.
                    unsafe {
                        copy_values(coroutine.base.get().add(first), place, count.min(room));
                        for i in count..room {
                            *place.add(i) = Value::NIL;
                        }
                    }
                    Some(count)
                }
                _ => None,
            };
            coroutine.base.set(coroutine.stack.get().wrapping_add(2));
            coroutine.top.set(coroutine.stack.get().wrapping_add(2));
            given
        })
    }

    /// A closure of a prototype, made by this function in the frame at `base`.
    ///
    /// # Safety
    /// The prototype is a child of the maker's, and `base` the base of the maker's frame if the prototype captures variables of it.
    pub unsafe fn new_closure(&mut self, proto: Gc<Proto>, maker: Gc<Function>, base: *mut Value) -> Gc<Function> {
        let sources = &proto.source().upvalues;
        let mut upvalues = [const { std::mem::MaybeUninit::<Gc<Upvalue>>::uninit() }; 256];
        for (place, source) in upvalues.iter_mut().zip(sources) {
            place.write(match *source {
                UpvalueSource::ParentLocal(register) => {
                    // SAFETY: the caller's promise.
                    let variable = unsafe { base.add(register as usize) };
                    self.heap.find_upvalue(self.current, variable)
                }
                UpvalueSource::ParentUpvalue(index) => maker.upvalue(index as usize),
            });
        }
        // SAFETY: that many were written.
        let upvalues = unsafe { std::slice::from_raw_parts(upvalues.as_ptr().cast(), sources.len()) };
        self.heap.new_function_lua(proto, maker.env.get(), upvalues)
    }

    /// Has an error raised once the running trace has left: one that Lua threw below a C function that the trace called. An error must
    /// not pass through C, so it waits; the trace leaves as soon as the C function has returned.
    pub fn defer_error(&mut self, error: Error) {
        self.deferred_error = Some(error);
        self.trace.native_event.set(1);
    }

    /// Whether the native function that runs was called by compiled code, which calls it again by the interpreter should it throw an error.
    pub fn serves_trace(&self) -> bool {
        self.serves_trace
    }

    /// Whether the native code that runs was called by compiled code, with no interpreter in between.
    pub fn is_below_trace(&self) -> bool {
        self.trace.in_trace.get()
    }

    /// Whether an error waits for the running trace to leave.
    pub fn has_deferred_error(&self) -> bool {
        self.deferred_error.is_some()
    }

    /// Whether compiled code is running, below a native function that it called.
    pub fn runs_trace(&self) -> bool {
        self.native_stack.runs_trace()
    }

    /// Whether a closure has captured a variable at this stack place or above it.
    pub fn is_captured(&self, from: *const Value) -> bool {
        let open = self.current.open_upvalues.get();
        !open.is_null() && Gc::from_ptr(open).value.get().cast_const() >= from
    }

    /// Sets the hot count that the instruction at `pc` counts down.
    pub fn set_hot_count(&mut self, pc: *const u32, count: u16) {
        self.hot_counts[((pc as usize >> 2) + 1) & (HOT_COUNTS - 1)] = count;
    }
}
