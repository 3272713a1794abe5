//! Which pointers may stand for which.
//!
//! C lets an `int *` become a `const int *` or a `void *` and nothing else without a cast. LuaJIT is a little more generous, and so are we:
//! signed and unsigned integers of one size may stand for each other behind a pointer, and so may all functions, and all
//! enumerations of one size.

use crate::ctype::{CTypeId, CTypes, Kind};

/// How strictly two types behind pointers are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strictness {
    /// For an assignment: no qualifier may get lost; `void` stands for everything.
    Assign,
    /// For a pointer behind a pointer: the qualifiers must be equal, and `void` is just itself.
    Same,
    /// For `ffi.istype`: qualifiers do not matter, and `void` is just itself.
    IgnoreQualifiers,
}

/// Whether a pointer to `source` may become a pointer to `target`.
pub fn targets_match(types: &CTypes, target: CTypeId, source: CTypeId, strictness: Strictness) -> bool {
    if target == source {
        return true;
    }
    let (wanted, given) = (types.get(target), types.get(source));
    match strictness {
        Strictness::Same if wanted.qualifiers != given.qualifiers => return false,
        Strictness::Assign if wanted.qualifiers.union(given.qualifiers) != wanted.qualifiers => return false,
        Strictness::Assign if wanted.kind == Kind::Void || given.kind == Kind::Void => return true,
        _ => {}
    }
    match (wanted.kind, given.kind) {
        (Kind::Int { bytes: a, .. }, Kind::Int { bytes: b, .. }) => a == b,
        (Kind::Pointer(a), Kind::Pointer(b)) | (Kind::Reference(a), Kind::Reference(b)) => {
            targets_match(types, a, b, Strictness::Same)
        }
        (Kind::Array { of: a, .. }, Kind::Array { of: b, .. }) => {
            types.size_of(target) == types.size_of(source) && targets_match(types, a, b, Strictness::Same)
        }
        (Kind::Enum(_), Kind::Enum(_)) => types.size_of(target) == types.size_of(source),
        (Kind::Function(_), Kind::Function(_)) => true,
        (a, b) => a == b,
    }
}

/// What `ffi.istype` says: whether a value of type `given` counts as one of type `wanted`. Both may be references.
pub fn is_type(types: &CTypes, wanted: CTypeId, given: CTypeId) -> bool {
    let (wanted, given) = (types.bare(referred(types, wanted)), types.bare(referred(types, given)));
    if wanted == given {
        return true;
    }
    match (types.kind(wanted), types.kind(given)) {
        (Kind::Pointer(a), Kind::Pointer(b)) => targets_match(types, a, b, Strictness::IgnoreQualifiers),
        (Kind::Array { of: a, .. }, Kind::Array { of: b, .. }) => {
            types.size_of(wanted) == types.size_of(given) && targets_match(types, a, b, Strictness::IgnoreQualifiers)
        }
        (Kind::Record(_), Kind::Pointer(to)) => types.bare(to) == wanted,
        _ => false,
    }
}

/// What a reference refers to; any other type is its own.
pub fn referred(types: &CTypes, id: CTypeId) -> CTypeId {
    match types.kind(id) {
        Kind::Reference(to) => to,
        _ => id,
    }
}
