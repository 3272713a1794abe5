//! What the standard library knows of C values: boxed 64-bit integers, and for the rest what the FFI tells it.
//!
//! `tonumber`, `bit.*` and `string.format` accept C numbers. The language itself makes `1LL` and `1ULL` and can read them; other
//! C types are the FFI's, which answers through [`CdataHooks`].

#![allow(unsafe_code)]

use crate::object::{Cdata, Gc, ctype_ids};
use crate::value::Value;
use crate::vm::Vm;

/// A 64-bit integer and whether it is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Integer64 {
    /// Its bits.
    pub bits: u64,
    /// Whether it is an `int64_t`; a `uint64_t` otherwise.
    pub signed: bool,
}

impl std::fmt::Display for Integer64 {
    /// As Lua spells such constants.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.signed {
            true => write!(f, "{}LL", self.bits as i64),
            false => write!(f, "{}ULL", self.bits),
        }
    }
}

/// What the FFI tells the standard library about its values.
pub trait CdataHooks {
    /// A C number as a Lua number (`tonumber`); `None` when it is no number.
    fn to_number(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Option<f64>;

    /// A C number of any kind as an integer of 64 bits.
    ///
    /// # Errors
    /// A message when it is none.
    fn to_integer(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Result<Integer64, String>;

    /// A `uint8_t *` to this address.
    fn new_byte_pointer(&self, vm: &mut Vm, address: *mut u8) -> Value;

    /// The address that a pointer holds, or where an array or struct lies.
    ///
    /// # Errors
    /// A message when it is neither.
    fn to_pointer(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Result<*mut u8, String>;
}

/// The hooks of a machine, if the FFI is there.
#[derive(Clone, Copy, Default)]
struct Hooks(Option<&'static dyn CdataHooks>);

impl Vm {
    /// Sets what the FFI tells the standard library.
    pub fn set_cdata_hooks(&mut self, hooks: &'static dyn CdataHooks) {
        self.extension::<Hooks>().0 = Some(hooks);
    }

    /// What the FFI tells the standard library, if it is there.
    pub fn cdata_hooks(&mut self) -> Option<&'static dyn CdataHooks> {
        self.extension::<Hooks>().0
    }

    /// A C number as a Lua number.
    pub fn cdata_to_number(&mut self, cdata: Gc<Cdata>) -> Option<f64> {
        if let Some(Integer64 { bits, signed }) = boxed_integer(cdata) {
            return Some(if signed { bits as i64 as f64 } else { bits as f64 });
        }
        self.cdata_hooks()?.to_number(self, cdata)
    }

    /// A C number as an integer of 64 bits.
    ///
    /// # Errors
    /// Says why the value is no integer.
    pub fn cdata_to_integer(&mut self, cdata: Gc<Cdata>) -> Result<Integer64, String> {
        if let Some(integer) = boxed_integer(cdata) {
            return Ok(integer);
        }
        match self.cdata_hooks() {
            Some(hooks) => hooks.to_integer(self, cdata),
            None => Err("number expected, got cdata".to_owned()),
        }
    }

    /// A boxed 64-bit integer.
    pub fn new_integer64(&mut self, integer: Integer64) -> Value {
        let ctype = if integer.signed { ctype_ids::INT64 } else { ctype_ids::UINT64 };
        let cdata = self.heap.new_cdata(ctype, 8, 8, false);
        // SAFETY: the payload was made 8 bytes long and aligned.
        unsafe { *cdata.payload().cast::<u64>() = integer.bits };
        cdata.into()
    }
}

/// The integer in a boxed `int64_t` or `uint64_t`, the two types that the language makes.
pub fn boxed_integer(cdata: Gc<Cdata>) -> Option<Integer64> {
    let signed = match cdata.ctype() {
        ctype_ids::INT64 => true,
        ctype_ids::UINT64 => false,
        _ => return None,
    };
    // SAFETY: values of these types have a payload of 8 aligned bytes.
    Some(Integer64 { bits: unsafe { *cdata.payload().cast::<u64>() }, signed })
}

/// The bytes of a value of a type that the language itself makes: a boxed integer or a complex number.
pub fn boxed_bytes<'a>(cdata: Gc<Cdata>) -> Option<&'a [u8]> {
    let length = match cdata.ctype() {
        ctype_ids::INT64 | ctype_ids::UINT64 => 8,
        ctype_ids::COMPLEX_DOUBLE => 16,
        _ => return None,
    };
    // SAFETY: values of these types have a payload of that many bytes; as with `Gc<Str>::bytes`, only between two safe points.
    Some(unsafe { std::slice::from_raw_parts(cdata.payload(), length) })
}
