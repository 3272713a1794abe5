//! Looking at the stack: which functions are active, and where they are.
//!
//! Frames are walked from the top by their links. Level 0 is the function that runs; level 1 the one that called it, and so on. A
//! vararg function's two frames count once.
#![allow(unsafe_code)]

use super::Vm;
use super::frame::{Link, LinkKind};
use crate::bytecode::{Ins, Prototype};
use crate::object::{Coroutine, Function, Gc, Proto, proto_flags};
use crate::value::Value;

/// An active function.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Base of its registers.
    pub base: *mut Value,
    /// What is called: a function, or a value with `__call`.
    pub callee: Value,
    /// Position after the first word of the instruction at which it stands; null for a native function.
    pub pc: *const u32,
    /// The link under which it was called.
    link: Link,
}

impl Frame {
    /// The function.
    pub fn function(&self) -> Option<Gc<Function>> {
        self.callee.as_function()
    }

    /// Its prototype, if it is written in Lua.
    pub fn proto(&self) -> Option<Gc<Proto>> {
        let function = self.function()?;
        (!function.is_native()).then(|| Gc::from_ptr(function.proto))
    }

    /// Whether it runs a library function that is written in Lua.
    pub fn is_builtin(&self) -> bool {
        self.function().is_some_and(is_of_library)
    }

    /// Position of the current instruction in the prototype's code.
    pub fn position(&self) -> Option<usize> {
        let proto = self.proto()?;
        if self.pc.is_null() {
            return None;
        }
        let at = (self.pc as usize - proto.code as usize) / 4;
        Some(at.saturating_sub(1))
    }

    /// The current line; `None` for native functions and stripped ones.
    pub fn line(&self) -> Option<u32> {
        let proto = self.proto().filter(|_| !self.is_builtin())?;
        proto.source().line(self.position()?)
    }

    /// Where its variable arguments lie, and how many there are.
    pub fn varargs(&self) -> (*mut Value, usize) {
        // SAFETY: a frame's link stands right below its base.
        let link = Link(unsafe { *self.base.sub(1) }.0);
        match self.proto() {
            Some(proto) if !link.is_lua() && link.kind() == LinkKind::Vararg => {
                let named = usize::from(proto.params);
                let all = self.base.wrapping_sub(link.distance());
                (all.wrapping_add(named), (link.distance() - 2).saturating_sub(named))
            }
            _ => (self.base, 0),
        }
    }

    /// Base of its arguments: for a vararg function, that of the frame with all of them.
    pub fn whole_base(&self) -> *mut Value {
        // SAFETY: a frame's link stands right below its base.
        let link = Link(unsafe { *self.base.sub(1) }.0);
        let is_vararg = !link.is_lua() && link.kind() == LinkKind::Vararg;
        if is_vararg { self.base.wrapping_sub(link.distance()) } else { self.base }
    }

    /// Whether Lua code called it by a `CALL` instruction, so that the caller's code can tell its name.
    pub fn called_by_instruction(&self) -> bool {
        self.link.is_lua()
    }

    /// Whether an instruction called it as a metamethod.
    pub fn called_as_metamethod(&self) -> bool {
        !self.link.is_lua() && self.link.kind() == LinkKind::Continuation
    }
}

impl Gc<Proto> {
    /// What the compiler made.
    pub fn source<'a>(self) -> &'a Prototype {
        // SAFETY: a loaded prototype keeps its source alive; as with `Gc<Str>::bytes`, only between two safe points.
        unsafe { &*self.source }
    }

    /// The prototypes of the functions inside it.
    pub fn children<'a>(self) -> &'a [Gc<Proto>] {
        // SAFETY: a prototype owns an array of this many children; as above.
        unsafe { std::slice::from_raw_parts(self.children, self.children_len as usize) }
    }

    /// Its constants as values.
    pub fn constant_values<'a>(self) -> &'a [Value] {
        // SAFETY: a prototype owns an array of this many constants; as above.
        unsafe { std::slice::from_raw_parts(self.constants, self.constants_len as usize) }
    }
}

/// Whether a function belongs to the library and is written in Lua.
fn is_of_library(function: Gc<Function>) -> bool {
    // SAFETY: a function written in Lua has a prototype.
    !function.is_native() && unsafe { (*function.proto).flags.get() } & proto_flags::BUILTIN != 0
}

/// The active functions of a coroutine, innermost first. The place at which Rust code entered is none of them.
pub struct Frames {
    base: *mut Value,
    pc: *const u32,
    bottom: *mut Value,
    done: bool,
}

impl Frames {
    /// Those of a coroutine that does not run, or runs a native function.
    pub fn of(coroutine: Gc<Coroutine>) -> Frames {
        let bottom = coroutine.stack.get().wrapping_add(2);
        let base = coroutine.base.get();
        let not_started = coroutine.status() == super::coroutine::Status::Fresh;
        let done = not_started || coroutine.top.get() <= coroutine.stack.get() || base < bottom;
        Frames { base, pc: coroutine.pc.get(), bottom, done }
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = self.step()?;
            let is_hidden = frame.callee.is_nil() || (frame.is_builtin() && self.stands_in_library());
            if !is_hidden {
                return Some(frame);
            }
        }
    }
}

impl Frames {
    /// Whether the next frame is that of a library function written in Lua: what it calls inside itself is no function of its own to a script.
    fn stands_in_library(&self) -> bool {
        if self.done {
            return false;
        }
        // SAFETY: the next frame's function stands two places below its base.
        let callee = unsafe { *self.base.sub(2) };
        callee.as_function().is_some_and(is_of_library)
    }

    fn step(&mut self) -> Option<Frame> {
        if self.done {
            return None;
        }
        // SAFETY: links describe the stack from `base` down to the first frame, whose base is `bottom`.
        unsafe {
            let (base, pc) = (self.base, self.pc);
            let callee = *base.sub(2);
            let mut below = base;
            let mut link = Link((*below.sub(1)).0);
            while !link.is_lua() && link.kind() == LinkKind::Vararg {
                below = below.sub(link.distance());
                link = Link((*below.sub(1)).0);
            }
            if link.is_lua() {
                self.base = below.sub(2 + Ins(*link.pc().sub(1)).a());
                self.pc = link.pc();
            } else {
                self.pc = match link.kind() {
                    LinkKind::Continuation => (((*below.sub(3)).0 & !1) as *const u32).add(1),
                    LinkKind::Entry | LinkKind::CoroutineOrHandler if link.distance() != 0 => {
                        (*below.sub(3)).0 as *const u32
                    }
                    _ => std::ptr::null(),
                };
                self.done = link.distance() == 0;
                self.base = below.sub(link.distance());
            }
            self.done |= self.base < self.bottom;
            Some(Frame { base, callee, pc, link })
        }
    }
}

impl Vm {
    /// The active functions of the running coroutine, innermost first.
    pub fn frames(&self) -> Frames {
        Frames::of(self.current)
    }

    /// The active function at this level.
    pub fn frame(&self, level: usize) -> Option<Frame> {
        self.frames().nth(level)
    }

    /// "chunk:line: " of the function at this level, or nothing where that is unknown.
    pub fn position_prefix(&self, level: usize) -> Vec<u8> {
        let Some(frame) = self.frame(level) else { return Vec::new() };
        match (frame.proto(), frame.line()) {
            // At the entry of a function there is no line yet.
            (Some(proto), Some(0)) if !proto.source().is_stripped() => Vec::new(),
            (Some(proto), _) if !frame.is_builtin() => {
                let mut prefix = crate::chunk_name::short_name(&proto.source().chunk_name);
                // A function whose lines were stripped stands at line 0.
                prefix.extend_from_slice(format!(":{}: ", frame.line().unwrap_or(0)).as_bytes());
                prefix
            }
            _ => {
                let written = super::written_in_lua::WrittenInLua::active(&frame);
                written.map_or(Vec::new(), |written| format!("{}:0: ", written.short_source()).into_bytes())
            }
        }
    }
}
