//! Opens the FFI in a virtual machine.
//!
//! Little is done before a script wants it: the metatable of cdata is made, since constants such as `1LL` need no library, and
//! `package.preload.ffi` gets a function that makes the library.

use crate::{
    api,
    cdata::{new_ctype_object, place_of},
    ctype::{CTypeId, Kind},
    operators::new_metatable,
    settings::Settings,
    state::{Ffi, attach, attached},
};
use moonwake_lang::{
    object::{Cdata, Gc, Table},
    stdlib::integer64::{CdataHooks, Integer64},
    value::Value,
    vm::{
        Vm,
        native::{Call, NativeFunction, NativeResult},
    },
};
use std::{cell::RefMut, rc::Rc};

static LOADER: NativeFunction = NativeFunction { name: "ffi", function: load };

/// Makes `require "ffi"` work in this machine, and gives cdata their operators.
pub fn open(vm: &mut Vm) -> Rc<Ffi> {
    let ffi = attach(vm);
    let metatable = new_metatable(vm, &ffi);
    let example = new_ctype_object(vm, CTypeId::INT64);
    vm.set_type_metatable(example, Some(metatable));
    vm.set_preload("ffi", &LOADER);
    vm.set_cdata_hooks(&Hooks);
    ffi
}

/// What `require "ffi"` calls.
fn load(call: &mut Call<'_>) -> NativeResult {
    let library = library(call.vm);
    call.one(Value::from(library))
}

/// The library's table, for an embedder that has no `require`.
pub fn library(vm: &mut Vm) -> Gc<Table> {
    let ffi = attached(vm);
    api::new_library(vm, &ffi)
}

/// The settings of a machine's FFI. Folders of headers count if they are set before the first use.
pub fn settings(ffi: &Ffi) -> RefMut<'_, Settings> {
    ffi.settings.borrow_mut()
}

/// What the standard library asks about C values.
struct Hooks;

impl CdataHooks for Hooks {
    fn to_number(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Option<f64> {
        attached(vm).number_in(cdata.into()).map(|number| number.to_f64())
    }

    fn to_integer(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Result<Integer64, String> {
        let ffi = attached(vm);
        match ffi.integer_in(cdata.into()) {
            Some((bits, unsigned)) => Ok(Integer64 { bits, signed: !unsigned }),
            None => Err(ffi.cannot_convert(cdata.into(), CTypeId::INT64).0),
        }
    }

    fn new_byte_pointer(&self, vm: &mut Vm, address: *mut u8) -> Value {
        let ffi = attached(vm);
        let ctype = ffi.known().byte_pointer;
        ffi.new_address(vm, ctype, address as u64)
    }

    #[allow(unsafe_code)]
    fn to_pointer(&self, vm: &mut Vm, cdata: Gc<Cdata>) -> Result<*mut u8, String> {
        let ffi = attached(vm);
        let to = ffi.known().const_void_pointer;
        let types = ffi.types();
        let place = place_of(&types, cdata);
        match types.kind(place.ctype) {
            // SAFETY: an address lies there; where a reference leads is the script's affair.
            Kind::Pointer(_) => Ok(unsafe { place.address.cast::<*mut u8>().read_unaligned() }),
            Kind::Array { .. } | Kind::Record(_) => Ok(place.address),
            _ => Err(ffi.cannot_convert(cdata.into(), to).0),
        }
    }
}
