//! How values travel in a call: the plan that every way of calling follows.
//!
//! A [`CallPlan`] says for each argument and for the result which bytes of it go into which register, or where on the stack
//! it lies. It is neutral: libffi's caller, the stub compiler and the trace compiler each read from it what they need, and
//! nothing outside of this folder knows the rules of a processor. There is one file per ABI.
//!
//! ```text
//!     struct { double x; int n; }  f(char c, struct { double x; int n; } s, double more[8]…)
//!
//!     c    Registers [ bytes 0..1 -> int register 0 ], sign-extended to 32 bits
//!     s    Registers [ bytes 0..8 -> SSE register 0, bytes 8..16 -> int register 1 ]
//!     …    Registers until they run out, then Stack { offset }
//!     ret  Registers [ bytes 0..8 -> SSE register 0, bytes 8..16 -> int register 0 ]
//! ```
//!
//! A value is split in pieces of at most eight bytes ("eightbytes"), or sixteen for what fills a whole SSE register. Either
//! all pieces of an argument get registers, or none: a struct of two pieces that finds one integer register left goes to
//! the stack whole, and a later argument may still take that register.

mod sysv_x64;

use std::fmt;

use crate::ctype::{CTypeId, CTypes, Float, Function, Kind};

/// A kind of register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// A general-purpose register.
    Int,
    /// A floating-point and vector register.
    Sse,
}

/// Some bytes of a value in a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Piece {
    /// Where they begin in the value.
    pub offset: u8,
    /// How many there are: 1 to 8, or 16. The register's other bytes mean nothing.
    pub size: u8,
    /// The kind of register.
    pub class: Class,
    /// Which one, counted from 0 within its kind in the ABI's order for arguments, or for results.
    pub register: u8,
}

/// The pieces of one value: one or two.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pieces {
    list: [Piece; 2],
    count: u8,
}

impl Pieces {
    fn one(piece: Piece) -> Pieces {
        Pieces { list: [piece; 2], count: 1 }
    }

    fn two(first: Piece, second: Piece) -> Pieces {
        Pieces { list: [first, second], count: 2 }
    }

    /// How many of them need a register of a kind.
    fn need(&self, class: Class) -> u8 {
        self.iter().filter(|piece| piece.class == class).count() as u8
    }
}

impl std::ops::Deref for Pieces {
    type Target = [Piece];

    fn deref(&self) -> &[Piece] {
        &self.list[..usize::from(self.count)]
    }
}

/// How a small integer fills its register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extension {
    /// Not at all.
    None,
    /// With zeros, to 32 bits.
    Zero,
    /// With copies of its sign, to 32 bits.
    Sign,
}

/// Where an argument is when the function begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// Nowhere: it has no bytes.
    Nothing,
    /// In registers.
    Registers(Pieces),
    /// On the stack: so many bytes above the place where the stack pointer is before the call pushes the return address.
    Stack {
        /// A multiple of 8.
        offset: u32,
    },
}

/// An argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArgPlan {
    /// Its type; for a `transparent_union` that of the first member.
    pub ctype: CTypeId,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is one number or address, as opposed to a struct, a union or a complex number.
    pub is_scalar: bool,
    /// How it fills its register or its eight bytes on the stack.
    pub extension: Extension,
    /// Where it is.
    pub place: Place,
}

/// The result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RetPlan {
    /// There is none, or none that has bytes.
    Nothing,
    /// In registers.
    Registers {
        /// Its bytes.
        pieces: Pieces,
        /// As in [`ArgPlan`].
        is_scalar: bool,
        /// As in [`ArgPlan`]; what the callee leaves in the register's other bits means nothing all the same.
        extension: Extension,
    },
    /// In memory that the caller provides. Its address travels in the first integer register, before all arguments, and
    /// comes back in the first integer register of results.
    Memory {
        /// How many bytes.
        size: u64,
        /// How they are aligned.
        align: u64,
    },
    /// On the x87 stack: so many 80-bit numbers, the first on top, each 16 bytes of the value.
    X87 {
        /// 1 for a long double, 2 for a complex one.
        count: u8,
    },
}

/// How to call a function of one type with arguments of known types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CallPlan {
    /// The arguments in order, those of the `...` too.
    pub args: Vec<ArgPlan>,
    /// The result.
    pub ret: RetPlan,
    /// How many of the arguments are declared, if the function takes more.
    pub variadic: Option<usize>,
    /// How many integer registers are in use, the result's address included.
    pub int_registers: u8,
    /// How many SSE registers are in use; a variadic function wants to know it, in `al`.
    pub sse_registers: u8,
    /// How many bytes of stack the arguments take, a multiple of 8.
    pub stack_bytes: u32,
    /// What the stack pointer must be a multiple of before the call pushes the return address: 16 at least.
    pub stack_align: u32,
}

/// Why there is no plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AbiError {
    /// An argument or the result has no size: it is incomplete, a function, an array.
    NoValue(CTypeId),
    /// A calling convention, or a processor, that this crate does not know.
    Unsupported(&'static str),
}

impl AbiError {
    /// The error in words.
    pub fn describe(self, print: impl Fn(CTypeId) -> String) -> String {
        match self {
            AbiError::NoValue(ctype) => format!("'{}' cannot be passed by value", print(ctype)),
            AbiError::Unsupported(what) => format!("calls by {what} are not supported"),
        }
    }
}

impl fmt::Display for AbiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(|ctype| format!("ctype {}", ctype.index())))
    }
}

impl std::error::Error for AbiError {}

/// The plan of a call. `more` are the types of the arguments behind the declared ones, promoted as C promotes them (see
/// [`promoted_argument`]).
pub fn plan_call(types: &CTypes, function: &Function, more: &[CTypeId]) -> Result<CallPlan, AbiError> {
    sysv_x64::plan_call(types, function, more)
}

/// The type that an argument of `...` has on its way (C17 6.5.2.2p6): no `float`, no integer narrower than `int`.
pub fn promoted_argument(types: &CTypes, id: CTypeId) -> CTypeId {
    match types.kind(types.underlying(id)) {
        Kind::Bool | Kind::Int { bytes: ..=2, .. } => CTypeId::INT32,
        Kind::Float(Float::Single) => CTypeId::DOUBLE,
        _ => types.bare(id),
    }
}
