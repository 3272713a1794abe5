//! Indexing: which place `object[key]` means.
//!
//! [`plan`] answers from the types alone, for the interpreter and for the JIT. From a cdata's payload some addresses are followed, then an
//! offset is added and, for a key that is a number, a multiple of it:
//!
//! ```text
//!     cdata                key        follow   then
//!     struct p             "y"        0        + offset of y
//!     struct p *           "y"        1        + offset of y
//!     struct p *(&)        "y"        2        + offset of y
//!     int *                3          1        + 3 * 4
//!     int (&)[8]           3          1        + 3 * 4
//! ```
//!
//! The bounds of arrays are not checked: as in C, they are the user's. Complex numbers and vectors are values, and have their
//! elements' numbers cut to what there is.

#![allow(unsafe_code)]

use crate::{
    c::name::{Name, known},
    convert::{
        compatible::referred,
        initialise::{UNKNOWN_SIZE, element_of},
        to_lua::{Load, plan_load, read_bits, write_bits},
    },
    ctype::{BitField, CTypeId, CTypes, Constant, Kind},
    problem::{Outcome, Problem},
    scalar::Scalar,
    state::Ffi,
};
use moonwake_lang::{
    object::{Cdata, Gc, Str, Table},
    value::Value,
    vm::Vm,
};
use std::cell::{Cell, OnceCell};

/// A key, as far as a plan depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// A Lua number, or an integer in a cdata.
    Index,
    /// A string, if it is a name that any C text has mentioned.
    Name(Option<Name>),
    /// Anything else.
    Other,
}

/// What `object[key]` means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Indexed {
    /// A place in memory.
    Memory(Access),
    /// A constant that was declared among a struct's members.
    Constant(Constant),
}

/// How a place is reached, and what is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// How many addresses are followed, the payload's first.
    pub follow: u8,
    /// What is added to the last of them, or to the payload's own address.
    pub offset: u64,
    /// What a number as key counts in bytes; 0 for a name.
    pub scale: u64,
    /// The bits of such a number that count.
    pub mask: u64,
    /// The type of what is there.
    pub ctype: CTypeId,
    /// Which bits it is, if it is a bit-field.
    pub bits: Option<BitField>,
    /// Nothing may be stored there.
    pub read_only: bool,
}

/// Why there is no such place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The type has no member of this name. Its metatype may know more.
    Member(CTypeId),
    /// The type cannot be indexed with such a key. Its metatype may know more.
    Key(CTypeId),
    /// The elements have no size.
    Size,
}

/// What `object[key]` means for a cdata of type `id`. For a ctype object, `id` is what it stands for and `is_ctype` is set.
///
/// # Errors
/// When it means nothing by itself.
pub fn plan(types: &CTypes, id: CTypeId, is_ctype: bool, key: Key) -> Result<Indexed, Refusal> {
    if is_ctype {
        return scoped_constant(types, id, key);
    }
    let mut id = id;
    let mut follow = 0;
    if let Kind::Reference(to) = types.kind(id) {
        (id, follow) = (to, 1);
    }
    match key {
        Key::Index => element(types, id, follow),
        Key::Name(name) => {
            if let Kind::Pointer(to) = types.kind(id)
                && let Kind::Record(_) = types.kind(to)
            {
                (id, follow) = (to, follow + 1);
            }
            member(types, id, follow, name)
        }
        Key::Other => Err(Refusal::Key(id)),
    }
}

/// Of a ctype object only the constants in the scope of a struct can be had.
fn scoped_constant(types: &CTypes, id: CTypeId, key: Key) -> Result<Indexed, Refusal> {
    let Key::Name(name) = key else { return Err(Refusal::Key(CTypeId::CTYPE)) };
    let id = referred(types, id);
    let record = match types.kind(id) {
        Kind::Pointer(to) if matches!(types.kind(to), Kind::Record(_)) => to,
        _ => id,
    };
    let constant = types.record_body(record).and_then(|body| body.constant(name?));
    constant.map(Indexed::Constant).ok_or(Refusal::Member(record))
}

fn element(types: &CTypes, id: CTypeId, follow: u8) -> Result<Indexed, Refusal> {
    let (ctype, follow, mask, read_only) = match types.kind(id) {
        Kind::Pointer(to) => (to, follow + 1, u64::MAX, false),
        Kind::Array { of, .. } => (of, follow, u64::MAX, false),
        Kind::Vector { lane, bytes } => {
            let lanes = u64::from(bytes) / types.size_of(lane).unwrap_or(1);
            (lane, follow, lanes.next_power_of_two() - 1, true)
        }
        Kind::Complex(_) => (element_of(types, id).ok_or(Refusal::Size)?, follow, 1, true),
        _ => return Err(Refusal::Key(id)),
    };
    let scale = types.size_of(ctype).ok_or(Refusal::Size)?;
    let read_only = read_only || types.is_read_only(ctype);
    Ok(Indexed::Memory(Access { follow, offset: 0, scale, mask, ctype, bits: None, read_only }))
}

fn member(types: &CTypes, id: CTypeId, follow: u8, name: Option<Name>) -> Result<Indexed, Refusal> {
    let name = name.ok_or(Refusal::Member(id))?;
    let fixed = Access { follow, offset: 0, scale: 0, mask: 0, ctype: id, bits: None, read_only: true };
    if let Kind::Complex(_) = types.kind(id) {
        let ctype = element_of(types, id).ok_or(Refusal::Size)?;
        let part = types.size_of(ctype).ok_or(Refusal::Size)?;
        return match name {
            known::RE => Ok(Indexed::Memory(Access { ctype, ..fixed })),
            known::IM => Ok(Indexed::Memory(Access { ctype, offset: part, ..fixed })),
            _ => Err(Refusal::Member(id)),
        };
    }
    let body = types.record_body(id).ok_or(Refusal::Member(id))?;
    if let Some(found) = body.member(name) {
        let read_only = types.get(id).qualifiers.is_const() || types.is_read_only(found.ctype);
        let access = Access { offset: found.offset, ctype: found.ctype, bits: found.bits, read_only, ..fixed };
        return Ok(Indexed::Memory(access));
    }
    body.constant(name).map(Indexed::Constant).ok_or(Refusal::Member(id))
}

impl Access {
    /// The address that it leads to for this cdata.
    ///
    /// # Safety
    /// The access was planned for the cdata's type, and the addresses to be followed are valid.
    #[inline]
    pub unsafe fn address(self, cdata: Gc<Cdata>, index: i64) -> *mut u8 {
        let mut address = cdata.payload();
        for _ in 0..self.follow {
            // SAFETY: by the caller's promise an address stands there.
            address = unsafe { address.cast::<*mut u8>().read_unaligned() };
        }
        address.wrapping_add(self.offset as usize + (index as u64 & self.mask).wrapping_mul(self.scale) as usize)
    }
}

/// A planned access and load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// Where it is.
    pub access: Access,
    /// How it is loaded.
    pub load: Load,
}

/// What a name means for a ctype.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// A member of the type itself.
    Member(Member),
    /// Something that the `__index` table of this metatable has.
    Method(Gc<Table>),
}

/// Something that was looked up, for the next time.
#[derive(Clone, Copy)]
struct Cached {
    ctype: u32,
    /// The address of the name, or [`NO_NAME`] for the elements.
    key: usize,
    named: Named,
}

const CACHE_SIZE: usize = 256;
const NO_NAME: usize = 0;

/// What was looked up last, by ctype and name. A name is compared by its address; names in the cache are anchored.
#[derive(Default)]
pub(crate) struct MemberCache(OnceCell<Box<[Cell<Option<Cached>>]>>);

impl MemberCache {
    #[inline]
    fn slot(&self, ctype: u32, key: usize) -> &Cell<Option<Cached>> {
        let all = self.0.get_or_init(|| vec![Cell::new(None); CACHE_SIZE].into_boxed_slice());
        &all[((key >> 3) ^ (ctype as usize * 31)) & (CACHE_SIZE - 1)]
    }

    /// Forgets everything: a struct may have got its members.
    pub(crate) fn clear(&self) {
        self.0.get().into_iter().flatten().for_each(|slot| slot.set(None));
    }
}

impl Ffi {
    /// What `key` means for a type, where that is known from the last time, or is a member.
    #[inline]
    pub fn named(&self, vm: &mut Vm, ctype: u32, key: Gc<Str>) -> Option<Named> {
        if let Some(cached) = self.members.slot(ctype, key.address()).get()
            && cached.ctype == ctype
            && cached.key == key.address()
        {
            return Some(cached.named);
        }
        self.find_member(vm, ctype, key)
    }

    /// The elements of a type: pointer, array, vector or complex number.
    #[inline]
    pub fn element(&self, ctype: u32) -> Option<Member> {
        match self.members.slot(ctype, NO_NAME).get() {
            Some(Cached { ctype: same, key: NO_NAME, named: Named::Member(member) }) if same == ctype => Some(member),
            _ => self.find_element(ctype),
        }
    }

    #[cold]
    fn find_element(&self, ctype: u32) -> Option<Member> {
        let id = self.types().at(ctype as usize).filter(|&id| id != CTypeId::CTYPE)?;
        let Ok(Indexed::Memory(access)) = plan(&self.types(), id, false, Key::Index) else { return None };
        let member = Member { access, load: plan_load(&mut self.types_mut(), access.ctype) };
        self.members.slot(ctype, NO_NAME).set(Some(Cached { ctype, key: NO_NAME, named: Named::Member(member) }));
        Some(member)
    }

    #[cold]
    fn find_member(&self, vm: &mut Vm, ctype: u32, key: Gc<Str>) -> Option<Named> {
        let id = self.types().at(ctype as usize)?;
        if id == CTypeId::CTYPE {
            return None;
        }
        let planned = {
            let declarations = self.declarations();
            let name = declarations.names().find(key.bytes());
            plan(declarations.types(), id, false, Key::Name(name))
        };
        let Ok(Indexed::Memory(access)) = planned else { return None };
        let named = Named::Member(Member { access, load: plan_load(&mut self.types_mut(), access.ctype) });
        self.remember(vm, ctype, key, named);
        Some(named)
    }

    /// Remembers what a name means for a type.
    pub(crate) fn remember(&self, vm: &mut Vm, ctype: u32, key: Gc<Str>, named: Named) {
        self.anchor_key(vm, key);
        self.members.slot(ctype, key.address()).set(Some(Cached { ctype, key: key.address(), named }));
    }

    /// Loads what an access leads to.
    ///
    /// # Safety
    /// As for [`Access::address`], and the place can be read.
    #[inline]
    pub unsafe fn load(&self, vm: &mut Vm, member: Member, cdata: Gc<Cdata>, index: i64) -> Value {
        // SAFETY: the caller's promise.
        unsafe {
            let address = member.access.address(cdata, index);
            match member.access.bits {
                None => member.load.perform(vm, address),
                Some(bits) => self.load_bits(vm, member, bits, address),
            }
        }
    }

    unsafe fn load_bits(&self, vm: &mut Vm, member: Member, bits: BitField, address: *const u8) -> Value {
        let scalar = Scalar::of(&self.types(), member.access.ctype).expect("a bit-field is a number");
        let mut whole = 0u128;
        // SAFETY: the caller's promise, and no number type is larger than 16 bytes.
        unsafe {
            scalar.write((&raw mut whole).cast(), read_bits(bits, scalar, address));
            member.load.perform(vm, (&raw const whole).cast())
        }
    }

    /// Stores a value where an access leads.
    ///
    /// # Safety
    /// As for [`Access::address`], and the place can be written.
    ///
    /// # Errors
    /// When the place is constant, or the value cannot be converted.
    #[inline]
    pub unsafe fn store_to(
        &self,
        vm: &mut Vm,
        access: Access,
        cdata: Gc<Cdata>,
        index: i64,
        value: Value,
    ) -> Outcome<()> {
        if access.read_only {
            return Err(Problem::constant_location());
        }
        // SAFETY: the caller's promise.
        unsafe {
            let address = access.address(cdata, index);
            match access.bits {
                Some(bits) => {
                    let value = self.number_for_bits(vm, access.ctype, value)?;
                    write_bits(bits, address, value);
                    Ok(())
                }
                None => {
                    let size = if access.scale != 0 { access.scale } else { self.room_of(access.ctype, cdata, access) };
                    self.store(vm, access.ctype, address, size, value)
                }
            }
        }
    }

    /// The size of a member; of an array of variable length what is left of the object, if we know that.
    fn room_of(&self, ctype: CTypeId, cdata: Gc<Cdata>, access: Access) -> u64 {
        if let Some(size) = self.types().size_of(ctype) {
            return size;
        }
        match crate::cdata::variable_length(cdata) {
            Some(length) if access.follow == 0 => length.saturating_sub(access.offset),
            _ => UNKNOWN_SIZE,
        }
    }
}
