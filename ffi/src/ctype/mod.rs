//! C types.
//!
//! A ctype is a number, [`CTypeId`], into a table, [`CTypes`], in which every type stands once: two types are the same when
//! their numbers are. Structs, unions and enumerations are the exception that C makes: each definition is a type of its own,
//! so they have numbers of their own ([`RecordId`], [`EnumId`]) behind which their members can be filled in later.
//!
//! ```text
//!     const char *[4]      CTypeId 57  Array { of: 56, Known(4) }
//!                          CTypeId 56  Pointer(55)
//!                          CTypeId 55  Int { bytes: 1 } const     bare: 2
//!                          CTypeId 2   Int { bytes: 1 }           bare: 2
//! ```
//!
//! What is *not* distinguished, as in LuaJIT: `long` and `long long`, `char` and `signed char`, a typedef and what it
//! stands for. Scripts compare and print ctypes, and expect this.
//!
//! Read `table.rs` (the table), `record.rs` (members and how they are found), `print.rs` (a ctype as LuaJIT prints it), `info.rs` (as its
//! `ffi.typeinfo` shows it).
//! Where members are placed is decided in [`crate::layout`].

mod info;
mod print;
mod record;
mod table;

pub(crate) use self::table::MAX_DEPTH;
pub use self::{
    info::TypeInfo,
    record::{BitField, Enumeration, FoundMember, Member, Record, RecordBody},
    table::CTypes,
};
use crate::c::name::Name;

/// The number of a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CTypeId(pub(crate) u32);

impl CTypeId {
    /// A dense index for tables by type; also the number that LuaJIT shows for a ctype.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a struct or union.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordId(pub(crate) u32);

/// The number of an enumeration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EnumId(pub(crate) u32);

/// The number of a function's signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub(crate) u32);

/// What a type is, apart from its qualifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// No value.
    Void,
    /// `_Bool`: one byte, 0 or 1.
    Bool,
    /// An integer of 1, 2, 4, 8 or 16 bytes.
    Int {
        /// Its size.
        bytes: u8,
        /// Whether it has no negative values.
        unsigned: bool,
    },
    /// A floating type.
    Float(Float),
    /// Two of them, the real part first.
    Complex(Float),
    /// GCC's `vector_size`: equal numbers side by side in one register.
    Vector {
        /// The type of each number.
        lane: CTypeId,
        /// The size of all of them, a power of two.
        bytes: u32,
    },
    /// An enumeration, the same as its underlying integer where it counts.
    Enum(EnumId),
    /// A pointer to that type.
    Pointer(CTypeId),
    /// C++'s reference, which LuaJIT uses for what a member access gives: a place, rather than its value.
    Reference(CTypeId),
    /// An array.
    Array {
        /// The type of its elements.
        of: CTypeId,
        /// How many there are.
        length: Length,
    },
    /// A struct or union.
    Record(RecordId),
    /// A function.
    Function(FunctionId),
}

/// The length of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Length {
    /// `[n]`
    Known(u64),
    /// `[]`: a flexible member, or an array declared elsewhere.
    Unknown,
    /// `[?]`: LuaJIT's length that is given when an object is made.
    Variable,
}

/// The formats of floating numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Float {
    /// `_Float16`, 2 bytes.
    Half,
    /// `__bf16`, 2 bytes.
    Brain,
    /// `float`, 4 bytes.
    Single,
    /// `double`, 8 bytes.
    Double,
    /// `long double`: on x86 80 bits in 16 bytes.
    Extended,
    /// `_Float128`, 16 bytes.
    Quad,
}

impl Float {
    /// Its size in memory, which is its alignment too.
    pub fn bytes(self) -> u64 {
        match self {
            Float::Half | Float::Brain => 2,
            Float::Single => 4,
            Float::Double => 8,
            Float::Extended | Float::Quad => 16,
        }
    }
}

/// `const` and `volatile`. `restrict` and `_Atomic` change nothing here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Qualifiers(u8);

impl Qualifiers {
    /// None.
    pub const NONE: Qualifiers = Qualifiers(0);
    /// `const`
    pub const CONST: Qualifiers = Qualifiers(1);
    /// `volatile`
    pub const VOLATILE: Qualifiers = Qualifiers(2);

    /// All of both.
    pub fn union(self, other: Qualifiers) -> Qualifiers {
        Qualifiers(self.0 | other.0)
    }

    /// Whether `const` is among them.
    pub fn is_const(self) -> bool {
        self.0 & Qualifiers::CONST.0 != 0
    }

    /// Whether `volatile` is among them.
    pub fn is_volatile(self) -> bool {
        self.0 & Qualifiers::VOLATILE.0 != 0
    }
}

/// A type in full.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CType {
    /// What it is.
    pub kind: Kind,
    /// `const`, `volatile`.
    pub qualifiers: Qualifiers,
    /// An alignment other than the natural one, from `aligned(n)` on a typedef; 0 for the natural one.
    pub align: u32,
}

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Function {
    /// What it returns.
    pub result: CTypeId,
    /// What it takes; arrays and functions have become pointers.
    pub params: Box<[CTypeId]>,
    /// Whether it takes more (`...`).
    pub variadic: bool,
    /// How it is called.
    pub convention: Convention,
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Convention {
    /// As the platform does.
    #[default]
    Native,
    /// As Windows does on x86-64: `__attribute__((ms_abi))`.
    Microsoft,
}

/// A constant that has a type: an enumerator, a `static const`, a macro's value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Constant {
    /// Its type: an integer, enumeration, pointer or floating type; for a string an array of `char`.
    pub ctype: CTypeId,
    /// Its value.
    pub value: Value,
}

/// The value of a constant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// An integer or an address, sign- or zero-extended to 64 bits as its type is.
    Int(u64),
    /// A floating number; a long double is rounded.
    Float(f64),
    /// The bytes of a string, without the zero at its end.
    String(Name),
}
