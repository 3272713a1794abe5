//! Library functions that LuaJIT writes in Lua, and tells from native ones.
//!
//! `debug.getinfo` and tracebacks show them as functions of chunks like `[builtin:remove]`, which have no lines. Most of them are native here, and
//! so is what LuaJIT calls native where it is written in Lua here ([`crate::stdlib::prelude`]): what a script sees must not depend on that.

use super::debug::Frame;
use crate::object::{Function, Gc, Proto, proto_flags};

/// Such a function: its name in the library, the name of its chunk, and its number of parameters.
const FUNCTIONS: &[(&str, &str, u8)] = &[
    ("math.deg", "deg", 1),
    ("math.rad", "rad", 1),
    ("string.len", "len", 1),
    ("table.foreach", "foreach", 2),
    ("table.foreachi", "foreachi", 2),
    ("table.getn", "getn", 1),
    ("table.move", "move", 5),
    ("table.remove", "remove", 2),
];

/// What a script may know of such a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WrittenInLua {
    /// The name of its chunk, which is its source, too.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: u8,
}

impl Gc<Function> {
    /// The name of a library function, as `table.insert`: of a native one, or of one in [`crate::stdlib::prelude`], which is the name of its chunk.
    pub fn library_name(self) -> Option<&'static str> {
        if let Some(name) = self.native_name() {
            return Some(name);
        }
        let proto: Gc<Proto> = Gc::from_ptr(self.proto);
        let is_builtin = proto.flags.get() & proto_flags::BUILTIN != 0;
        std::str::from_utf8(proto.source().chunk_name.strip_prefix(b"=").filter(|_| is_builtin)?).ok()
    }
}

impl WrittenInLua {
    /// What is said of this function, if it is one of them.
    pub fn of(function: Gc<Function>) -> Option<WrittenInLua> {
        let name = function.library_name()?;
        let &(_, name, parameters) = FUNCTIONS.iter().find(|(function, ..)| *function == name)?;
        Some(WrittenInLua { name, parameters })
    }

    /// The same for an active function.
    pub fn active(frame: &Frame) -> Option<WrittenInLua> {
        WrittenInLua::of(frame.function()?)
    }

    /// How the chunk is shown.
    pub fn short_source(self) -> String {
        format!("[builtin:{}]", self.name)
    }
}
