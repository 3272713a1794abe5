//! Types as libffi wants them described.
//!
//! libffi knows no unions, bit-fields or packed structs, but it needs none of that: all it asks of a struct is its size, its alignment, and
//! to which classes its eightbytes belong. We know the classes, so a struct is described by one element for each:
//!
//! ```text
//!     struct { float x, y; int n; }     SSE, INTEGER     {double, uint64_t}, size 12
//! ```
//!
//! libffi leaves a description alone that has a size already. To make it pass a small struct in memory (a packed one, say), it gets a
//! `long double` as its element: that class travels in memory as an argument; and as a result everything larger than 32 bytes does.

#![allow(unsafe_code)]

use crate::{
    ctype::{CTypeId, CTypes, Float, Kind},
    scalar::Scalar,
};
use libffi::low::{ffi_type, type_tag, types};
use std::ptr::null_mut;

/// The descriptions that a call interface points to.
#[derive(Default)]
pub struct Descriptions {
    /// Of the arguments.
    pub arguments: Vec<*mut ffi_type>,
    /// Our own, each with the list that it points to.
    made: Vec<(Box<ffi_type>, Box<[*mut ffi_type]>)>,
}

impl Descriptions {
    /// A struct of this size, one element for each class.
    fn record(&mut self, size: u64, align: u64, elements: Vec<*mut ffi_type>) -> *mut ffi_type {
        let mut elements: Box<[_]> = elements.into_iter().chain([null_mut()]).collect();
        let description = ffi_type {
            size: size as usize,
            alignment: align as u16,
            type_: type_tag::STRUCT,
            elements: elements.as_mut_ptr(),
        };
        self.made.push((Box::new(description), elements));
        let (description, _) = self.made.last_mut().expect("one was just made");
        &raw mut **description
    }
}

/// The type of a parameter, or nothing when such cannot be passed.
pub fn describe_parameter(types: &CTypes, id: CTypeId, all: &mut Descriptions) -> Option<*mut ffi_type> {
    describe(types, id, all, false)
}

/// The type of a result, or nothing when such cannot be returned.
pub fn describe_result(types: &CTypes, id: CTypeId, all: &mut Descriptions) -> Option<*mut ffi_type> {
    describe(types, id, all, true)
}

fn describe(types: &CTypes, id: CTypeId, all: &mut Descriptions, is_result: bool) -> Option<*mut ffi_type> {
    match types.kind(types.underlying(id)) {
        Kind::Void if is_result => Some(&raw mut types::void),
        Kind::Void | Kind::Function(_) | Kind::Array { .. } | Kind::Vector { .. } => None,
        Kind::Complex(Float::Extended) => None,
        Kind::Pointer(_) | Kind::Reference(_) => Some(&raw mut types::pointer),
        Kind::Bool | Kind::Int { bytes: ..=8, .. } | Kind::Enum(_) | Kind::Float(_) => scalar(Scalar::of(types, id)?),
        Kind::Int { .. } | Kind::Complex(_) | Kind::Record(_) => {
            let (size, align) = (types.size_of(id)?, types.align_of(id));
            let Some(classes) = classes(types, id) else {
                // In memory.
                let size = if is_result { size.max(64) } else { size };
                return Some(all.record(size, align, vec![&raw mut types::longdouble]));
            };
            let elements = classes.iter().map(|class| match class {
                Class::Integer => &raw mut types::uint64,
                Class::Sse => &raw mut types::double,
            });
            let elements = elements.collect();
            Some(all.record(size, align, elements))
        }
    }
}

fn scalar(scalar: Scalar) -> Option<*mut ffi_type> {
    Some(match scalar {
        Scalar::Bool | Scalar::U8 => &raw mut types::uint8,
        Scalar::I8 => &raw mut types::sint8,
        Scalar::I16 => &raw mut types::sint16,
        Scalar::U16 => &raw mut types::uint16,
        Scalar::I32 => &raw mut types::sint32,
        Scalar::U32 => &raw mut types::uint32,
        Scalar::I64 => &raw mut types::sint64,
        Scalar::U64 => &raw mut types::uint64,
        // The low half of the register that a float is in.
        Scalar::F32 | Scalar::F16 | Scalar::BF16 => &raw mut types::float,
        Scalar::F64 => &raw mut types::double,
        Scalar::F80 => &raw mut types::longdouble,
        Scalar::I128 | Scalar::U128 | Scalar::F128 => return None,
    })
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Class {
    Integer,
    Sse,
}

fn classes(types: &CTypes, id: CTypeId) -> Option<Vec<Class>> {
    let size = types.size_of(id)?;
    if size > 16 {
        return None;
    }
    let mut found = [None; 2];
    visit(types, id, 0, &mut found)?;
    let count = size.div_ceil(8) as usize;
    Some(found[..count].iter().map(|class| class.unwrap_or(Class::Sse)).collect())
}

fn visit(types: &CTypes, id: CTypeId, offset: u64, found: &mut [Option<Class>; 2]) -> Option<()> {
    let size = types.size_of(id).unwrap_or(0);
    let mut put = |offset: u64, class: Class| {
        let slot = &mut found[(offset / 8) as usize];
        *slot = Some(if *slot == Some(Class::Integer) { Class::Integer } else { class });
    };
    match types.kind(types.underlying(id)) {
        Kind::Float(Float::Extended | Float::Quad) | Kind::Vector { .. } => None,
        Kind::Complex(float) => {
            if !offset.is_multiple_of(float.bytes()) {
                return None;
            }
            put(offset, Class::Sse);
            put(offset + float.bytes(), Class::Sse);
            Some(())
        }
        Kind::Float(_) => {
            put(offset, Class::Sse);
            offset.is_multiple_of(size).then_some(())
        }
        Kind::Int { bytes: 16, .. } => {
            put(offset, Class::Integer);
            put(offset + 8, Class::Integer);
            Some(())
        }
        Kind::Array { of, .. } => {
            let step = types.size_of(of)?;
            let mut at = 0;
            while step > 0 && at < size {
                visit(types, of, offset + at, found)?;
                at += step;
            }
            Some(())
        }
        Kind::Record(_) => {
            for member in &types.record_body(id)?.members {
                match member.bits {
                    Some(bits) => {
                        let first = (offset + member.offset) * 8 + u64::from(bits.start);
                        for bit in [first, first + u64::from(bits.width) - 1] {
                            let slot = &mut found[(bit / 64) as usize];
                            *slot = Some(Class::Integer);
                        }
                    }
                    None => visit(types, member.ctype, offset + member.offset, found)?,
                }
            }
            Some(())
        }
        _ => {
            put(offset, Class::Integer);
            (size == 0 || offset.is_multiple_of(size)).then_some(())
        }
    }
}
