//! C values as Lua objects.
//!
//! A cdata holds the number of its ctype and its bytes. Of the types that are an address, three differ in what stands behind it:
//!
//! ```text
//!     int *           the address; `p[0]` follows it
//!     int (&)[3]      the address; every operation follows it first, and sees an int[3]
//!     int (int)       the address of code; functions of libraries are such values
//! ```
//!
//! A *ctype object*, what `ffi.typeof` gives, is a cdata of the type [`CTypeId::CTYPE`] that holds the number of a ctype.

#![allow(unsafe_code)]

use crate::ctype::{CTypeId, CTypes, Kind};
use moonwake_lang::{
    object::{Cdata, Gc, cdata_flags},
    value::Value,
    vm::Vm,
};

/// Where a C value lies: its bytes and their type, references followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The type, which is no reference.
    pub ctype: CTypeId,
    /// The first byte.
    pub address: *mut u8,
}

/// A cdata of this type, zeroed.
#[inline]
pub fn new_box(vm: &mut Vm, ctype: CTypeId, bytes: usize, align: usize) -> Gc<Cdata> {
    vm.heap.new_cdata(ctype.index() as u32, bytes, align, false)
}

/// The ctype of a cdata.
#[inline]
pub fn ctype_of(types: &CTypes, cdata: Gc<Cdata>) -> CTypeId {
    types.at(cdata.ctype() as usize).expect("a cdata has a ctype of its machine's table")
}

/// Where the value of a cdata lies.
#[inline]
pub fn place_of(types: &CTypes, cdata: Gc<Cdata>) -> Place {
    let ctype = ctype_of(types, cdata);
    match types.kind(ctype) {
        // SAFETY: a reference's payload is an address.
        Kind::Reference(to) => Place { ctype: to, address: unsafe { *cdata.payload().cast::<*mut u8>() } },
        _ => Place { ctype, address: cdata.payload() },
    }
}

/// The length in bytes of a cdata whose length was chosen when it was made.
pub fn variable_length(cdata: Gc<Cdata>) -> Option<u64> {
    if cdata.header.aux.get() & cdata_flags::VARIABLE == 0 {
        return None;
    }
    // SAFETY: of such a cdata, the length stands behind the header.
    Some(unsafe { *((cdata.address() + 8) as *const u64) })
}

/// The ctype that a ctype object stands for.
pub fn ctype_object(types: &CTypes, value: Value) -> Option<CTypeId> {
    let cdata = value.as_cdata()?;
    if cdata.ctype() as usize != CTypeId::CTYPE.index() {
        return None;
    }
    // SAFETY: the payload of a ctype object is the number of a ctype.
    types.at(unsafe { *cdata.payload().cast::<u32>() } as usize)
}

/// A ctype object.
pub fn new_ctype_object(vm: &mut Vm, ctype: CTypeId) -> Value {
    let cdata = new_box(vm, CTypeId::CTYPE, 4, 4);
    // SAFETY: the payload has 4 bytes.
    unsafe { *cdata.payload().cast::<u32>() = ctype.index() as u32 };
    cdata.into()
}
