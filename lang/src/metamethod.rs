//! The events for which a metatable may hold a handler (Lua 5.1 manual §2.8, and LuaJIT's additions).

use crate::gc::Heap;
use crate::object::{Gc, Table, table_flags};
use crate::value::Value;

macro_rules! metamethods {
    ($($name:ident = $key:literal,)*) => {
        /// An event; its name is the metatable's key.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Metamethod { $(#[doc = concat!("`", $key, "`")] $name,)* }

        impl Metamethod {
            /// The number of events.
            pub const COUNT: usize = Metamethod::ALL.len();
            /// Every event.
            pub const ALL: [Metamethod; [$($key),*].len()] = [$(Metamethod::$name),*];

            /// The key of the handler in a metatable.
            pub const fn name(self) -> &'static str {
                match self { $(Metamethod::$name => $key,)* }
            }
        }
    };
}

metamethods! {
    Index = "__index",
    NewIndex = "__newindex",
    Gc = "__gc",
    Mode = "__mode",
    Eq = "__eq",
    Len = "__len",
    Lt = "__lt",
    Le = "__le",
    Concat = "__concat",
    Call = "__call",
    Add = "__add",
    Sub = "__sub",
    Mul = "__mul",
    Div = "__div",
    Mod = "__mod",
    Pow = "__pow",
    Unm = "__unm",
    Metatable = "__metatable",
    ToString = "__tostring",
    Name = "__name",
    New = "__new",
    Pairs = "__pairs",
    IPairs = "__ipairs",
}

// One bit each in the negative cache.
const _: () = assert!(Metamethod::COUNT <= 32);

impl Heap {
    /// The handler of an event in a metatable, nil if there is none.
    ///
    /// That there is none is remembered in a bit of the metatable, which is cleared when a string key is stored into it; only for tables
    /// that are known as metatables, since on them no store goes unseen.
    #[inline(always)]
    pub fn metamethod(&self, metatable: Gc<Table>, event: Metamethod) -> Value {
        if metatable.spare.get() >> event as u32 & 1 != 0 {
            return Value::NIL;
        }
        self.find_metamethod(metatable, event)
    }

    #[inline(never)]
    fn find_metamethod(&self, metatable: Gc<Table>, event: Metamethod) -> Value {
        let handler = self.get_str(metatable, self.metamethod_names[event as usize]);
        if handler.is_nil() && metatable.header.aux.get() & table_flags::PROTOTYPE != 0 {
            metatable.spare.set(metatable.spare.get() | 1 << event as u32);
        }
        handler
    }
}
