//! How a library gets into the globals.

use crate::object::{Gc, Table};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::NativeFunction;

/// Declares the native functions of a library: a static slice named `FUNCTIONS` from rows of `"name" => function`.
macro_rules! functions {
    ($prefix:literal: $($name:literal => $function:expr,)*) => {
        /// The functions of this library.
        pub static FUNCTIONS: &[$crate::vm::native::NativeFunction] = &[
            $($crate::vm::native::NativeFunction { name: concat!($prefix, $name), function: $function },)*
        ];
    };
}

impl Vm {
    /// Puts functions into a table, under their names without what stands before the last dot.
    pub fn register(&mut self, table: Gc<Table>, functions: &'static [NativeFunction], upvalues: &[Value]) {
        for native in functions {
            let name = native.name.rsplit('.').next().unwrap_or(native.name);
            let function = self.new_native(native, upvalues);
            self.set_field(table, name, function);
        }
    }

    /// A new table of functions; a global of this name and in `package.loaded`.
    pub fn new_library(&mut self, name: &str, functions: &'static [NativeFunction]) -> Gc<Table> {
        let library = self.heap.new_table(0, functions.len());
        self.register(library, functions, &[]);
        let globals = self.globals();
        self.set_field(globals, name, library);
        self.set_loaded(name, library);
        library
    }

    /// `package.loaded[name] = value`.
    pub fn set_loaded(&mut self, name: &str, value: impl Into<Value>) {
        let loaded = self.loaded();
        self.set_field(loaded, name, value);
    }

    /// `package.preload[name] = loader`.
    pub fn set_preload(&mut self, name: &'static str, loader: &'static NativeFunction) {
        let preload = self.registry_table("_PRELOAD");
        let loader = self.new_native(loader, &[]);
        self.set_field(preload, name, loader);
    }

    /// The table `package.loaded`.
    pub fn loaded(&mut self) -> Gc<Table> {
        self.registry_table("_LOADED")
    }

    /// A table of this name in the registry, made on first use.
    pub fn registry_table(&mut self, name: &str) -> Gc<Table> {
        let key = self.heap.intern(name.as_bytes());
        let registry = self.registry();
        if let Some(table) = self.heap.get_str(registry, key).as_table() {
            return table;
        }
        let table = self.heap.new_table(0, 0);
        self.heap.set_str(registry, key, table.into());
        table
    }

    /// `table[name] = value`, without metamethods.
    pub fn set_field(&mut self, table: Gc<Table>, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let key = self.heap.intern(name.as_bytes());
        self.heap.set_str(table, key, value);
    }

    /// `table[name]`, without metamethods.
    pub fn field(&mut self, table: Gc<Table>, name: &str) -> Value {
        let key = self.heap.intern(name.as_bytes());
        self.heap.get_str(table, key)
    }

    /// A string value.
    pub fn string_value(&mut self, bytes: impl AsRef<[u8]>) -> Value {
        self.heap.intern(bytes.as_ref()).into()
    }
}
