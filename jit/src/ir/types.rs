//! What an IR value is: its type.
//!
//! A type says both what the program sees (a string, a number) and what a register holds. `val` is any Lua value as it lies in
//! memory, 64 bits with its tag; all other Lua types are *unboxed*: an object is its bare address, a number a double or, where the
//! optimiser narrowed it, a 32-bit integer, and `nil`, `false` and `true` need no register at all, since the type says everything.
//!
//! Wherever an operation takes a `val` (a store into a table, an argument of a helper, a snapshot), any Lua type will do: the
//! backend *boxes* it there. So `int` may stand for a number anywhere without a conversion being written out.

use moonwake_lang::value::Tag;

/// Calls `$m!` with the table of types. A row is `Variant, "text", register, tag, "what it is";`, where the tag is that of the boxed value.
#[macro_export]
macro_rules! for_each_ir_type {
    ($m:ident) => {
        $m! {
            None, "none", Nothing, None, "no result";
            Nil, "nil", Nothing, Some(Tag::Nil), "nil";
            False, "false", Nothing, Some(Tag::False), "false";
            True, "true", Nothing, Some(Tag::True), "true";
            Num, "num", Float, None, "a Lua number as a double";
            Int, "int", Word, None, "a Lua number, or a C integer of up to 32 bits, as a 32-bit integer";
            I64, "i64", Long, None, "a C integer of 64 bits, or one that is narrower and unsigned";
            U64, "u64", Long, None, "an unsigned C integer of 64 bits";
            Ptr, "ptr", Long, None, "a raw address";
            Light, "light", Long, Some(Tag::LightUserdata), "a light userdata: its 47 bits";
            Str, "str", Long, Some(Tag::Str), "a string's address";
            Tab, "tab", Long, Some(Tag::Table), "a table's address";
            Fun, "fun", Long, Some(Tag::Function), "a function's address";
            Cdata, "cdata", Long, Some(Tag::Cdata), "a cdata's address";
            Udata, "udata", Long, Some(Tag::Userdata), "a userdata's address";
            Coro, "coro", Long, Some(Tag::Coroutine), "a coroutine's address";
            Val, "val", Long, None, "any Lua value with its tag";
            Link, "link", Long, None, "the link word of a frame";
        }
    };
}

/// What a value of a type needs of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// No register: the type has one value, or none.
    Nothing,
    /// A 64-bit floating-point register.
    Float,
    /// 32 bits of an integer register.
    Word,
    /// A whole integer register.
    Long,
}

macro_rules! define_types {
    ($($variant:ident, $text:literal, $register:ident, $tag:expr, $doc:literal;)*) => {
        /// The type of an IR value. The rows of [`for_each_ir_type!`](crate::for_each_ir_type) document each.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Type { $(#[doc = $doc] $variant,)* }

        impl Type {
            /// Every type.
            pub const ALL: &[Type] = &[$(Type::$variant),*];

            /// The name in the textual form.
            pub const fn text(self) -> &'static str {
                match self { $(Type::$variant => $text,)* }
            }

            /// What a value of it needs of the machine.
            pub const fn register(self) -> Register {
                match self { $(Type::$variant => Register::$register,)* }
            }

            /// The tag of a boxed value of this type, for types that have one.
            pub const fn tag(self) -> Option<Tag> {
                match self { $(Type::$variant => $tag,)* }
            }
        }
    };
}
for_each_ir_type!(define_types);

impl Type {
    /// The type with this name.
    pub fn from_text(text: &str) -> Option<Type> {
        Type::ALL.iter().copied().find(|t| t.text() == text)
    }

    /// Whether it is the address of a heap object that Lua can name.
    pub const fn is_object(self) -> bool {
        matches!(self, Type::Str | Type::Tab | Type::Fun | Type::Cdata | Type::Udata | Type::Coro)
    }

    /// Whether its one value is known: nil, false or true.
    pub const fn is_primitive(self) -> bool {
        matches!(self, Type::Nil | Type::False | Type::True)
    }

    /// Whether it holds a Lua value, so that it can be boxed.
    pub const fn is_lua(self) -> bool {
        self.is_object() || self.is_primitive() || matches!(self, Type::Num | Type::Int | Type::Light | Type::Val)
    }

    /// Whether it is an integer or an address, with wrapping arithmetic.
    pub const fn is_integer(self) -> bool {
        matches!(self, Type::Int | Type::I64 | Type::U64 | Type::Ptr)
    }

    /// Whether it is a 64-bit integer or an address.
    pub const fn is_long(self) -> bool {
        matches!(self, Type::I64 | Type::U64 | Type::Ptr)
    }

    /// The type of an unboxed value with this tag; `None` for a number, which has no tag.
    pub fn of_tag(tag: u32) -> Option<Type> {
        Type::ALL.iter().copied().find(|t| t.tag().is_some_and(|own| own as u32 == tag))
    }

    /// The type that this Lua value has when unboxed; a number is [`Type::Num`].
    pub fn of_value(value: moonwake_lang::value::Value) -> Type {
        if value.is_number() { Type::Num } else { Type::of_tag(value.tag_bits()).unwrap_or(Type::Num) }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moonwake_lang::value::Value;

    #[test]
    fn names_come_back() {
        for &t in Type::ALL {
            assert_eq!(Type::from_text(t.text()), Some(t));
        }
        assert_eq!(Type::from_text("number"), None);
    }

    #[test]
    fn values_have_the_type_of_their_tag() {
        assert_eq!(Type::of_value(Value::NIL), Type::Nil);
        assert_eq!(Type::of_value(Value::TRUE), Type::True);
        assert_eq!(Type::of_value(Value::number(f64::NAN)), Type::Num);
        assert_eq!(Type::of_value(Value::light_userdata(8)), Type::Light);
    }
}
