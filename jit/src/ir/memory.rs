//! Memory as the IR sees it: C types, fields of objects, and the classes that tell accesses apart.
//!
//! Every load and store belongs to one [`Class`], and accesses of different classes never touch the same bytes: an array item
//! is never a table's shape. That is most of alias analysis, for free; [`crate::opt::alias`] does the rest within a class.

use super::types::Type;
use moonwake_lang::object::{Coroutine, Function, Header, Table, Upvalue, Userdata};
use std::mem::offset_of;

macro_rules! define_mem_types {
    ($($variant:ident, $text:literal, $size:literal, $ty:ident, $doc:literal;)*) => {
        /// How a C value lies in memory.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum MemType { $(#[doc = $doc] $variant,)* }

        impl MemType {
            /// Every memory type.
            pub const ALL: &[MemType] = &[$(MemType::$variant),*];

            /// The name in the textual form.
            pub const fn text(self) -> &'static str {
                match self { $(MemType::$variant => $text,)* }
            }

            /// Size in bytes.
            pub const fn size(self) -> u32 {
                match self { $(MemType::$variant => $size,)* }
            }

            /// The IR type that a load gives and a store takes.
            pub const fn ty(self) -> Type {
                match self { $(MemType::$variant => Type::$ty,)* }
            }
        }
    };
}
define_mem_types! {
    I8, "i8", 1, Int, "a signed byte; loads extend its sign, stores drop the upper bits";
    U8, "u8", 1, Int, "an unsigned byte";
    I16, "i16", 2, Int, "16 bits, signed";
    U16, "u16", 2, Int, "16 bits, unsigned";
    I32, "i32", 4, Int, "32 bits, signed";
    U32, "u32", 4, I64, "32 bits, unsigned: loads give an `i64`, which holds them all";
    I64, "i64", 8, I64, "64 bits, signed";
    U64, "u64", 8, U64, "64 bits, unsigned";
    F32, "f32", 4, Num, "a float; loads widen, stores round";
    F64, "f64", 8, Num, "a double";
    Ptr, "ptr", 8, Ptr, "an address";
}

impl MemType {
    /// The memory type with this name.
    pub fn from_text(text: &str) -> Option<MemType> {
        MemType::ALL.iter().copied().find(|t| t.text() == text)
    }

    /// The memory type with this number, as an instruction's literal holds it.
    pub fn from_code(code: i32) -> Option<MemType> {
        MemType::ALL.get(code as usize).copied()
    }

    /// Whether it is a `float` or a `double`.
    pub const fn is_float(self) -> bool {
        matches!(self, MemType::F32 | MemType::F64)
    }
}

macro_rules! define_classes {
    ($($variant:ident, $doc:literal;)*) => {
        /// A class of memory: two accesses of different classes never meet.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Class { $(#[doc = $doc] $variant,)* }

        impl Class {
            /// Every class.
            pub const ALL: &[Class] = &[$(Class::$variant),*];
        }
    };
}
define_classes! {
    Immutable, "fields that never change once their object exists";
    Shape, "a table's shape and where its keyed values lie";
    Layout, "where a table's array is, and its size";
    Keyed, "the values of keys";
    Array, "the items of arrays";
    Upvalue, "the variables of closures";
    Place, "where those variables are: changes when one is closed";
    Environment, "environments and metatables of functions, userdata and coroutines";
    Memory, "memory that C sees, the payload of cdata included";
    Epoch, "the heap's epoch, which a change to a metatable's keys bumps";
    Scratch, "stack slots beyond those of the trace, where helpers find arguments and leave results";
}

/// A set of [`Class`]es.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Classes(pub u16);

impl Classes {
    /// No class.
    pub const NONE: Classes = Classes(0);
    /// Everything that a function which may run any Lua code can change.
    pub const LUA: Classes = Classes::of(&[
        Class::Shape,
        Class::Layout,
        Class::Keyed,
        Class::Array,
        Class::Upvalue,
        Class::Place,
        Class::Environment,
        Class::Epoch,
    ]);

    /// The set of these classes.
    pub const fn of(classes: &[Class]) -> Classes {
        let (mut bits, mut i) = (0, 0);
        while i < classes.len() {
            bits |= 1 << classes[i] as u16;
            i += 1;
        }
        Classes(bits)
    }

    /// Whether `class` is in the set.
    pub const fn contains(self, class: Class) -> bool {
        self.0 & 1 << class as u16 != 0
    }

    /// Everything that is in either set.
    pub const fn with(self, other: Classes) -> Classes {
        Classes(self.0 | other.0)
    }
}

macro_rules! define_fields {
    ($($variant:ident, $text:literal, $mem:ident, $ty:ident, $class:ident, $offset:expr, $doc:literal;)*) => {
        /// A field of an object, as [`Op::FLOAD`](super::Op::FLOAD) names it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Field { $(#[doc = $doc] $variant,)* }

        impl Field {
            /// Every field.
            pub const ALL: &[Field] = &[$(Field::$variant),*];

            /// The name in the textual form: object and field.
            pub const fn text(self) -> &'static str {
                match self { $(Field::$variant => $text,)* }
            }

            /// How it lies in memory.
            pub const fn mem(self) -> MemType {
                match self { $(Field::$variant => MemType::$mem,)* }
            }

            /// The type that loading it gives.
            pub const fn ty(self) -> Type {
                match self { $(Field::$variant => Type::$ty,)* }
            }

            /// The class of memory it belongs to.
            pub const fn class(self) -> Class {
                match self { $(Field::$variant => Class::$class,)* }
            }

            /// Its distance from the start of the object in bytes.
            pub const fn offset(self) -> i32 {
                match self { $(Field::$variant => $offset as i32,)* }
            }
        }
    };
}
define_fields! {
    TabSlots, "tab.slots", Ptr, Ptr, Shape, offset_of!(Table, slots), "the values of a table's keys";
    TabArray, "tab.array", Ptr, Ptr, Layout, offset_of!(Table, array), "the items of a table's array, index 0 first";
    TabSize, "tab.size", I32, Int, Layout, offset_of!(Table, array_size), "number of valid array indexes, 0 included";
    StrLen, "str.len", I32, Int, Immutable, offset_of!(Header, size), "length of a string";
    FunProto, "fun.proto", Ptr, Ptr, Immutable, offset_of!(Function, proto), "prototype of a Lua function; null of a native one";
    FunNative, "fun.native", Ptr, Ptr, Immutable, Function::UPVALUES_OFFSET, "what a native function was made with, which tells its code";
    FunEnv, "fun.env", Ptr, Tab, Environment, offset_of!(Function, env), "environment of a function";
    CdataType, "cdata.type", I32, Int, Immutable, offset_of!(Header, size), "ctype id of a cdata";
    UpvPlace, "upv.place", Ptr, Ptr, Place, offset_of!(Upvalue, value), "where the variable of an upvalue is";
    UdataMeta, "udata.meta", Ptr, Ptr, Environment, offset_of!(Userdata, metatable), "metatable of a userdata, or null";
    UdataTable, "udata.table", Ptr, Tab, Environment, offset_of!(Userdata, metatable), "metatable of a userdata that has one";
    UdataEnv, "udata.env", Ptr, Ptr, Environment, offset_of!(Userdata, env), "environment of a userdata, or null";
    CoroEnv, "coro.env", Ptr, Tab, Environment, offset_of!(Coroutine, env), "globals of a coroutine";
}

impl Field {
    /// The field with this name.
    pub fn from_text(text: &str) -> Option<Field> {
        Field::ALL.iter().copied().find(|f| f.text() == text)
    }

    /// The field with this number, as an instruction's literal holds it.
    pub fn from_code(code: i32) -> Option<Field> {
        Field::ALL.get(code as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for &m in MemType::ALL {
            assert_eq!(MemType::from_text(m.text()), Some(m));
            assert_eq!(MemType::from_code(m as i32), Some(m));
        }
        for &f in Field::ALL {
            assert_eq!(Field::from_text(f.text()), Some(f));
            assert_eq!(f.ty().register(), f.mem().ty().register(), "{}", f.text());
        }
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let set = Classes::of(&[Class::Shape, Class::Memory]);
        assert!(set.contains(Class::Shape) && set.contains(Class::Memory) && !set.contains(Class::Array));
        assert!(!Classes::LUA.contains(Class::Memory) && !Classes::LUA.contains(Class::Immutable));
    }
}
