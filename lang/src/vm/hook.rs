//! The debug hook: a function that is called as the program goes on (`debug.sethook`).
//!
//! While a hook is set, the machine looks at each instruction before it runs (see [`super::interp::instrument`]), and this file decides
//! which events that is:
//!
//! | event | instruction |
//! | --- | --- |
//! | `call` | the entry of a function, Lua or native |
//! | `return` | a return of a Lua function |
//! | `line` | one whose line is not that of the last instruction, or that lies before it (a loop), or in another function |
//! | `count` | each `n`-th |
//!
//! The hook runs on top of the frame that it interrupts, and is not called for what it does itself, nor for what finalisers do. Like
//! LuaJIT's hooks, it is the whole machine's, not one coroutine's. While it is set no compiled code is entered, so that it misses nothing.

#![allow(unsafe_code)]

use super::Vm;
use super::debug::Frame;
use super::error::LuaResult;
use crate::bytecode::{Ins, Op};
use crate::object::{Coroutine, Gc};
use crate::value::Value;
use std::collections::HashMap;

/// Which events a hook wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Events {
    /// Functions are entered.
    pub call: bool,
    /// Lua functions return.
    pub returns: bool,
    /// A new line begins.
    pub line: bool,
    /// Every so many instructions; 0 for never.
    pub count: u32,
}

impl Events {
    /// Whether it wants any.
    pub fn any(self) -> bool {
        self.call || self.returns || self.line || self.count > 0
    }
}

/// The last instruction before a library function, whose frame is at `place`, called back.
struct Kept {
    coroutine: Gc<Coroutine>,
    place: usize,
    last: Option<(usize, usize)>,
}

/// The hook of a machine.
#[derive(Default)]
pub(super) struct Hook {
    function: Option<Value>,
    events: Events,
    /// Instructions until the next `count` event.
    left: u32,
    /// The last instruction of each coroutine: the prototype's address and the position.
    last: HashMap<Gc<Coroutine>, (usize, usize)>,
    /// What that was when library functions called back.
    kept: Vec<Kept>,
    /// Whether the hook itself runs.
    active: bool,
}

impl Hook {
    /// The function, for the collector.
    pub(super) fn function(&self) -> Value {
        self.function.unwrap_or(Value::NIL)
    }
}

impl Vm {
    /// Sets the hook, or takes it away.
    pub fn set_hook(&mut self, function: Option<Value>, events: Events) {
        self.hook.function = function;
        self.hook.events = events;
        self.hook.left = events.count;
        self.hook.last.clear();
        self.hook.kept.clear();
        self.set_hooked(function.is_some() && events.any());
    }

    /// The hook and its events.
    pub fn hook(&self) -> (Option<Value>, Events) {
        (self.hook.function, self.hook.events)
    }

    /// Calls the hook for the instruction at `pc` if it wants to; `x` is as in the handlers. Returns where the frame is then.
    pub(super) fn hook_instruction(&mut self, base: *mut Value, pc: *const u32, x: usize) -> LuaResult<*mut Value> {
        if self.hook.active || self.is_finalising() {
            return Ok(base);
        }
        let events = self.hook.events;
        let (ins, is_entry, is_native) = self.stand_before(base, pc, x);
        let current = self.current;
        if is_entry {
            if !is_native {
                self.leave_library();
            }
            if events.call && !self.is_inside_library(is_native) {
                self.call_hook("call", None)?;
                // As in LuaJIT, what follows the call of a native function is seen as a new line, but not what follows a switch of coroutines.
                let name = self.frame(0).and_then(|frame| frame.function()?.native_name());
                if is_native && !matches!(name, Some("coroutine.resume" | "coroutine.wrapped")) {
                    self.hook.last.remove(&current);
                }
            }
            return Ok(current.base.get());
        }
        let Some(frame) = self.frame(0) else { return Ok(base) };
        if frame.is_builtin() {
            self.return_to_library(base);
            return Ok(base);
        }
        if events.count > 0 {
            self.hook.left -= 1;
            if self.hook.left == 0 {
                self.hook.left = events.count;
                self.call_hook("count", None)?;
            }
        }
        if events.line
            && let Some(line) = self.new_line(&frame)
        {
            self.call_hook("line", Some(line))?;
        }
        if events.returns && matches!(ins.op(), Op::RETURN | Op::RETURNM | Op::RETURN0 | Op::RETURN1) {
            self.call_hook("return", None)?;
        }
        Ok(current.base.get())
    }

    /// Makes the coroutine's state that of a program that stands before the instruction at `pc`, so that Lua can be called there. Gives the
    /// instruction, and whether it is the entry of a function and of a native one.
    fn stand_before(&mut self, base: *mut Value, pc: *const u32, x: usize) -> (Ins, bool, bool) {
        // SAFETY: the machine is about to run this instruction.
        let ins = Ins(unsafe { *pc });
        let (is_entry, is_native) = match ins.op() {
            Op::NATIVE => (true, true),
            Op::FUNC | Op::FUNCI | Op::FUNCV | Op::FUNCJ => (true, false),
            _ => (false, false),
        };
        let current = self.current;
        current.base.set(base);
        current.pc.set(if is_native { std::ptr::null() } else { pc.wrapping_add(1) });
        let top = if is_entry { base.wrapping_add(x) } else { self.top_before(base, ins) };
        current.top.set(top);
        (ins, is_entry, is_native)
    }

    /// Calls what is not the program's own before the instruction at `pc`: neither hook nor recorder see it. Returns where the frame is then.
    pub(crate) fn between_instructions(
        &mut self,
        base: *mut Value,
        pc: *const u32,
        x: usize,
        act: impl FnOnce(&mut Vm),
    ) -> *mut Value {
        self.stand_before(base, pc, x);
        let current = self.current;
        let (active, multiple) = (self.hook.active, self.trace.multiple_results.get());
        self.hook.active = true;
        self.set_recording(false);
        self.with_room_at_end(act);
        let recording = self.tracer.as_ref().is_some_and(|tracer| tracer.is_recording());
        self.set_recording(recording);
        self.hook.active = active;
        self.trace.multiple_results.set(multiple);
        current.base.get()
    }

    /// Whether the function that is entered is a library function's own affair: one of the prelude, or a native helper that one calls.
    fn is_inside_library(&self, is_native: bool) -> bool {
        let mut frames = self.frames();
        let entered = frames.next();
        let deciding = if is_native { frames.next() } else { entered };
        deciding.is_some_and(|frame| frame.is_builtin())
    }

    /// A Lua function is entered: if a library function calls it back, the line that goes on behind the latter is kept for then.
    fn leave_library(&mut self) {
        let mut frames = self.frames();
        let (entered, caller) = (frames.next(), frames.next());
        if let (Some(entered), Some(caller)) = (entered, caller)
            && caller.is_builtin()
            && !entered.is_builtin()
        {
            let place = self.hooked_place(caller.base);
            self.hook.kept.retain(|kept| kept.coroutine != self.current || kept.place < place);
            let last = self.hook.last.get(&self.current).copied();
            self.hook.kept.push(Kept { coroutine: self.current, place, last });
        }
    }

    /// The library function whose frame is at `base` goes on.
    fn return_to_library(&mut self, base: *mut Value) {
        let place = self.hooked_place(base);
        let is_this = |kept: &Kept| kept.coroutine == self.current && kept.place == place;
        if let Some(at) = self.hook.kept.iter().position(is_this) {
            let kept = self.hook.kept.remove(at);
            match kept.last {
                Some(last) => self.hook.last.insert(self.current, last),
                None => self.hook.last.remove(&self.current),
            };
        }
    }

    fn hooked_place(&self, base: *mut Value) -> usize {
        base as usize - self.current.stack.get() as usize
    }

    /// A coroutine goes on after a `yield`: what it does next is seen as a new line.
    #[inline(always)]
    pub(super) fn forget_hooked_line(&mut self, coroutine: Gc<Coroutine>) {
        if self.hooked {
            self.forget_line(coroutine);
        }
    }

    /// Apart from its callers, which end in jumps: here a local variable has an address.
    #[cold]
    #[inline(never)]
    fn forget_line(&mut self, coroutine: Gc<Coroutine>) {
        self.hook.last.remove(&coroutine);
    }

    /// The end of what the frame at `base` has in use before it runs `ins`: its registers, and multiple results that it takes.
    fn top_before(&self, base: *mut Value, ins: Ins) -> *mut Value {
        let multiple = self.trace.multiple_results.get() as usize;
        let results_end = match ins.op() {
            Op::CALLM => ins.a() + 2 + ins.c() + multiple,
            Op::TAILCALLM => ins.a() + 2 + ins.d() + multiple,
            Op::RETURNM => ins.a() + ins.d() + multiple,
            Op::SETLISTM => ins.a() + 1 + ins.d() + multiple,
            _ => 0,
        };
        // SAFETY: `base` is the base of the current frame, a Lua function's.
        base.wrapping_add(unsafe { self.frame_extent(base) }.max(results_end))
    }

    /// The line of the frame's instruction, if it begins there.
    fn new_line(&mut self, frame: &Frame) -> Option<u32> {
        let (proto, at) = (frame.proto()?, frame.position()?);
        let last = self.hook.last.insert(self.current, (proto.address(), at));
        let (last_proto, last_at) = last.unwrap_or_default();
        let line = proto.source().line(at)?;
        let same_line = proto.source().line(last_at) == Some(line);
        (last_proto != proto.address() || at <= last_at || !same_line).then_some(line)
    }

    fn call_hook(&mut self, event: &str, line: Option<u32>) -> LuaResult<()> {
        let Some(function) = self.hook.function else { return Ok(()) };
        let event = Value::from(self.heap.intern(event.as_bytes()));
        let line = line.map_or(Value::NIL, |line| Value::number(f64::from(line)));
        let multiple = self.trace.multiple_results.get();
        self.hook.active = true;
        let result = self.with_room_at_end(|vm| vm.call(function, &[event, line]));
        self.hook.active = false;
        self.trace.multiple_results.set(multiple);
        result.map(drop)
    }
}
