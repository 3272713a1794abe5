//! Metatypes: what a script defines for a struct by `ffi.metatype`.
//!
//! The predefined operations come first; a metamethod is asked only when there is none. It is looked for by the type that
//! a reference refers to or a pointer points to, so that `p:method()` works for a pointer to a struct.

use crate::{
    ctype::{CTypeId, CTypes, Kind},
    problem::{Outcome, Problem},
    state::Ffi,
};
use moonwake_lang::{
    metamethod::Metamethod,
    object::{Gc, Table},
    value::Value,
    vm::Vm,
};
use std::cell::RefCell;

/// The metatables of types, by their numbers. They are anchored for good, each at the number of its ctype below zero.
#[derive(Default)]
pub(crate) struct Metatypes(RefCell<Vec<Option<Gc<Table>>>>);

/// The type whose metatype counts for values of type `id`.
pub fn bearer(types: &CTypes, id: CTypeId) -> CTypeId {
    let id = types.bare(crate::convert::compatible::referred(types, id));
    match types.kind(id) {
        Kind::Pointer(to) => types.bare(to),
        _ => id,
    }
}

impl Ffi {
    /// Gives a type its metatable, for good.
    ///
    /// # Errors
    /// When the type has one, or cannot have one.
    pub fn set_metatype(&self, vm: &mut Vm, id: CTypeId, metatable: Gc<Table>) -> Outcome<()> {
        let id = self.types().bare(id);
        if !matches!(self.types().kind(id), Kind::Record(_) | Kind::Complex(_) | Kind::Vector { .. }) {
            return Err(Problem::invalid_ctype());
        }
        if self.metatype(id).is_some() {
            return Err(Problem::protected_metatable());
        }
        self.anchor_at(vm, -(id.index() as f64), metatable.into());
        vm.heap.make_prototype(metatable);
        // Traces rely on what a type's metatype has, or that there is none.
        vm.heap.advance_epoch();
        let mut metatypes = self.metatypes.0.borrow_mut();
        if metatypes.len() <= id.index() {
            metatypes.resize(id.index() + 1, None);
        }
        metatypes[id.index()] = Some(metatable);
        Ok(())
    }

    /// The metatable of a type, which is no reference and has no qualifiers; see [`bearer`].
    pub fn metatype(&self, id: CTypeId) -> Option<Gc<Table>> {
        self.metatypes.0.borrow().get(id.index()).copied().flatten()
    }

    /// The metamethod for values of type `id`, nil if there is none.
    pub fn metamethod(&self, vm: &Vm, id: CTypeId, event: Metamethod) -> Value {
        if self.metatypes.0.borrow().is_empty() {
            return Value::NIL;
        }
        let bearer = bearer(&self.types(), id);
        match self.metatype(bearer) {
            Some(metatable) => vm.heap.metamethod(metatable, event),
            None => Value::NIL,
        }
    }

    /// The metamethod of an operator: the left operand's, or else the right one's.
    pub(crate) fn operator_metamethod(&self, vm: &Vm, left: Value, right: Value, event: Metamethod) -> Value {
        let of = |value: Value| match value.as_cdata() {
            Some(cdata) => {
                let id = crate::cdata::ctype_of(&self.types(), cdata);
                self.metamethod(vm, id, event)
            }
            None => Value::NIL,
        };
        match of(left) {
            Value::NIL => of(right),
            handler => handler,
        }
    }
}
