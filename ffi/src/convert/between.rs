//! Conversions from one C type to another.
//!
//! First [`between`] says *what* is to be done, from the types alone; then [`Between::perform`] does it to bytes. The interpreter does both at
//! once; the JIT asks the first while it records, and emits machine code for the second.

#![allow(unsafe_code)]

use super::compatible::{Strictness, targets_match};
use crate::{
    ctype::{CTypeId, CTypes, Float, Kind, Length},
    scalar::{Number, Scalar},
};

/// What makes a value of one type from a value of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Between {
    /// Reads a number, or the real part of a complex one, or an address, and writes it as another.
    Scalar {
        /// What is read.
        from: Scalar,
        /// What is written.
        to: Scalar,
    },
    /// Writes the address at which the source lies.
    Address(Scalar),
    /// Copies this many bytes.
    Copy(u64),
    /// Writes a real part, and zero for the imaginary one.
    Complex {
        /// What is read.
        from: Scalar,
        /// What the parts are.
        part: Scalar,
    },
    /// Converts both parts of a complex number.
    ComplexParts {
        /// What the parts are in the source.
        from: Scalar,
        /// What the parts become.
        to: Scalar,
    },
    /// Writes the same number to every lane of a vector.
    Splat {
        /// What is read.
        from: Scalar,
        /// What each lane is.
        lane: Scalar,
        /// How many there are.
        lanes: u32,
    },
}

/// What may be converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// `ffi.cast`: addresses and integers may stand for each other, and pointers need not match.
    pub cast: bool,
    /// The source is a Lua number, which counts as an integer where it becomes an address.
    pub lua_number: bool,
}

/// How a value of type `from` becomes one of type `to`; nothing when it cannot. Neither a reference as `from` nor a
/// qualifier of either type itself matters here: references are to be followed before, and qualifiers are for whoever stores.
pub fn between(types: &CTypes, to: CTypeId, from: CTypeId, rules: Rules) -> Option<Between> {
    let source = types.kind(from);
    match types.kind(to) {
        Kind::Void | Kind::Function(_) => None,
        Kind::Bool | Kind::Int { .. } | Kind::Float(_) | Kind::Enum(_) => {
            to_number(types, Scalar::of(types, to)?, from, rules)
        }
        Kind::Complex(float) => {
            let part = Scalar::of_float(float);
            match source {
                Kind::Complex(from) => Some(Between::ComplexParts { from: Scalar::of_float(from), to: part }),
                _ => Some(Between::Complex { from: Scalar::of(types, from)?, part }),
            }
        }
        Kind::Vector { lane, bytes } => match source {
            Kind::Vector { bytes: given, .. } => (bytes == given).then_some(Between::Copy(bytes.into())),
            _ => {
                let lane = Scalar::of(types, lane)?;
                let lanes = bytes / lane.bytes() as u32;
                Some(Between::Splat { from: Scalar::of(types, from)?, lane, lanes })
            }
        },
        Kind::Pointer(target) | Kind::Reference(target) => to_address(types, target, from, rules),
        Kind::Array { of, length } => match source {
            Kind::Array { of: given, .. } if !rules.cast && length != Length::Variable => {
                let size = types.size_of(to)?;
                let fits = types.size_of(from) == Some(size) && targets_match(types, of, given, Strictness::Assign);
                fits.then_some(Between::Copy(size))
            }
            _ => None,
        },
        Kind::Record(_) if types.bare(to) == types.bare(from) => Some(Between::Copy(types.size_of(to)?)),
        Kind::Record(_) => None,
    }
}

fn to_number(types: &CTypes, to: Scalar, from: CTypeId, rules: Rules) -> Option<Between> {
    let takes_address = rules.cast && to != Scalar::Bool && !to.is_float();
    match types.kind(from) {
        Kind::Complex(_) if to == Scalar::Bool => None,
        Kind::Complex(float) => Some(Between::Scalar { from: Scalar::of_float(float), to }),
        Kind::Pointer(_) | Kind::Function(_) => takes_address.then_some(Between::Scalar { from: Scalar::U64, to }),
        Kind::Array { .. } => takes_address.then_some(Between::Address(to)),
        _ => Some(Between::Scalar { from: Scalar::of(types, from)?, to }),
    }
}

fn to_address(types: &CTypes, target: CTypeId, from: CTypeId, rules: Rules) -> Option<Between> {
    let fits = |source| rules.cast || targets_match(types, target, source, Strictness::Assign);
    match types.kind(from) {
        Kind::Pointer(source) => fits(source).then_some(Between::Scalar { from: Scalar::U64, to: Scalar::U64 }),
        Kind::Function(_) => fits(from).then_some(Between::Scalar { from: Scalar::U64, to: Scalar::U64 }),
        Kind::Array { of, .. } => fits(of).then_some(Between::Address(Scalar::U64)),
        // The qualifiers of a whole struct are forgotten with its address; LuaJIT does so.
        Kind::Record(_) => fits(types.bare(from)).then_some(Between::Address(Scalar::U64)),
        Kind::Int { .. } | Kind::Enum(_) if rules.cast => {
            Some(Between::Scalar { from: Scalar::of(types, from)?, to: Scalar::U64 })
        }
        Kind::Float(Float::Double) if rules.cast && rules.lua_number => {
            Some(Between::Scalar { from: Scalar::F64, to: Scalar::U64 })
        }
        _ => None,
    }
}

impl Between {
    /// Converts the value at `from` and writes the result to `to`.
    ///
    /// # Safety
    /// Both places have the sizes of the types that this was made for; neither need be aligned.
    pub unsafe fn perform(self, to: *mut u8, from: *const u8) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Between::Scalar { from: read, to: write } => write.write(to, read.read(from)),
                Between::Address(write) => write.write(to, Number::Int(from as usize as i128)),
                Between::Copy(bytes) => std::ptr::copy(from, to, bytes as usize),
                Between::Complex { from: read, part } => {
                    part.write(to, read.read(from));
                    part.write(to.add(part.bytes()), Number::Float(0.0));
                }
                Between::ComplexParts { from: read, to: write } => {
                    let (re, im) = (read.read(from), read.read(from.add(read.bytes())));
                    write.write(to, re);
                    write.write(to.add(write.bytes()), im);
                }
                Between::Splat { from: read, lane, lanes } => {
                    let number = read.read(from);
                    for i in 0..lanes as usize {
                        lane.write(to.add(i * lane.bytes()), number);
                    }
                }
            }
        }
    }
}
