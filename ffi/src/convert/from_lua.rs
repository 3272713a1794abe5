//! From Lua to C: arguments, stores, initialisers, casts.
//!
//! A Lua value first stands for a C value, and that is then converted as between C types:
//!
//! ```text
//!     number           double               string     const char *, the address of its bytes
//!     boolean          bool                 nil        void *, NULL
//!     light userdata   void *               userdata   void *, the address of what it holds
//!     cdata            what it holds, or what it refers to
//! ```
//!
//! Where that does not fit, strings can name enumerators or fill arrays of bytes, tables can fill arrays and structs, and functions can
//! become callbacks. Whatever remains is an error.

#![allow(unsafe_code)]

use super::{
    between::{Between, Rules, between},
    compatible::referred,
    initialise,
};
use crate::{
    callback,
    cdata::{ctype_of, place_of},
    ctype::{CTypeId, CTypes, EnumId, Kind, Length, Member},
    problem::{Outcome, Problem},
    scalar::{Number, Scalar, truncate},
    state::{Ffi, KnownTypes},
};
use moonwake_lang::{
    object::{Gc, Str, Userdata},
    stdlib::{io::stream_of, string::buffer},
    value::{Tag, Value},
    vm::Vm,
};

/// What kind of value Lua offers: all of it that conversions depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Offer {
    Nil,
    Boolean,
    Number,
    String,
    Table,
    Function,
    Coroutine,
    LightUserdata,
    Userdata,
    /// A cdata of this type, which may be a reference.
    Cdata(CTypeId),
}

impl Offer {
    /// What a value is.
    pub fn of(types: &CTypes, value: Value) -> Offer {
        const USERDATA: u32 = Tag::Userdata as u32;
        const TABLE: u32 = Tag::Table as u32;
        const FUNCTION: u32 = Tag::Function as u32;
        const COROUTINE: u32 = Tag::Coroutine as u32;
        const STR: u32 = Tag::Str as u32;
        const LIGHT_USERDATA: u32 = Tag::LightUserdata as u32;
        const TRUE: u32 = Tag::True as u32;
        const FALSE: u32 = Tag::False as u32;
        const NIL: u32 = Tag::Nil as u32;
        match value.tag_bits() {
            _ if value.is_number() => Offer::Number,
            USERDATA => Offer::Userdata,
            TABLE => Offer::Table,
            FUNCTION => Offer::Function,
            COROUTINE => Offer::Coroutine,
            STR => Offer::String,
            LIGHT_USERDATA => Offer::LightUserdata,
            TRUE | FALSE => Offer::Boolean,
            NIL => Offer::Nil,
            _ => Offer::Cdata(ctype_of(types, value.as_cdata().expect("no other kind of value is left"))),
        }
    }

    /// The C type that it stands for, references followed, if there is one.
    pub fn stands_for(self, types: &CTypes, known: KnownTypes) -> Option<CTypeId> {
        Some(match self {
            Offer::Nil | Offer::LightUserdata | Offer::Userdata => CTypeId::POINTER_TO_VOID,
            Offer::Boolean => CTypeId::BOOL,
            Offer::Number => CTypeId::DOUBLE,
            Offer::String => known.const_char_pointer,
            Offer::Cdata(id) => referred(types, id),
            Offer::Table | Offer::Function | Offer::Coroutine => return None,
        })
    }
}

/// How a Lua value becomes a C value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// The C value that it stands for is converted.
    Between(Between),
    /// The string names an enumerator.
    Enumerator(EnumId),
    /// The string's bytes are copied, and a zero if there is room.
    Bytes,
    /// The table's values are.
    Table,
    /// The function becomes a callback of this type.
    Callback(CTypeId),
}

/// How a value of this kind becomes one of type `to`; nothing when it cannot.
pub fn plan(types: &CTypes, known: KnownTypes, to: CTypeId, offer: Offer, cast: bool) -> Option<Conversion> {
    let to = types.bare(to);
    match (offer, types.kind(to)) {
        (Offer::String, Kind::Enum(enumeration)) => Some(Conversion::Enumerator(enumeration)),
        (Offer::String, Kind::Array { of, .. }) => {
            matches!(types.kind(of), Kind::Int { bytes: 1, .. }).then_some(Conversion::Bytes)
        }
        (Offer::Table, Kind::Array { .. } | Kind::Record(_) | Kind::Complex(_) | Kind::Vector { .. }) => {
            Some(Conversion::Table)
        }
        (_, Kind::Record(_)) if let Some(members) = alternatives(types, to, offer) => {
            members.iter().find_map(|member| plan(types, known, member.ctype, offer, cast))
        }
        (Offer::Function, Kind::Pointer(target)) => {
            let Kind::Function(function) = types.kind(target) else { return None };
            (!types.function(function).variadic).then_some(Conversion::Callback(target))
        }
        _ => {
            let rules = Rules { cast, lua_number: offer == Offer::Number };
            between(types, to, types.bare(offer.stands_for(types, known)?), rules).map(Conversion::Between)
        }
    }
}

/// The members of a `transparent_union`, of which an argument may be any; nothing when it is the union itself, or no such union.
fn alternatives(types: &CTypes, to: CTypeId, offer: Offer) -> Option<&[Member]> {
    let is_union = matches!(offer, Offer::Cdata(id) if types.bare(referred(types, id)) == to);
    let body = types.record_body(to).filter(|body| body.is_transparent && !is_union)?;
    Some(&body.members)
}

impl Ffi {
    /// Converts `value` to `to` and writes it to `at`, where `size` bytes belong to the object.
    ///
    /// # Safety
    /// That many bytes can be written at `at`, and it is the size of `to` unless that is of variable length.
    ///
    /// # Errors
    /// When the value cannot be converted.
    #[inline]
    pub unsafe fn store(&self, vm: &mut Vm, to: CTypeId, at: *mut u8, size: u64, value: Value) -> Outcome<()> {
        // SAFETY: the caller's promise.
        unsafe {
            if value.is_number() && store_number(to, at, value.as_f64()) {
                return Ok(());
            }
            self.convert(vm, to, at, size, value, false)
        }
    }

    /// The same, and with `cast` by the rules of a cast.
    ///
    /// # Safety
    /// As for [`Ffi::store`].
    ///
    /// # Errors
    /// When the value cannot be converted.
    pub unsafe fn convert(
        &self,
        vm: &mut Vm,
        to: CTypeId,
        at: *mut u8,
        size: u64,
        value: Value,
        cast: bool,
    ) -> Outcome<()> {
        let known = self.known();
        let planned = {
            let types = self.types();
            plan(&types, known, to, Offer::of(&types, value), cast)
        };
        let Some(conversion) = planned else { return Err(self.cannot_convert(value, to)) };
        // SAFETY: the caller's promise; a plan for a type writes no more than a value of the type.
        unsafe {
            match conversion {
                Conversion::Between(between) => self.perform(between, at, value),
                Conversion::Enumerator(enumeration) => {
                    let name = value.as_str().expect("only strings name enumerators");
                    let number = self.enumerator(enumeration, name).ok_or_else(|| self.cannot_convert(value, to))?;
                    let underlying = self.types().enumeration(enumeration).underlying;
                    let scalar = Scalar::of(&self.types(), underlying).expect("an enumeration is a number");
                    scalar.write(at, number);
                }
                Conversion::Bytes => {
                    let bytes = value.as_str().expect("only strings have bytes").bytes();
                    let room = size as usize;
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len().min(room));
                    if bytes.len() < room {
                        *at.add(bytes.len()) = 0;
                    }
                }
                Conversion::Table => {
                    let table = value.as_table().expect("only tables initialise so");
                    initialise::from_table(self, vm, to, at, size, table)?;
                }
                Conversion::Callback(function) => {
                    let address = callback::make(self, vm, function, value)?;
                    at.cast::<usize>().write_unaligned(address);
                }
            }
        }
        Ok(())
    }

    /// Converts the C value that `value` stands for.
    unsafe fn perform(&self, between: Between, at: *mut u8, value: Value) {
        let immediate: u64 = match value {
            v if v.is_number() => v.0,
            Value::TRUE => 1,
            Value::FALSE | Value::NIL => 0,
            v => match (v.as_cdata(), v.as_str(), v.as_userdata()) {
                // SAFETY: the plan was made for this cdata's type, and the caller vouches for `at`.
                (Some(cdata), ..) => unsafe { return between.perform(at, place_of(&self.types(), cdata).address) },
                (_, Some(s), _) => s.bytes().as_ptr() as u64,
                (.., Some(userdata)) => userdata_address(userdata) as u64,
                _ => v.address() as u64,
            },
        };
        // SAFETY: the plan reads at most the 8 bytes of a number or an address; the caller vouches for `at`.
        unsafe { between.perform(at, (&raw const immediate).cast()) }
    }

    /// The value of an enumerator.
    pub fn enumerator(&self, enumeration: EnumId, name: Gc<Str>) -> Option<Number> {
        let name = self.find_name(name.bytes())?;
        let types = self.types();
        let enumeration = types.enumeration(enumeration);
        let &(_, bits) = enumeration.constants.iter().find(|(other, _)| *other == name)?;
        let unsigned = matches!(types.kind(enumeration.underlying), Kind::Int { unsigned: true, .. });
        Some(Number::Int(if unsigned { bits.into() } else { (bits as i64).into() }))
    }

    #[cold]
    pub(crate) fn cannot_convert(&self, value: Value, to: CTypeId) -> Problem {
        let from = self.describe(value);
        Problem::cannot_convert(&from, &self.print(to))
    }

    /// What a value is, for a message: a C type or a Lua type.
    pub(crate) fn describe(&self, value: Value) -> String {
        match value.as_cdata() {
            Some(cdata) => {
                let ctype = place_of(&self.types(), cdata).ctype;
                let is_function = matches!(self.types().kind(ctype), Kind::Function(_));
                let shown = if is_function { self.types_mut().pointer_to(ctype) } else { ctype };
                self.print(shown)
            }
            None if matches!(value, Value::TRUE | Value::FALSE) => "bool".to_owned(),
            None if value.is(Tag::Userdata) || value.is(Tag::LightUserdata) => "void *".to_owned(),
            None => value.type_name().to_owned(),
        }
    }

    /// The size of an object of this type, whose array at the end has this many elements if it is of variable length.
    pub fn size_with(&self, id: CTypeId, elements: Option<u64>) -> Outcome<u64> {
        let types = self.types();
        let size =
            if types.is_variable(id) { variable_size(&types, id, elements.unwrap_or(0)) } else { types.size_of(id) };
        size.filter(|&size| size < MAX_OBJECT).ok_or_else(Problem::unknown_size)
    }
}

/// The commonest stores by far.
///
/// # Safety
/// A value of type `to` can be written at `at`.
#[inline]
unsafe fn store_number(to: CTypeId, at: *mut u8, n: f64) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match to {
            CTypeId::DOUBLE => at.cast::<f64>().write_unaligned(n),
            CTypeId::FLOAT => at.cast::<f32>().write_unaligned(n as f32),
            CTypeId::INT32 => at.cast::<i32>().write_unaligned(truncate(n) as i32),
            CTypeId::UINT8 => *at = truncate(n) as u8,
            _ => return false,
        }
    }
    true
}

/// What a userdata is to C: of a file the `FILE *`, of a buffer its bytes, of others the address of what it holds.
fn userdata_address(userdata: Gc<Userdata>) -> usize {
    if let Some(address) = buffer::address(userdata.into()) {
        return address as usize;
    }
    if let Some(stream) = stream_of(userdata.into()) {
        return stream.as_ptr() as usize;
    }
    match &*userdata.payload().borrow() {
        Some(payload) => std::ptr::from_ref(&**payload).cast::<()>() as usize,
        None => userdata.address(),
    }
}

/// No object that we make is larger.
const MAX_OBJECT: u64 = 1 << 31;

fn variable_size(types: &CTypes, id: CTypeId, elements: u64) -> Option<u64> {
    match types.kind(id) {
        Kind::Array { of, length: Length::Variable } => types.size_of(of)?.checked_mul(elements),
        Kind::Record(_) => {
            let body = types.record_body(id)?;
            let last = body.members.last()?;
            let end = last.offset.checked_add(variable_size(types, last.ctype, elements)?)?;
            Some(end.checked_next_multiple_of(body.align)?.max(body.size))
        }
        _ => types.size_of(id),
    }
}
