//! Types as LuaJIT's `ffi.typeinfo` shows them, for libraries of reflection that know its encoding.
//!
//! ```text
//!   info   31    28 27      24 23      20 19    16 15            0
//!         +--------+----------+----------+--------+---------------+
//!         |  what  |        flags        | align  | another type  |
//!         +--------+----------+----------+--------+---------------+
//!   size   bytes; of a member its offset, of a constant its value, of a function its number of parameters
//!   sib    the first part of a struct, function or enumeration; of a part, the next
//! ```
//!
//! There, parts of types (members, parameters, enumerators) have numbers as types do. Here only types have: a part's number is that of the type
//! which it belongs to, and above the lower 16 bits its place in it, from 1 on. So types with numbers beyond 16 bits are not shown.
//!
//! Qualified structs and enumerations, and types with an alignment of their own, are attributes before the plain type. A function's type does
//! not have the name of a function that was declared with it, since functions share their types here.

use super::{CType, CTypeId, CTypes, Kind, Length, Member, Qualifiers, Value};
use crate::c::name::Name;

/// What is said of a type or a part of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TypeInfo {
    /// What it is; see the head of this file.
    pub info: u32,
    /// Its size, if it has one, or another number.
    pub size: Option<u32>,
    /// The number of its first part, or of the part after it.
    pub sibling: Option<u32>,
    /// A tag, or the name of a part.
    pub name: Option<Name>,
}

// What it is.
const NUMBER: u32 = 0;
const RECORD: u32 = 1 << 28;
const POINTER: u32 = 2 << 28;
const ARRAY: u32 = 3 << 28;
const VOID: u32 = 4 << 28;
const ENUMERATION: u32 = 5 << 28;
const FUNCTION: u32 = 6 << 28;
const ATTRIBUTE: u32 = 8 << 28;
const FIELD: u32 = 9 << 28;
const BIT_FIELD: u32 = 10 << 28;
const CONSTANT: u32 = 11 << 28;

// Flags.
const BOOL: u32 = 1 << 27;
const FLOAT: u32 = 1 << 26;
const CONST: u32 = 1 << 25;
const VOLATILE: u32 = 1 << 24;
const UNSIGNED: u32 = 1 << 23;
const LONG: u32 = 1 << 22;
const VARIABLE_LENGTH: u32 = 1 << 20;
const VECTOR: u32 = BOOL;
const COMPLEX: u32 = FLOAT;
const REFERENCE: u32 = UNSIGNED;
const UNION: u32 = UNSIGNED;
const VARIADIC: u32 = UNSIGNED;

// Attributes.
const QUALIFIERS: u32 = 1 << 16;
const ALIGNMENT: u32 = 2 << 16;
const SUBTYPE: u32 = 3 << 16;

/// Numbers of types end here.
const PART: u32 = 1 << 16;

impl TypeInfo {
    /// What has this number, if anything.
    pub fn of(types: &mut CTypes, number: u32) -> Option<TypeInfo> {
        let id = types.at((number % PART) as usize).filter(|&id| id != CTypeId::CTYPE)?;
        match (number / PART) as usize {
            0 => Some(of_type(types, id)),
            place => of_part(types, id, place - 1),
        }
    }
}

/// The number of a type where another one refers to it.
fn number(id: CTypeId) -> u32 {
    if id.0 < PART { id.0 } else { 0 }
}

fn flags_of(qualifiers: Qualifiers) -> u32 {
    (if qualifiers.is_const() { CONST } else { 0 }) | if qualifiers.is_volatile() { VOLATILE } else { 0 }
}

/// The flags of a type and of what it consists of.
fn flags_inside(types: &CTypes, id: CTypeId) -> u32 {
    let inside = match types.kind(id) {
        Kind::Array { of, .. } => flags_inside(types, of),
        _ => types
            .record_body(id)
            .map_or(0, |body| body.members.iter().fold(0, |flags, member| flags | flags_inside(types, member.ctype))),
    };
    flags_of(types.get(id).qualifiers) | inside
}

fn alignment(align: u64) -> u32 {
    align.max(1).ilog2().min(15) << 16
}

/// The number of part `place` of so many.
fn part(of: CTypeId, place: usize, count: usize) -> Option<u32> {
    (place < count && place < (u32::MAX / PART) as usize - 1 && of.0 < PART).then(|| of.0 + PART * (place as u32 + 1))
}

/// How many parts a type has.
fn parts(types: &CTypes, id: CTypeId) -> usize {
    match types.kind(id) {
        Kind::Record(_) => types.record_body(id).map_or(0, |body| body.constants.len() + body.members.len()),
        Kind::Function(function) => types.function(function).params.len(),
        Kind::Enum(enumeration) => types.enumeration(enumeration).constants.len(),
        _ => 0,
    }
}

fn of_type(types: &mut CTypes, id: CTypeId) -> TypeInfo {
    let CType { kind, qualifiers, align } = types.get(id);
    let flags = flags_of(qualifiers);
    if align != 0 {
        let natural = types.naturally_aligned(id);
        let info = ATTRIBUTE | ALIGNMENT | number(natural);
        return TypeInfo { info, size: Some(align.ilog2()), ..TypeInfo::default() };
    }
    if flags != 0 && matches!(kind, Kind::Record(_) | Kind::Enum(_)) {
        let info = ATTRIBUTE | QUALIFIERS | number(types.bare(id));
        return TypeInfo { info, size: Some(flags), ..TypeInfo::default() };
    }
    let align = alignment(types.align_of(id));
    let mut size = types.size_of(id).map(|size| size as u32);
    let mut name = None;
    let info = match kind {
        Kind::Void => VOID | flags,
        Kind::Bool => NUMBER | BOOL | UNSIGNED | flags | align,
        Kind::Int { bytes, unsigned } => {
            let long = if bytes == 8 { LONG } else { 0 };
            NUMBER | if unsigned { UNSIGNED } else { 0 } | long | flags | align
        }
        Kind::Float(_) => NUMBER | FLOAT | flags | align,
        Kind::Complex(float) => {
            let part = types.of_kind(Kind::Float(float));
            ARRAY | COMPLEX | flags | align | number(part)
        }
        Kind::Vector { lane, .. } => ARRAY | VECTOR | flags | align | number(lane),
        Kind::Enum(enumeration) => {
            let enumeration = types.enumeration(enumeration);
            name = enumeration.tag;
            size = size.filter(|_| enumeration.is_complete);
            ENUMERATION | align | number(enumeration.underlying)
        }
        Kind::Pointer(to) => POINTER | flags | align | number(to),
        Kind::Reference(to) => POINTER | REFERENCE | CONST | align | number(to),
        Kind::Array { of, length } => {
            let variable = if length == Length::Variable { VARIABLE_LENGTH } else { 0 };
            ARRAY | variable | flags_inside(types, id) | align | number(of)
        }
        Kind::Record(record) => {
            let record = types.record(record);
            name = record.tag;
            let union = if record.is_union { UNION } else { 0 };
            let variable = if types.is_variable(id) { VARIABLE_LENGTH } else { 0 };
            RECORD | union | variable | flags_inside(types, id) | align
        }
        Kind::Function(function) => {
            let function = types.function(function);
            size = Some(function.params.len() as u32);
            FUNCTION | if function.variadic { VARIADIC } else { 0 } | number(function.result)
        }
    };
    TypeInfo { info, size, sibling: part(id, 0, parts(types, id)), name }
}

fn of_part(types: &mut CTypes, id: CTypeId, place: usize) -> Option<TypeInfo> {
    let CType { kind, qualifiers, align } = types.get(id);
    let count = parts(types, id);
    if place >= count || align != 0 || flags_of(qualifiers) != 0 {
        return None;
    }
    let sibling = part(id, place + 1, count);
    let plain = match kind {
        Kind::Function(function) => {
            let name = types.parameter_name(function, place);
            let info = FIELD | number(types.function(function).params[place]);
            TypeInfo { info, size: Some(place as u32), sibling: None, name }
        }
        Kind::Enum(enumeration) => {
            let (name, value) = types.enumeration(enumeration).constants[place];
            let ctype = if i32::try_from(value as i64).is_ok() { CTypeId::INT32 } else { CTypeId::UINT32 };
            TypeInfo {
                info: CONSTANT | CONST | number(ctype),
                size: Some(value as u32),
                sibling: None,
                name: Some(name),
            }
        }
        Kind::Record(_) => {
            let body = types.record_body(id)?;
            let constants = body.constants.len();
            match body.constants.get(place) {
                Some(&(name, constant)) => {
                    let ctype = types.qualified(constant.ctype, Qualifiers::CONST);
                    let size = match constant.value {
                        Value::Int(value) => Some(value as u32),
                        Value::Float(_) | Value::String(_) => None,
                    };
                    TypeInfo { info: CONSTANT | CONST | number(ctype), size, sibling: None, name: Some(name) }
                }
                None => {
                    let (member, align) = (body.members[place - constants], body.align);
                    of_member(types, member, align)
                }
            }
        }
        _ => return None,
    };
    Some(TypeInfo { sibling, ..plain })
}

/// A member of a record that is aligned so.
fn of_member(types: &CTypes, member: Member, record_align: u64) -> TypeInfo {
    let Member { name, ctype, offset, bits } = member;
    let unit = types.size_of(ctype).unwrap_or(1);
    if let Some(bits) = bits.filter(|bits| !bits.is_whole(unit)) {
        let (offset, position) = bits.in_units(offset, unit);
        let flags = match types.kind(types.underlying(ctype)) {
            Kind::Bool => BOOL | UNSIGNED,
            Kind::Int { unsigned: true, .. } => UNSIGNED,
            _ => 0,
        };
        let place = (unit as u32) << 16 | u32::from(bits.width) << 8 | position as u32;
        let info = BIT_FIELD | flags | flags_of(types.get(ctype).qualifiers) | place;
        return TypeInfo { info, size: Some(offset as u32), sibling: None, name };
    }
    let what = match (name, types.kind(ctype)) {
        (None, Kind::Record(_)) => ATTRIBUTE | SUBTYPE,
        // In a packed record members are not aligned as their types are.
        _ => FIELD | alignment(types.align_of(ctype).min(record_align)),
    };
    TypeInfo { info: what | number(ctype), size: Some(offset as u32), sibling: None, name }
}
