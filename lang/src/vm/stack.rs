//! Room on the Lua stack.
//!
//! A stack starts small and doubles. Growing moves it, so every function here that may grow returns where the frame is afterwards, and
//! nothing else may hold an address into the stack across such a call. Frames may begin up to the *limit*; behind it
//! lies a reserve in which natives, continuations and error handlers find room without asking.
#![allow(unsafe_code)]

use super::Vm;
use super::error::LuaResult;
use super::frame::{Link, LinkKind};
use super::messages;
use crate::bytecode::Ins;
use crate::value::Value;

/// Values that a new coroutine's stack has room for, the reserve included.
pub const FIRST_STACK_SIZE: usize = 64;
/// Places behind the limit.
pub const RESERVE: usize = 40;
/// Places that a native function may use without asking, its arguments apart.
pub const NATIVE_PLACES: usize = 24;
/// Largest size of a stack; deeper recursion is "stack overflow". It is LuaJIT's, so that programs that recurse without end, or nearly, end when
/// they do there.
pub const MAX_STACK: usize = 65_500;
/// Places that a native function may ask for at most, its arguments included; LuaJIT's limit, too.
const MAX_NATIVE_PLACES: usize = 8_000;
/// What the handler of a stack overflow may use above that.
const OVERFLOW_RESERVE: usize = 8_000;

impl Vm {
    /// Makes the stack large enough for `needed` places from `base` on, and the reserve. Returns where `base` is then.
    pub(super) fn grow_unchecked(&mut self, base: *mut Value, needed: usize) -> *mut Value {
        let coroutine = self.current;
        let at = (base as usize - coroutine.stack.get() as usize) / size_of::<Value>();
        let (size, needed) = (coroutine.stack_size.get() as usize, at + needed + RESERVE);
        if needed > size {
            // Doubling stops at the largest size: a stack that is larger has been asked for by a native function.
            self.heap.grow_stack(coroutine, needed.max((2 * size).min(MAX_STACK + RESERVE)));
        }
        self.restore_stack_limit();
        coroutine.stack.get().wrapping_add(at)
    }

    /// Sets the limit that frames are checked against to that of the running coroutine, or where its stack may at most end.
    pub(super) fn restore_stack_limit(&mut self) {
        let coroutine = self.current;
        let limit = coroutine.stack_limit.get().min(coroutine.stack.get().wrapping_add(MAX_STACK));
        self.trace.stack_limit.set(limit);
    }

    /// Makes the stack twice as large, if it may become so large. Returns where `base` is then.
    pub(super) fn double_stack(&mut self, base: *mut Value) -> *mut Value {
        let size = self.current.stack_size.get() as usize;
        if 2 * size <= MAX_STACK { self.grow_unchecked(base, size) } else { base }
    }

    /// Makes room for `needed` places from `base` on, for the frame at `base` whose instruction goes on at `pc`.
    ///
    /// # Errors
    /// "stack overflow" beyond [`MAX_STACK`].
    pub(super) fn grow_stack(&mut self, base: *mut Value, pc: *const u32, needed: usize) -> LuaResult<*mut Value> {
        let at = (base as usize - self.current.stack.get() as usize) / size_of::<Value>();
        if at + needed > MAX_STACK {
            self.current.base.set(base);
            self.current.pc.set(pc);
            return Err(messages::stack_overflow(self));
        }
        Ok(self.grow_unchecked(base, needed))
    }

    /// Room for `needed` places from `base` on, for a frame's own use.
    #[inline]
    pub(super) fn ensure_frame(&mut self, base: *mut Value, pc: *const u32, needed: usize) -> LuaResult<*mut Value> {
        if base.wrapping_add(needed) <= self.trace.stack_limit.get() {
            return Ok(base);
        }
        self.grow_stack(base, pc, needed)
    }

    /// The same for an error handler. At the end of the stack it gets more room, which the limit takes away again when the error is caught.
    pub(super) fn ensure_frame_for_handler(&mut self, base: *mut Value, needed: usize) -> Result<*mut Value, ()> {
        let at = (base as usize - self.current.stack.get() as usize) / size_of::<Value>();
        if at + needed + OVERFLOW_RESERVE / 2 <= MAX_STACK {
            return Ok(self.grow_unchecked(base, needed));
        }
        if at + needed > MAX_STACK + OVERFLOW_RESERVE / 2 {
            return Err(());
        }
        let base = self.grow_unchecked(base, MAX_STACK + OVERFLOW_RESERVE - at);
        self.trace.stack_limit.set(self.current.stack_limit.get());
        Ok(base)
    }

    /// Runs what the program did not call itself; at the end of the stack it gets the room of an error handler.
    pub(super) fn with_room_at_end<R>(&mut self, act: impl FnOnce(&mut Vm) -> R) -> R {
        let end = self.current.stack.get().wrapping_add(MAX_STACK);
        if self.trace.stack_limit.get() > end {
            return act(self);
        }
        let (base, top) = (self.current.base.get(), self.current.top.get());
        let used = (top as usize - base as usize) / size_of::<Value>();
        // Without that much room it is an overflow like any other.
        let _ = self.ensure_frame_for_handler(base, used + NATIVE_PLACES);
        let result = act(self);
        self.restore_stack_limit();
        result
    }

    /// Room for `count` values from `base` on and what a native function may use besides.
    #[inline(always)]
    pub(super) fn ensure_native_stack(&mut self, base: *mut Value, count: usize) -> *mut Value {
        if base.wrapping_add(count + NATIVE_PLACES) <= self.trace.stack_limit.get().wrapping_add(RESERVE) {
            return base;
        }
        self.grow_unchecked(base, count + NATIVE_PLACES)
    }

    /// Whether a native function may return `count` more values.
    ///
    /// # Errors
    /// With this message when the stack would become too large.
    pub fn check_stack(&mut self, count: usize, message: &str) -> LuaResult<()> {
        let used = (self.current.top.get() as usize - self.current.base.get() as usize) / size_of::<Value>();
        if used.saturating_add(count) > MAX_NATIVE_PLACES {
            Err(self.error_at_level(1, message.as_bytes()))
        } else {
            Ok(())
        }
    }

    /// Closes the open upvalues of the running coroutine from `from` upwards.
    #[inline(always)]
    pub fn close_upvalues(&mut self, from: *mut Value) {
        if !self.current.open_upvalues.get().is_null() {
            self.close_open_upvalues(from);
        }
    }

    #[inline(never)]
    fn close_open_upvalues(&mut self, from: *mut Value) {
        self.heap.close_upvalues(self.current, from);
    }

    /// Number of places from a frame's base to the end of what it uses.
    ///
    /// # Safety
    /// `base` is the base of a frame of the running coroutine; if that is a native function's, it is the current frame.
    pub(super) unsafe fn frame_extent(&self, base: *mut Value) -> usize {
        // SAFETY: a frame's function stands two places below its base.
        unsafe {
            let callee = *base.sub(2);
            match callee.as_function() {
                Some(f) if !f.is_native() => (*f.proto).registers as usize,
                _ => self.current.top.get().offset_from(base).max(0) as usize,
            }
        }
    }

    /// The caller of the frame at `base`: its base and where it goes on, null if it is no Lua function.
    ///
    /// # Safety
    /// `base` is the base of a frame of the running coroutine.
    pub(super) unsafe fn caller_position(&self, base: *mut Value) -> (*mut Value, *const u32) {
        // SAFETY: links describe the stack.
        unsafe {
            let link = Link((*base.sub(1)).0);
            if link.is_lua() {
                return (base.sub(2 + Ins(*link.pc().sub(1)).a()), link.pc());
            }
            match link.kind() {
                LinkKind::Continuation => {
                    let pc = ((*base.sub(3)).0 & !1) as *const u32;
                    (base.sub(link.distance()), pc.add(1))
                }
                _ => (base.sub(link.distance()), std::ptr::null()),
            }
        }
    }
}

/// Puts a new coroutine's limit below the end of its stack, the reserve between them.
pub(super) fn reserve_behind_limit(coroutine: crate::object::Gc<crate::object::Coroutine>) {
    let end = coroutine.stack.get().wrapping_add(coroutine.stack_size.get() as usize);
    coroutine.stack_limit.set(end.wrapping_sub(RESERVE));
}
