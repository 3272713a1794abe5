//! Types as libffi wants them described.
//!
//! libffi knows no unions, bit-fields or packed structs, but it needs none of that: all it asks of a struct is its size, its alignment, and
//! to which classes its eightbytes belong. We know the classes (see [`crate::abi`]), so a struct is described by one element for each:
//!
//! ```text
//!     struct { float x, y; int n; }     SSE, INTEGER     {double, uint64_t}, size 12
//! ```
//!
//! libffi leaves a description alone that has a size already. To make it pass a small struct in memory (a packed one, say), it gets a
//! `long double` as its element: that class travels in memory as an argument; and as a result everything larger than 32 bytes does.

#![allow(unsafe_code)]

use crate::{
    abi::{Class, Piece, Place, RetPlan, plan_call},
    ctype::{CTypeId, CTypes, Convention, Function, Kind},
    scalar::Scalar,
};
use libffi::{
    low::{ffi_type, type_tag, types},
    raw::FFI_TYPE_COMPLEX,
};
use std::ptr::null_mut;

/// The descriptions that a call interface points to.
#[derive(Default)]
pub struct Descriptions {
    /// Of the arguments.
    pub arguments: Vec<*mut ffi_type>,
    /// Our own, each with the list that it points to.
    made: Vec<(Box<ffi_type>, Box<[*mut ffi_type]>)>,
}

/// What libffi is told of a type.
pub enum Described {
    /// Nothing: it has no bytes.
    Nothing,
    /// This.
    As(*mut ffi_type),
}

impl Descriptions {
    /// A struct of this size, one element for each class.
    fn record(&mut self, size: u64, align: u64, elements: Vec<*mut ffi_type>) -> Described {
        self.compound(type_tag::STRUCT, size, align, elements)
    }

    fn compound(&mut self, tag: u16, size: u64, align: u64, elements: Vec<*mut ffi_type>) -> Described {
        let mut elements: Box<[_]> = elements.into_iter().chain([null_mut()]).collect();
        let description =
            ffi_type { size: size as usize, alignment: align as u16, type_: tag, elements: elements.as_mut_ptr() };
        self.made.push((Box::new(description), elements));
        let (description, _) = self.made.last_mut().expect("one was just made");
        Described::As(&raw mut **description)
    }

    /// A struct that travels in registers.
    fn in_registers(&mut self, size: u64, align: u64, pieces: &[Piece]) -> Option<Described> {
        let mut elements = Vec::with_capacity(pieces.len());
        for piece in pieces {
            elements.push(match piece.class {
                Class::Int => &raw mut types::uint64,
                Class::Sse if piece.size <= 8 => &raw mut types::double,
                // A whole vector register: libffi has no such type.
                Class::Sse => return None,
            });
        }
        Some(self.record(size, align, elements))
    }
}

/// The type of a parameter, or nothing when such cannot be passed.
pub fn describe_parameter(ctypes: &CTypes, id: CTypeId, all: &mut Descriptions) -> Option<Described> {
    if let Some(scalar) = scalar(ctypes, id) {
        return Some(Described::As(scalar));
    }
    let alone = Function { params: Box::new([id]), ..function_of(CTypeId::VOID) };
    let (size, align) = (ctypes.size_of(id)?, ctypes.align_of(id));
    match plan_call(ctypes, &alone, &[]).ok()?.args.first()?.place {
        Place::Nothing => Some(Described::Nothing),
        Place::Registers(pieces) => all.in_registers(size, align, &pieces),
        Place::Stack { .. } => Some(all.record(size, align, vec![&raw mut types::longdouble])),
    }
}

/// The type of a result, or nothing when such cannot be returned.
pub fn describe_result(ctypes: &CTypes, id: CTypeId, all: &mut Descriptions) -> Option<Described> {
    /// A size with which libffi returns every struct in memory.
    const LARGE: u64 = 64;
    if let Some(scalar) = scalar(ctypes, id) {
        return Some(Described::As(scalar));
    }
    let (size, align) = (ctypes.size_of(id).unwrap_or(0), ctypes.align_of(id));
    match plan_call(ctypes, &function_of(id), &[]).ok()?.ret {
        RetPlan::Nothing => Some(Described::Nothing),
        RetPlan::Registers { pieces, .. } => all.in_registers(size, align, &pieces),
        RetPlan::Memory { size, align } => Some(all.record(size.max(LARGE), align, vec![&raw mut types::longdouble])),
        RetPlan::X87 { count: 1 } => Some(Described::As(&raw mut types::longdouble)),
        RetPlan::X87 { .. } => Some(all.compound(FFI_TYPE_COMPLEX, size, align, vec![&raw mut types::longdouble])),
    }
}

/// The type of a function of no parameters.
fn function_of(result: CTypeId) -> Function {
    Function { result, params: Box::default(), variadic: false, convention: Convention::Native }
}

/// What is one number to libffi, too.
fn scalar(ctypes: &CTypes, id: CTypeId) -> Option<*mut ffi_type> {
    if let Kind::Pointer(_) | Kind::Reference(_) = ctypes.kind(id) {
        return Some(&raw mut types::pointer);
    }
    Some(match Scalar::of(ctypes, id)? {
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
