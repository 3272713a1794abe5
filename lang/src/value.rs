//! A Lua value in 64 bits.
//!
//! Numbers are themselves: every double but the negative quiet NaNs with a payload is stored as it is. All other values
//! live in that unused range, as a 17-bit tag over a 47-bit pointer:
//!
//! ```text
//!   63                47 46                                  0
//!  +--------------------+-------------------------------------+
//!  |  number: any double whose bits are below 0xFFF9 << 48    |
//!  +--------------------+-------------------------------------+
//!  |  tag 0x1FFF2..     |  address of a heap object           |
//!  |  tag 0x1FFFC       |  light userdata, 47 bits            |
//!  |  tag 0x1FFFD true, 0x1FFFE false, 0x1FFFF nil: all ones  |
//!  +--------------------+-------------------------------------+
//! ```
//!
//! So "is a number" is one unsigned compare, and so is "is falsy", since false and nil come last.
//!
//! **Invariant:** a NaN inside a [`Value`] is the canonical one ([`CANONICAL_NAN`]) or a positive one; NaNs are canonicalised where they
//! enter (arithmetic cannot make another kind; reading a `double` out of C memory can).

use crate::object::{Cdata, Coroutine, Function, Gc, Header, Str, Table, Userdata};

/// A Lua value. Copying one does not keep its object alive: what the collector must see stands on a stack or in an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Value(pub u64);

/// The kind of a value: its 17 tag bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u32)]
pub enum Tag {
    /// A full userdata.
    Userdata = 0x1FFF3,
    /// A table.
    Table = 0x1FFF4,
    /// A C value.
    Cdata = 0x1FFF5,
    /// A function, in Lua or native.
    Function = 0x1FFF7,
    /// A coroutine.
    Coroutine = 0x1FFF9,
    /// A string.
    Str = 0x1FFFB,
    /// A light userdata.
    LightUserdata = 0x1FFFC,
    /// `true`.
    True = 0x1FFFD,
    /// `false`.
    False = 0x1FFFE,
    /// `nil`.
    Nil = 0x1FFFF,
}

/// Values below this are numbers.
pub const NUMBER_LIMIT: u64 = 0xFFF9 << 48;
/// Values of this tag and above hold no object.
const FIRST_NON_OBJECT: u64 = (Tag::LightUserdata as u64) << 47;
/// The 47 bits of a pointer.
pub const POINTER_MASK: u64 = (1 << 47) - 1;
/// The NaN that arithmetic of x86-64 makes: negative, quiet, no payload.
pub const CANONICAL_NAN: u64 = 0xFFF8 << 48;

impl Value {
    /// `nil`.
    pub const NIL: Value = Value(u64::MAX);
    /// `false`.
    pub const FALSE: Value = Value((Tag::False as u64) << 47 | POINTER_MASK);
    /// `true`.
    pub const TRUE: Value = Value((Tag::True as u64) << 47 | POINTER_MASK);

    /// A number; any NaN becomes the canonical one.
    #[inline(always)]
    pub fn number(n: f64) -> Value {
        if n.is_nan() { Value(CANONICAL_NAN) } else { Value(n.to_bits()) }
    }

    /// A boolean.
    #[inline(always)]
    pub const fn boolean(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }

    /// A light userdata of the low 47 bits of an address.
    pub fn light_userdata(address: usize) -> Value {
        Value((Tag::LightUserdata as u64) << 47 | address as u64 & POINTER_MASK)
    }

    /// A value for this object, which must be of the kind that `tag` names.
    #[inline(always)]
    pub fn object<T>(tag: Tag, object: Gc<T>) -> Value {
        debug_assert_eq!(object.address() as u64 & !POINTER_MASK, 0);
        Value((tag as u64) << 47 | object.address() as u64)
    }

    /// The 17 tag bits; below `0x1FFF3` for a number.
    #[inline(always)]
    pub const fn tag_bits(self) -> u32 {
        (self.0 >> 47) as u32
    }

    /// Whether its tag is `tag`.
    #[inline(always)]
    pub const fn is(self, tag: Tag) -> bool {
        self.tag_bits() == tag as u32
    }

    /// Whether it is a number.
    #[inline(always)]
    pub const fn is_number(self) -> bool {
        self.0 < NUMBER_LIMIT
    }

    /// Whether it is `nil`.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.0 == u64::MAX
    }

    /// Whether it is `nil` or `false`.
    #[inline(always)]
    pub const fn is_falsy(self) -> bool {
        self.0 >= Value::FALSE.0
    }

    /// Whether it refers to a heap object.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 >= NUMBER_LIMIT && self.0 < FIRST_NON_OBJECT
    }

    /// The number's bits as a double, whatever the value is: meaningful when [`Value::is_number`], a NaN otherwise.
    #[inline(always)]
    pub const fn as_f64(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// The number, if it is one.
    #[inline(always)]
    pub fn to_number(self) -> Option<f64> {
        self.is_number().then(|| self.as_f64())
    }

    /// The address in the low 47 bits.
    #[inline(always)]
    pub const fn address(self) -> usize {
        (self.0 & POINTER_MASK) as usize
    }

    /// The object's header, if it refers to an object.
    #[inline(always)]
    pub fn as_object(self) -> Option<Gc<Header>> {
        self.is_object().then(|| Gc::from_address(self.address()))
    }

    /// The name of its type as `type()` gives it.
    pub fn type_name(self) -> &'static str {
        match self.tag_bits() {
            t if t == Tag::Nil as u32 => "nil",
            t if t == Tag::True as u32 || t == Tag::False as u32 => "boolean",
            t if t == Tag::Str as u32 => "string",
            t if t == Tag::Table as u32 => "table",
            t if t == Tag::Function as u32 => "function",
            t if t == Tag::Coroutine as u32 => "thread",
            t if t == Tag::Cdata as u32 => "cdata",
            t if t == Tag::Userdata as u32 || t == Tag::LightUserdata as u32 => "userdata",
            _ => "number",
        }
    }
}

macro_rules! object_accessors {
    ($($as_name:ident, $tag:ident, $ty:ty, $what:literal;)*) => {$(
        impl Value {
            #[doc = concat!("The ", $what, ", if it is one.")]
            #[inline(always)]
            pub fn $as_name(self) -> Option<Gc<$ty>> {
                self.is(Tag::$tag).then(|| Gc::from_address(self.address()))
            }
        }

        impl From<Gc<$ty>> for Value {
            #[inline(always)]
            fn from(object: Gc<$ty>) -> Value {
                Value::object(Tag::$tag, object)
            }
        }
    )*};
}
object_accessors! {
    as_str, Str, Str, "string";
    as_table, Table, Table, "table";
    as_function, Function, Function, "function";
    as_coroutine, Coroutine, Coroutine, "coroutine";
    as_cdata, Cdata, Cdata, "cdata";
    as_userdata, Userdata, Userdata, "userdata";
}

impl From<f64> for Value {
    fn from(n: f64) -> Value {
        Value::number(n)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::boolean(b)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Value::NIL => write!(f, "nil"),
            Value::TRUE => write!(f, "true"),
            Value::FALSE => write!(f, "false"),
            v if v.is_number() => write!(f, "{}", v.as_f64()),
            v => write!(f, "{}: {:#x}", v.type_name(), v.address()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_themselves() {
        for n in [0.0, -0.0, 1.5, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE] {
            let v = Value::number(n);
            assert!(v.is_number() && !v.is_falsy() && !v.is_object());
            assert_eq!(v.as_f64().to_bits(), n.to_bits());
        }
    }

    #[test]
    fn every_nan_is_a_number() {
        for bits in [0x7FF8 << 48, 0xFFF8 << 48, u64::MAX, 0xFFFF_0000_0000_0001, 0x7FF0_0000_0000_0001] {
            let v = Value::number(f64::from_bits(bits));
            assert!(v.is_number() && v.as_f64().is_nan());
        }
    }

    #[test]
    fn only_nil_and_false_are_falsy() {
        assert!(Value::NIL.is_falsy() && Value::FALSE.is_falsy());
        assert!(!Value::TRUE.is_falsy() && !Value::number(0.0).is_falsy());
        assert!(!Value::light_userdata(0).is_falsy());
        assert!(Value::NIL.is_nil() && !Value::FALSE.is_nil());
    }

    #[test]
    fn a_non_number_read_as_a_double_is_nan() {
        for v in [Value::NIL, Value::FALSE, Value::TRUE, Value::light_userdata(42)] {
            assert!(v.as_f64().is_nan());
        }
    }

    #[test]
    fn type_names() {
        assert_eq!(Value::NIL.type_name(), "nil");
        assert_eq!(Value::TRUE.type_name(), "boolean");
        assert_eq!(Value::number(f64::NAN).type_name(), "number");
        assert_eq!(Value::light_userdata(8).type_name(), "userdata");
    }
}
