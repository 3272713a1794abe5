//! `ffi.cdef`, `ffi.load`, `ffi.typeof`, `ffi.metatype`: what gives names their meanings.

use super::{ctype_argument, ctype_of_value};
use crate::{
    c::{preprocess::Source, tokens::Param},
    cdata::new_ctype_object,
    library,
    problem::Problem,
    scalar::truncate,
    state::{self, Ffi},
};
use moonwake_lang::vm::{
    error::LuaResult,
    native::{Call, NativeResult},
};
use std::path::{Path, PathBuf};

/// `ffi.cdef(text, ...)`
pub(super) fn cdef(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let text = call.string(0)?;
    let params = params(call, &ffi, text.bytes())?;
    let folder = folder_of_caller(call);
    let source = Source { folder: &folder, ..Source::pasted(text.bytes(), "cdef") };
    let result = ffi.declarations_mut().cdef(source, &params);
    if let Err(error) = result {
        return Err(call.error(error.to_string()));
    }
    ffi.forget_meanings(call.vm);
    call.none()
}

/// Where `#include "…"` looks first: beside the script that calls.
fn folder_of_caller(call: &Call<'_>) -> PathBuf {
    let name = call.vm.frame(1).and_then(|frame| frame.proto()).map(|proto| proto.source().chunk_name.clone());
    let file = name.as_deref().and_then(|name| name.strip_prefix(b"@")).and_then(|name| std::str::from_utf8(name).ok());
    file.and_then(|file| Path::new(file).parent()).map(Path::to_path_buf).unwrap_or_default()
}

/// The arguments behind the text, for its `$`.
fn params(call: &mut Call<'_>, ffi: &Ffi, text: &[u8]) -> LuaResult<Vec<Param>> {
    let mut params = Vec::new();
    for i in 1..call.len() {
        let value = call.arg(i);
        params.push(if let Some(name) = value.as_str() {
            Param::Name(name.bytes().to_vec())
        } else if let Some(n) = value.to_number() {
            Param::int(truncate(n))
        } else if let Some(id) = ctype_of_value(ffi, value) {
            Param::Type(id)
        } else if !text.contains(&b'$') {
            return Err(call.error(Problem::type_parameters().0));
        } else {
            return Err(call.type_error(i, "type parameter"));
        });
    }
    Ok(params)
}

/// `ffi.load(name [, global])`
pub(super) fn load(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let name = String::from_utf8_lossy(call.string(0)?.bytes()).into_owned();
    if name.contains('\0') {
        return Err(call.arg_error(0, "the name of a library cannot contain a zero"));
    }
    let global = !call.arg(1).is_falsy();
    match library::load(&ffi, call.vm, &name, global) {
        Ok(namespace) => call.one(namespace),
        Err(problem) => Err(call.error(problem.0)),
    }
}

/// `ffi.typeof(ct, ...)`
pub(super) fn type_of(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = match call.arg(0).as_str() {
        Some(text) if call.len() > 1 => {
            let params = params(call, &ffi, text.bytes())?;
            match ffi.type_with_params(text.bytes(), &params) {
                Ok(id) => id,
                Err(error) => return Err(call.error(error.to_string())),
            }
        }
        _ => ctype_argument(call, &ffi, 0)?,
    };
    let object = new_ctype_object(call.vm, id);
    call.one(object)
}

/// `ffi.metatype(ct, metatable)`
pub(super) fn metatype(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    let metatable = call.table(1)?;
    match ffi.set_metatype(call.vm, id, metatable) {
        Ok(()) => {
            let object = new_ctype_object(call.vm, id);
            call.one(object)
        }
        Err(problem) if problem == Problem::invalid_ctype() => Err(call.arg_error(0, &problem.0)),
        Err(problem) => Err(call.error(problem.0)),
    }
}
