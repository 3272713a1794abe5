//! The state of the FFI in one virtual machine.
//!
//! It is shared: the native functions of the library and of the metatable of cdata find it by an address in their first upvalue, the JIT
//! through [`attached`]. Everything in it is a cell, and no borrow is held while Lua or C code runs, since both may come back.
//!
//! What the collector must see (metatables of ctypes, functions behind callbacks, strings that serve as keys of caches) stands in a
//! table, the *anchor*, that the registry holds.

#![allow(unsafe_code)]

use crate::{
    c::{
        declarations::Declarations,
        error::CError,
        name::{Name, Names},
        tokens::Param,
    },
    call::Signatures,
    callback::Callbacks,
    ctype::{CTypeId, CTypes, Qualifiers},
    index::MemberCache,
    library::Libraries,
    metatype::Metatypes,
    settings::Settings,
};
use moonwake_lang::{
    object::{Gc, Str, Table},
    value::Value,
    vm::{Vm, native::Call},
};
use std::{
    cell::{Cell, OnceCell, Ref, RefCell, RefMut},
    collections::HashMap,
    rc::Rc,
};

/// The FFI of one virtual machine.
pub struct Ffi {
    declarations: OnceCell<RefCell<Declarations>>,
    constants: OnceCell<KnownTypes>,
    pub(crate) settings: RefCell<Settings>,
    pub(crate) anchor: Gc<Table>,
    pub(crate) metatypes: Metatypes,
    pub(crate) members: MemberCache,
    pub(crate) signatures: Signatures,
    pub(crate) callbacks: Callbacks,
    pub(crate) libraries: Libraries,
    callback_metatable: Cell<Option<Gc<Table>>>,
    type_texts: RefCell<HashMap<usize, CTypeId>>,
    native_calls: Cell<u64>,
}

/// Types that conversions need, beyond those with fixed numbers.
#[derive(Clone, Copy, Debug)]
pub struct KnownTypes {
    /// `const char *`
    pub const_char_pointer: CTypeId,
    /// `const void *`
    pub const_void_pointer: CTypeId,
    /// `uint8_t *`
    pub byte_pointer: CTypeId,
}

/// Where a machine keeps its FFI.
#[derive(Default)]
struct Attached(Option<Rc<Ffi>>);

/// The FFI of a machine that [`crate::open`] was called for.
///
/// # Panics
/// When it was not.
pub fn attached(vm: &mut Vm) -> Rc<Ffi> {
    vm.extension::<Attached>().0.clone().expect("the FFI was opened in this machine")
}

/// Makes the FFI of a machine. Little happens before it is used.
pub(crate) fn attach(vm: &mut Vm) -> Rc<Ffi> {
    let anchor = vm.heap.new_table(0, 8);
    let registry = vm.registry();
    let key = vm.heap.intern(b"_FFI");
    vm.heap.set_str(registry, key, anchor.into());
    let ffi = Rc::new(Ffi {
        declarations: OnceCell::new(),
        constants: OnceCell::new(),
        settings: RefCell::default(),
        anchor,
        metatypes: Metatypes::default(),
        members: MemberCache::default(),
        signatures: Signatures::default(),
        callbacks: Callbacks::default(),
        libraries: Libraries::default(),
        callback_metatable: Cell::new(None),
        type_texts: RefCell::default(),
        native_calls: Cell::new(0),
    });
    vm.extension::<Attached>().0 = Some(ffi.clone());
    ffi
}

/// The FFI that a native function belongs to.
#[inline(always)]
pub(crate) fn of_call(call: &Call<'_>) -> Rc<Ffi> {
    let address = call.upvalue(0).address() as *const Ffi;
    // SAFETY: every native function of this crate is made by `Ffi::upvalue`'s caller with this address as its first upvalue,
    // and the machine that runs it owns the state.
    unsafe {
        Rc::increment_strong_count(address);
        Rc::from_raw(address)
    }
}

impl Ffi {
    /// The first upvalue of native functions.
    pub(crate) fn upvalue(self: &Rc<Ffi>) -> Value {
        Value::light_userdata(Rc::as_ptr(self) as usize)
    }

    fn cell(&self) -> &RefCell<Declarations> {
        self.declarations.get_or_init(|| {
            let mut declarations = Declarations::new();
            for folder in &self.settings.borrow().include_dirs {
                declarations.add_include_folder(folder);
            }
            let types = declarations.types_mut();
            let const_char = types.qualified(CTypeId::INT8, Qualifiers::CONST);
            let const_void = types.qualified(CTypeId::VOID, Qualifiers::CONST);
            let known = KnownTypes {
                const_char_pointer: types.pointer_to(const_char),
                const_void_pointer: types.pointer_to(const_void),
                byte_pointer: types.pointer_to(CTypeId::UINT8),
            };
            self.constants.set(known).unwrap_or_else(|_| unreachable!("they are made with the declarations"));
            RefCell::new(declarations)
        })
    }

    /// All that is declared.
    #[inline]
    pub fn declarations(&self) -> Ref<'_, Declarations> {
        self.cell().borrow()
    }

    /// All that is declared, to declare more.
    #[inline]
    pub fn declarations_mut(&self) -> RefMut<'_, Declarations> {
        self.cell().borrow_mut()
    }

    /// The types.
    #[inline]
    pub fn types(&self) -> Ref<'_, CTypes> {
        Ref::map(self.declarations(), Declarations::types)
    }

    /// The types, to derive others from them.
    #[inline]
    pub fn types_mut(&self) -> RefMut<'_, CTypes> {
        RefMut::map(self.declarations_mut(), Declarations::types_mut)
    }

    /// The spellings of C's names.
    pub fn names(&self) -> Ref<'_, Names> {
        Ref::map(self.declarations(), Declarations::names)
    }

    /// Types that conversions need.
    pub fn known(&self) -> KnownTypes {
        self.cell();
        *self.constants.get().expect("they are made with the declarations")
    }

    /// A type as LuaJIT prints it.
    pub fn print(&self, id: CTypeId) -> String {
        self.declarations().print(id)
    }

    /// The number of a spelling that is known, if it is.
    pub(crate) fn find_name(&self, spelling: &[u8]) -> Option<Name> {
        self.names().find(spelling)
    }

    // ------------------------------------------------------------------------------------- types by text

    /// The type that a text names.
    ///
    /// The same string gives the same type without another look at it, unless it defines a struct, union or enumeration, which is a new one
    /// each time.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn type_of_text(&self, vm: &mut Vm, text: Gc<Str>) -> Result<CTypeId, CError> {
        if let Some(&id) = self.type_texts.borrow().get(&text.address()) {
            return Ok(id);
        }
        let (id, defines) = {
            let mut declarations = self.declarations_mut();
            let before = declarations.types().definitions();
            let id = declarations.parse_type(text.bytes(), &[])?;
            (id, declarations.types().definitions() != before)
        };
        if !defines {
            self.anchor_key(vm, text);
            self.type_texts.borrow_mut().insert(text.address(), id);
        }
        Ok(id)
    }

    /// The type that a text names, with parameters for its `$`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn type_with_params(&self, text: &[u8], params: &[Param]) -> Result<CTypeId, CError> {
        self.declarations_mut().parse_type(text, params)
    }

    /// Forgets what texts and names mean, since something was declared.
    pub(crate) fn forget_meanings(&self, vm: &mut Vm) {
        self.type_texts.borrow_mut().clear();
        self.members.clear();
        self.refresh_namespaces(vm);
    }

    // ----------------------------------------------------------------------------------------- anchoring

    /// Keeps a string for good, so that its address can be a key.
    pub(crate) fn anchor_key(&self, vm: &mut Vm, key: Gc<Str>) {
        vm.heap.set_str(self.anchor, key, Value::TRUE);
    }

    /// Keeps a value for as long as the machine lives, or until another takes this place.
    pub(crate) fn anchor_at(&self, vm: &mut Vm, place: f64, value: Value) {
        vm.heap.set(self.anchor, Value::number(place), value).expect("a number that is no NaN is a key");
    }

    /// What was anchored at this place.
    pub(crate) fn anchored(&self, vm: &Vm, place: f64) -> Value {
        vm.heap.get(self.anchor, Value::number(place))
    }

    /// The metatable of pointers to functions, which has the methods of callbacks.
    pub(crate) fn callback_metatable(&self) -> Option<Gc<Table>> {
        self.callback_metatable.get()
    }

    pub(crate) fn set_callback_metatable(&self, vm: &mut Vm, metatable: Gc<Table>) {
        const PLACE: f64 = 0.25;
        self.anchor_at(vm, PLACE, metatable.into());
        self.callback_metatable.set(Some(metatable));
    }

    // ----------------------------------------------------------------------------------------- statistics

    /// How many C functions the interpreter has called.
    pub fn native_calls(&self) -> u64 {
        self.native_calls.get()
    }

    pub(crate) fn count_native_call(&self) {
        self.native_calls.set(self.native_calls.get() + 1);
    }
}
