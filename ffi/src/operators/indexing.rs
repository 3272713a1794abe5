//! `cdata[key]` and `cdata[key] = value`.

#![allow(unsafe_code)]

use super::raise;
use crate::{
    cdata::{ctype_object, ctype_of, place_of},
    convert::to_lua::plan_load,
    ctype::{CTypeId, Kind},
    index::{Access, Indexed, Key, Member, Named, Refusal, plan},
    metatype::bearer,
    problem::Problem,
    scalar::{Scalar, truncate},
    state::{self, Ffi},
};
use moonwake_lang::{
    metamethod::Metamethod,
    object::{Cdata, Gc, Table},
    value::{Tag, Value},
    vm::native::{Call, NativeResult},
};

/// `cdata[key]`.
pub(super) fn index(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let (cdata, key) = (call.cdata(0)?, call.arg(1));
    if let Some(name) = key.as_str() {
        match ffi.named(call.vm, cdata.ctype(), name) {
            Some(Named::Member(member)) => {
                // SAFETY: the member was planned for this type; whether pointers in it are valid is the script's affair, as in C.
                let value = unsafe { ffi.load(call.vm, member, cdata, 0) };
                return call.one(value);
            }
            Some(Named::Method(metatable)) => {
                let methods = call.vm.heap.metamethod(metatable, Metamethod::Index).as_table();
                let method = methods.map_or(Value::NIL, |methods| call.vm.heap.get_str(methods, name));
                if !method.is_nil() {
                    return call.one(method);
                }
            }
            None => {}
        }
    }
    if key.is_number()
        && let Some(member) = ffi.element(cdata.ctype())
    {
        // SAFETY: as above; bounds are the script's affair, too.
        let value = unsafe { ffi.load(call.vm, member, cdata, truncate(key.as_f64())) };
        return call.one(value);
    }
    let (indexed, number) = match find(&ffi, cdata, key) {
        Ok(found) => found,
        Err(refusal) => return index_by_metatype(call, &ffi, cdata, key, refusal),
    };
    let value = match indexed {
        Indexed::Memory(access) => {
            let load = plan_load(&mut ffi.types_mut(), access.ctype);
            // SAFETY: as above.
            unsafe { ffi.load(call.vm, Member { access, load }, cdata, number) }
        }
        Indexed::Constant(constant) => ffi.constant_value(call.vm, constant),
    };
    call.one(value)
}

/// `cdata[key] = value`.
pub(super) fn new_index(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let (cdata, key, value) = (call.cdata(0)?, call.arg(1), call.arg(2));
    let member = match key.as_str() {
        Some(name) => ffi.named(call.vm, cdata.ctype(), name),
        None if key.is_number() => ffi.element(cdata.ctype()).map(Named::Member),
        None => None,
    };
    let (access, number): (Access, i64) = match member {
        // A name as a number would be a NaN, and an access by name does not look at it.
        Some(Named::Member(member)) => (member.access, truncate(key.as_f64())),
        Some(Named::Method(_)) | None => match find(&ffi, cdata, key) {
            Ok((Indexed::Memory(access), number)) => (access, number),
            Ok((Indexed::Constant(_), _)) => return Err(raise(call, Problem::constant_location())),
            Err(refusal) => return store_by_metatype(call, &ffi, cdata, key, value, refusal),
        },
    };
    // SAFETY: the access was planned for this type; pointers are the script's affair.
    match unsafe { ffi.store_to(call.vm, access, cdata, number, value) } {
        Ok(()) => call.none(),
        Err(problem) => Err(raise(call, problem)),
    }
}

/// What a key means for a cdata, and its value if it is a number.
fn find(ffi: &Ffi, cdata: Gc<Cdata>, key: Value) -> Result<(Indexed, i64), Refusal> {
    let declarations = ffi.declarations();
    let types = declarations.types();
    let mut number = 0;
    let kind = if key.is_number() {
        number = truncate(key.as_f64());
        Key::Index
    } else if let Some(name) = key.as_str() {
        Key::Name(declarations.names().find(name.bytes()))
    } else {
        integer_key(ffi, key).map_or(Key::Other, |n| {
            number = n;
            Key::Index
        })
    };
    let represented = ctype_object(types, cdata.into());
    let id = represented.unwrap_or_else(|| ctype_of(types, cdata));
    plan(types, id, represented.is_some(), kind).map(|indexed| (indexed, number))
}

/// The value of an integer or an enumeration in a cdata.
fn integer_key(ffi: &Ffi, key: Value) -> Option<i64> {
    let types = ffi.types();
    let place = place_of(&types, key.as_cdata()?);
    match types.kind(place.ctype) {
        // SAFETY: a value of the type lies there.
        Kind::Int { .. } | Kind::Enum(_) => {
            Some(unsafe { Scalar::of(&types, place.ctype)?.read(place.address) }.to_i64())
        }
        _ => None,
    }
}

/// What type's metatype may know more, and what is wrong if it does not.
fn describe(ffi: &Ffi, refusal: Refusal, key: Value) -> (Option<CTypeId>, Problem) {
    match refusal {
        Refusal::Size => (None, Problem::unknown_size()),
        Refusal::Member(id) => {
            let name = key.as_str().map_or_else(Default::default, |name| String::from_utf8_lossy(name.bytes()));
            let bare = ffi.types().bare(id);
            (Some(id), Problem::no_member(&ffi.print(bare), &name))
        }
        Refusal::Key(id) => {
            let key = if key.is(Tag::Cdata) { ffi.describe(key) } else { key.type_name().to_owned() };
            (Some(id), Problem::cannot_be_indexed(&ffi.print(id), &key))
        }
    }
}

/// The metatype of a cdata. For a ctype object it is that of the type it stands for; pointers to functions have the methods
/// of callbacks.
fn metatype(ffi: &Ffi, cdata: Gc<Cdata>, id: CTypeId) -> Option<Gc<Table>> {
    let types = ffi.types();
    let represented = ctype_object(&types, cdata.into());
    let bearer = bearer(&types, represented.unwrap_or(id));
    match (types.kind(bearer), types.kind(id)) {
        (Kind::Function(_), Kind::Pointer(_)) => ffi.callback_metatable(),
        _ => ffi.metatype(bearer),
    }
}

#[cold]
fn index_by_metatype(call: &mut Call<'_>, ffi: &Ffi, cdata: Gc<Cdata>, key: Value, refusal: Refusal) -> NativeResult {
    let (id, problem) = describe(ffi, refusal, key);
    let Some(metatable) = id.and_then(|id| metatype(ffi, cdata, id)) else { return Err(raise(call, problem)) };
    let handler = call.vm.heap.metamethod(metatable, Metamethod::Index);
    if handler.is_nil() {
        return Err(raise(call, problem));
    }
    if handler.is(Tag::Function) {
        return call.tail_call(handler, &[cdata.into(), key]);
    }
    let value = call.vm.index(handler, key)?;
    if let Some(methods) = handler.as_table() {
        if value.is_nil() {
            return Err(raise(call, problem));
        }
        if let Some(name) = key.as_str()
            && call.vm.heap.get_str(methods, name) == value
            && cdata.ctype() as usize != CTypeId::CTYPE.index()
        {
            ffi.remember(call.vm, cdata.ctype(), name, Named::Method(metatable));
        }
    }
    call.one(value)
}

#[cold]
fn store_by_metatype(
    call: &mut Call<'_>,
    ffi: &Ffi,
    cdata: Gc<Cdata>,
    key: Value,
    value: Value,
    refusal: Refusal,
) -> NativeResult {
    let (id, problem) = describe(ffi, refusal, key);
    let metatable = id.and_then(|id| metatype(ffi, cdata, id));
    let handler = metatable.map_or(Value::NIL, |metatable| call.vm.heap.metamethod(metatable, Metamethod::NewIndex));
    if handler.is_nil() {
        return Err(raise(call, problem));
    }
    if handler.is(Tag::Function) {
        return call.tail_call(handler, &[cdata.into(), key, value]);
    }
    call.vm.set_index(handler, key, value)?;
    call.none()
}
