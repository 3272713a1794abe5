//! Constants of a trace: interned, so that equal constants are the same [`IrRef`].
//!
//! They stand apart from the instructions and are printed as what they are, never by number:
//!
//! ```text
//!   +1.5  -0.0  +inf  nan        numbers (always with a point, an exponent or a word)
//!   +3    -7                     int
//!   +3LL  +3ULL  ptr:0x10        i64, u64, ptr
//!   nil false true               primitives
//!   tab:0x7f00 str:name          objects, by address or by a name that the reader of the text knows
//!   light:0x8  link:0x5000       light userdata, frame links
//! ```

use super::trace::IrRef;
use super::types::Type;
use moonwake_lang::value::{CANONICAL_NAN, POINTER_MASK, Value};
use std::collections::HashMap;

/// A constant. Numbers are kept as bits, so that `-0.0` and each NaN are constants of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Const {
    /// `nil`, `false` or `true`.
    Primitive(Type),
    /// The bits of a `num`.
    Num(u64),
    /// An `int`.
    Int(i32),
    /// An `i64`.
    I64(i64),
    /// A `u64`.
    U64(u64),
    /// An address.
    Ptr(u64),
    /// An object of this type at this address; or a light userdata.
    Object(Type, u64),
    /// A frame's link word.
    Link(u64),
}

impl Const {
    /// A number.
    pub fn num(n: f64) -> Const {
        Const::Num(n.to_bits())
    }

    /// A Lua value. A number is a `num`, even a whole one.
    pub fn value(value: Value) -> Const {
        match Type::of_value(value) {
            Type::Num => Const::Num(value.0),
            ty if ty.is_primitive() => Const::Primitive(ty),
            ty => Const::Object(ty, value.address() as u64),
        }
    }

    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Const::Primitive(ty) | Const::Object(ty, _) => ty,
            Const::Num(_) => Type::Num,
            Const::Int(_) => Type::Int,
            Const::I64(_) => Type::I64,
            Const::U64(_) => Type::U64,
            Const::Ptr(_) => Type::Ptr,
            Const::Link(_) => Type::Link,
        }
    }

    /// The bits that a register holds: of an `int` the low 32.
    pub fn bits(self) -> u64 {
        match self {
            Const::Primitive(_) => 0,
            Const::Num(bits) | Const::U64(bits) | Const::Ptr(bits) | Const::Object(_, bits) | Const::Link(bits) => bits,
            Const::Int(n) => n as u32 as u64,
            Const::I64(n) => n as u64,
        }
    }

    /// The constant of a type whose register holds these bits.
    pub fn from_bits(ty: Type, bits: u64) -> Const {
        match ty {
            Type::None | Type::Val => Const::value(Value(bits)),
            Type::Nil | Type::False | Type::True => Const::Primitive(ty),
            Type::Num => Const::Num(bits),
            Type::Int => Const::Int(bits as i32),
            Type::I64 => Const::I64(bits as i64),
            Type::U64 => Const::U64(bits),
            Type::Ptr => Const::Ptr(bits),
            Type::Link => Const::Link(bits),
            Type::Light | Type::Str | Type::Tab | Type::Fun | Type::Cdata | Type::Udata | Type::Coro => {
                Const::Object(ty, bits)
            }
        }
    }

    /// The Lua value, if it is one: what boxing gives. A link is boxed as it is.
    pub fn boxed(self) -> Option<Value> {
        Some(match self {
            Const::Num(bits) => Value::number(f64::from_bits(bits)),
            Const::Int(n) => Value::number(f64::from(n)),
            Const::Link(bits) => Value(bits),
            Const::Primitive(ty) => Value((ty.tag()? as u64) << 47 | POINTER_MASK),
            Const::Object(ty, address) => Value((ty.tag()? as u64) << 47 | address),
            Const::I64(_) | Const::U64(_) | Const::Ptr(_) => return None,
        })
    }

    /// Reads a constant in the notation of this file's head. `names` gives the addresses of named objects.
    pub fn parse(text: &str, names: &dyn Fn(&str) -> Option<u64>) -> Option<Const> {
        if let Some((kind, rest)) = text.split_once(':') {
            let bits = match rest.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok()?,
                None => names(rest)?,
            };
            return match kind {
                "nan" => Some(Const::Num(bits)),
                kind => {
                    Type::from_text(kind).filter(|t| t.is_object() || by_address(*t)).map(|t| Const::from_bits(t, bits))
                }
            };
        }
        match text {
            "nan" => return Some(Const::Num(CANONICAL_NAN)),
            "nil" => return Some(Const::Primitive(Type::Nil)),
            "false" => return Some(Const::Primitive(Type::False)),
            "true" => return Some(Const::Primitive(Type::True)),
            _ => {}
        }
        let digits = text.strip_prefix('+').or_else(|| text.starts_with('-').then_some(text))?;
        if let Some(n) = digits.strip_suffix("ULL") {
            return n.parse().ok().map(Const::U64);
        }
        if let Some(n) = digits.strip_suffix("LL") {
            return n.parse().ok().map(Const::I64);
        }
        if digits.contains(['.', 'e', 'f']) {
            return digits.parse().ok().map(Const::num);
        }
        digits.parse().ok().map(Const::Int)
    }
}

/// Types whose constants are printed as `type:address` without being objects.
fn by_address(ty: Type) -> bool {
    matches!(ty, Type::Ptr | Type::Light | Type::Link)
}

impl std::fmt::Display for Const {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Const::Primitive(ty) => write!(f, "{ty}"),
            Const::Num(CANONICAL_NAN) => write!(f, "nan"),
            Const::Num(bits) if f64::from_bits(bits).is_nan() => write!(f, "nan:{bits:#x}"),
            Const::Num(bits) => write!(f, "{:+?}", f64::from_bits(bits)),
            Const::Int(n) => write!(f, "{n:+}"),
            Const::I64(n) => write!(f, "{n:+}LL"),
            Const::U64(n) => write!(f, "{n:+}ULL"),
            Const::Ptr(address) => write!(f, "ptr:{address:#x}"),
            Const::Object(ty, address) => write!(f, "{ty}:{address:#x}"),
            Const::Link(bits) => write!(f, "link:{bits:#x}"),
        }
    }
}

/// The constants of one trace.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    list: Vec<Const>,
    index: HashMap<Const, u32>,
}

impl Constants {
    /// The reference of a constant, the same for equal ones.
    pub fn intern(&mut self, constant: Const) -> IrRef {
        let next = self.list.len() as u32;
        let at = *self.index.entry(constant).or_insert(next);
        if at == next {
            self.list.push(constant);
        }
        IrRef::constant(at)
    }

    /// The constant behind a reference.
    pub fn get(&self, at: IrRef) -> Const {
        self.list[at.constant_index()]
    }

    /// All of them, in the order of their first use. The trace keeps the objects among them alive.
    pub fn iter(&self) -> impl Iterator<Item = Const> + '_ {
        self.list.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        let constants = [
            Const::num(1.5),
            Const::num(-0.0),
            Const::num(3.0),
            Const::num(1e300),
            Const::num(f64::INFINITY),
            Const::num(f64::NEG_INFINITY),
            Const::Num(CANONICAL_NAN),
            Const::Num(0x7FF8 << 48),
            Const::Int(5),
            Const::Int(i32::MIN),
            Const::I64(i64::MIN),
            Const::U64(u64::MAX),
            Const::Ptr(16),
            Const::Object(Type::Tab, 0x1000),
            Const::Object(Type::Light, 8),
            Const::Link(0x5000),
            Const::Primitive(Type::Nil),
            Const::Primitive(Type::True),
        ];
        for c in constants {
            assert_eq!(Const::parse(&c.to_string(), &|_| None), Some(c), "{c}");
            assert_eq!(Const::from_bits(c.ty(), c.bits()), c);
        }
    }

    #[test]
    fn names_are_looked_up() {
        let names = |name: &str| (name == "point").then_some(0x40);
        assert_eq!(Const::parse("tab:point", &names), Some(Const::Object(Type::Tab, 0x40)));
        assert_eq!(Const::parse("tab:other", &names), None);
        for nonsense in ["", "+", "1.5", "num:0x1", "tab:", "+1.5LL", "blah"] {
            assert_eq!(Const::parse(nonsense, &names), None, "{nonsense}");
        }
    }

    #[test]
    fn equal_constants_are_one() {
        let mut constants = Constants::default();
        let a = constants.intern(Const::num(0.0));
        assert_ne!(a, constants.intern(Const::num(-0.0)));
        assert_eq!(a, constants.intern(Const::num(0.0)));
        assert_eq!(constants.get(a), Const::num(0.0));
    }

    #[test]
    fn boxing_is_what_a_value_is() {
        assert_eq!(Const::Int(-3).boxed(), Some(Value::number(-3.0)));
        assert_eq!(Const::Primitive(Type::True).boxed(), Some(Value::TRUE));
        assert_eq!(Const::value(Value::NIL).boxed(), Some(Value::NIL));
        assert_eq!(Const::I64(1).boxed(), None);
    }
}
