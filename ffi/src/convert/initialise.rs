//! Initialisers: what fills arrays and structs from tables, and from several values.
//!
//! ```text
//!     ffi.new("int[4]", 1)              1 1 1 1     a single value is repeated
//!     ffi.new("int[4]", 1, 2)           1 2 0 0     several are not
//!     ffi.new("int[4]", {1, 2})         1 2 0 0     the same in a table, which may begin at [0] or at [1]
//!     ffi.new("int[?]", 4, {1})         1 0 0 0     nor is a single one in a table, if the length is not the type's
//!     ffi.new("struct p", {y = 5})      x=0 y=5     a table without [0] and [1] is looked up by member names
//! ```
//!
//! Members of an anonymous struct or union inside a struct are filled as if they were the struct's own; of a union only one member is.

#![allow(unsafe_code)]

use super::to_lua::write_bits;
use crate::{
    c::name::Name,
    ctype::{CTypeId, CTypes, Float, Kind, Length, Member},
    problem::{Outcome, Problem},
    scalar::Scalar,
    state::Ffi,
};
use moonwake_lang::{
    object::{Gc, Table},
    value::Value,
    vm::Vm,
};

/// The size of an array whose end nobody knows, such as one behind a pointer to a struct that ends in it. What is not initialised
/// there is left alone.
pub const UNKNOWN_SIZE: u64 = u64::MAX;

/// The type of the elements of an array, of a vector, or of a complex number's parts.
pub fn element_of(types: &CTypes, id: CTypeId) -> Option<CTypeId> {
    match types.kind(id) {
        Kind::Array { of, .. } => Some(of),
        Kind::Vector { lane, .. } => Some(lane),
        Kind::Complex(Float::Single) => Some(CTypeId::FLOAT),
        Kind::Complex(Float::Double) => Some(CTypeId::DOUBLE),
        Kind::Complex(Float::Extended) => Some(CTypeId::LONG_DOUBLE),
        _ => None,
    }
}

/// Where initialising values come from, one after the other.
enum Values<'a> {
    Given(&'a [Value]),
    /// The elements of a table from this index on, up to the first nil.
    Table(Gc<Table>, i64),
}

impl Values<'_> {
    /// Of a table that has an element 0 or 1.
    fn of_table(vm: &Vm, table: Gc<Table>) -> Option<Values<'static>> {
        let first = [0, 1].into_iter().find(|&i| !vm.heap.get_int(table, i).is_nil())?;
        Some(Values::Table(table, first))
    }

    fn are_given(&self) -> bool {
        matches!(self, Values::Given(_))
    }

    fn next(&mut self, vm: &Vm) -> Option<Value> {
        match self {
            Values::Given(values) => {
                let (&first, rest) = values.split_first()?;
                *values = rest;
                Some(first)
            }
            Values::Table(table, index) => {
                let value = vm.heap.get_int(*table, *index);
                *index += 1;
                (!value.is_nil()).then_some(value)
            }
        }
    }
}

/// Initialises a new object, which is zeroed, with the values given to `ffi.new`.
///
/// # Safety
/// `size` bytes can be written at `at`, and that is the size of an object of type `to`.
///
/// # Errors
/// When a value cannot be converted, or there are too many.
pub unsafe fn from_values(
    ffi: &Ffi,
    vm: &mut Vm,
    to: CTypeId,
    at: *mut u8,
    size: u64,
    values: &[Value],
) -> Outcome<()> {
    // SAFETY: the caller's promise.
    unsafe {
        match *values {
            [] => Ok(()),
            [single] if !fills_members(ffi, to, single) => ffi.store(vm, to, at, size, single),
            _ => {
                let element = element_of(&ffi.types(), to);
                let is_record = matches!(ffi.types().kind(to), Kind::Record(_));
                match element {
                    Some(element) => fill_array(ffi, vm, (to, element), at, size, Values::Given(values)),
                    None if is_record => {
                        let mut values = Values::Given(values);
                        fill_record(ffi, vm, to, at, size, &mut values)?;
                        if values.next(vm).is_some() { Err(too_many(ffi, to)) } else { Ok(()) }
                    }
                    None => Err(too_many(ffi, to)),
                }
            }
        }
    }
}

/// Whether a single value is one for the members of an object rather than for the object as a whole.
fn fills_members(ffi: &Ffi, to: CTypeId, value: Value) -> bool {
    let types = ffi.types();
    let is_record = match types.kind(to) {
        Kind::Array { .. } => false,
        Kind::Record(_) => true,
        _ => return false,
    };
    if value.as_table().is_some() || value.as_str().is_some() && !is_record {
        return false;
    }
    match value.as_cdata() {
        Some(cdata) => types.bare(crate::cdata::place_of(&types, cdata).ctype) != types.bare(to),
        None => true,
    }
}

/// Fills an object from a table.
///
/// # Safety
/// As for [`from_values`]; the object need not be zeroed.
///
/// # Errors
/// When a value cannot be converted, or there are too many.
pub unsafe fn from_table(ffi: &Ffi, vm: &mut Vm, to: CTypeId, at: *mut u8, size: u64, table: Gc<Table>) -> Outcome<()> {
    let element = element_of(&ffi.types(), to);
    let values = Values::of_table(vm, table);
    // SAFETY: the caller's promise.
    unsafe {
        match (element, values) {
            (Some(element), values) => {
                fill_array(ffi, vm, (to, element), at, size, values.unwrap_or(Values::Given(&[])))
            }
            (None, Some(mut values)) => {
                std::ptr::write_bytes(at, 0, size as usize);
                fill_record(ffi, vm, to, at, size, &mut values)
            }
            (None, None) => {
                std::ptr::write_bytes(at, 0, size as usize);
                fill_by_name(ffi, vm, to, at, size, table).map(drop)
            }
        }
    }
}

#[cold]
fn too_many(ffi: &Ffi, to: CTypeId) -> Problem {
    Problem::too_many_initializers(&ffi.print(to))
}

unsafe fn fill_array(
    ffi: &Ffi,
    vm: &mut Vm,
    (array, element): (CTypeId, CTypeId),
    at: *mut u8,
    size: u64,
    mut values: Values<'_>,
) -> Outcome<()> {
    let step = ffi.types().size_of(element).ok_or_else(Problem::unknown_size)?;
    let mut end = 0;
    while let Some(value) = values.next(vm) {
        if end + step > size || step == 0 {
            return Err(too_many(ffi, array));
        }
        // SAFETY: the element lies inside the object.
        unsafe { ffi.store(vm, element, at.add(end as usize), step, value)? };
        end += step;
    }
    let repeats = match ffi.types().kind(array) {
        Kind::Array { length: Length::Variable, .. } => values.are_given(),
        Kind::Array { .. } => true,
        _ => false,
    };
    // SAFETY: all of this lies inside the object.
    unsafe {
        if size == UNKNOWN_SIZE {
            return Ok(());
        }
        if end == step && repeats {
            while end + step <= size {
                std::ptr::copy_nonoverlapping(at, at.add(end as usize), step as usize);
                end += step;
            }
        } else {
            std::ptr::write_bytes(at.add(end as usize), 0, (size - end) as usize);
        }
    }
    Ok(())
}

/// A member and the room that it has, which only for an array of variable length at the end is not its type's size.
fn members_of(ffi: &Ffi, record: CTypeId, size: u64) -> Vec<(Member, u64)> {
    let types = ffi.types();
    let Some(body) = types.record_body(record) else { return Vec::new() };
    let room = |member: &Member| match types.size_of(member.ctype) {
        Some(own) if !types.is_variable(member.ctype) => own,
        _ => size.saturating_sub(member.offset),
    };
    let filled = body.members.iter().filter(|m| m.name.is_some() || matches!(types.kind(m.ctype), Kind::Record(_)));
    filled.map(|member| (*member, room(member))).collect()
}

fn is_union(ffi: &Ffi, record: CTypeId) -> bool {
    let types = ffi.types();
    matches!(types.kind(record), Kind::Record(number) if types.record(number).is_union)
}

unsafe fn fill_record(
    ffi: &Ffi,
    vm: &mut Vm,
    record: CTypeId,
    at: *mut u8,
    size: u64,
    values: &mut Values<'_>,
) -> Outcome<()> {
    for (member, room) in members_of(ffi, record, size) {
        // SAFETY: the member lies inside the object.
        unsafe {
            let place = at.add(member.offset as usize);
            if member.name.is_none() {
                fill_record(ffi, vm, member.ctype, place, room, values)?;
            } else {
                let Some(value) = values.next(vm) else { break };
                store_member(ffi, vm, &member, place, room, value)?;
            }
        }
        if is_union(ffi, record) {
            break;
        }
    }
    Ok(())
}

/// Returns whether any member was named.
unsafe fn fill_by_name(
    ffi: &Ffi,
    vm: &mut Vm,
    record: CTypeId,
    at: *mut u8,
    size: u64,
    table: Gc<Table>,
) -> Outcome<bool> {
    let mut any = false;
    for (member, room) in members_of(ffi, record, size) {
        // SAFETY: the member lies inside the object.
        unsafe {
            let place = at.add(member.offset as usize);
            match member.name {
                None => any |= fill_by_name(ffi, vm, member.ctype, place, room, table)?,
                Some(name) => {
                    let value = lookup(ffi, vm, table, name);
                    if value.is_nil() {
                        continue;
                    }
                    store_member(ffi, vm, &member, place, room, value)?;
                    any = true;
                }
            }
        }
        if any && is_union(ffi, record) {
            break;
        }
    }
    Ok(any)
}

fn lookup(ffi: &Ffi, vm: &mut Vm, table: Gc<Table>, name: Name) -> Value {
    let names = ffi.names();
    let key = vm.heap.intern(names.spelling(name));
    vm.heap.get_str(table, key)
}

unsafe fn store_member(
    ffi: &Ffi,
    vm: &mut Vm,
    member: &Member,
    place: *mut u8,
    room: u64,
    value: Value,
) -> Outcome<()> {
    // SAFETY: the caller passes a member's place.
    unsafe {
        match member.bits {
            None => ffi.store(vm, member.ctype, place, room, value),
            Some(bits) => {
                let bits_value = ffi.number_for_bits(vm, member.ctype, value)?;
                write_bits(bits, place, bits_value);
                Ok(())
            }
        }
    }
}

impl Ffi {
    /// A value as it is stored in a bit-field of this type.
    pub(crate) fn number_for_bits(&self, vm: &mut Vm, ctype: CTypeId, value: Value) -> Outcome<u64> {
        let mut whole = 0u128;
        let scalar = Scalar::of(&self.types(), ctype).expect("a bit-field is a number");
        // SAFETY: no number type is larger than 16 bytes.
        unsafe {
            let at = (&raw mut whole).cast();
            self.store(vm, ctype, at, scalar.bytes() as u64, value)?;
            Ok(whole as u64)
        }
    }
}
