//! Library functions written in Lua.
//!
//! A function that calls back a Lua function can be suspended in the middle when a coroutine yields there. A native function cannot be, so
//! these few are Lua chunks, kept in the binary as source. Each is compiled when it is first needed (most programs need none, and
//! start the faster for it), and marked as built in: messages and tracebacks show it as they show native functions. The JIT
//! compiles through it into the callback.
//!
//! A chunk gets its native helpers and `next` as `...` and returns the function.

use crate::compile::compile;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::NativeFunction;

/// A function of the prelude.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prelude {
    /// `table.sort` with a comparator, or of values whose order is a metamethod's business.
    Sort,
    /// `string.gsub` whose replacement calls back.
    Gsub,
    /// `table.foreach`.
    Foreach,
    /// `table.foreachi`.
    Foreachi,
}

impl Prelude {
    /// The name of the function that it carries out, by which [`crate::vm::written_in_lua`] knows it.
    fn chunk_name(self) -> &'static [u8] {
        match self {
            Prelude::Sort => b"=table.sort",
            Prelude::Gsub => b"=string.gsub",
            Prelude::Foreach => b"=table.foreach",
            Prelude::Foreachi => b"=table.foreachi",
        }
    }

    fn source(self) -> (&'static str, &'static [NativeFunction]) {
        match self {
            Prelude::Sort => (include_str!("sort.lua"), super::table::SORT_HELPERS),
            Prelude::Gsub => (include_str!("gsub.lua"), super::string::GSUB_HELPERS),
            Prelude::Foreach => (include_str!("foreach.lua"), &[]),
            Prelude::Foreachi => (include_str!("foreachi.lua"), super::table::FOREACHI_HELPERS),
        }
    }
}

impl Vm {
    /// A function of the prelude, compiled on first use.
    pub fn prelude(&mut self, which: Prelude) -> Value {
        let functions = self.registry_table("_PRELUDE");
        let known = self.heap.get_int(functions, which as i64);
        if !known.is_nil() {
            return known;
        }
        let (source, helpers) = which.source();
        let prototype = compile(source.as_bytes(), which.chunk_name()).expect("the prelude compiles");
        let chunk = self.instantiate_builtin(prototype);
        let mut arguments = Vec::new();
        for native in helpers {
            arguments.push(self.new_native(native, &[]).into());
        }
        arguments.push(self.next_function);
        let function = self.call_for_one(chunk.into(), &arguments).expect("the prelude's chunks only make a function");
        let functions = self.registry_table("_PRELUDE");
        self.heap.set_int(functions, which as i64, function);
        function
    }
}
