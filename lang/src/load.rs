//! Loading: from what the compiler makes to what the machine runs.
//!
//! Strings are interned, constant tables made, and the code is copied to where inline caches can be written.

use crate::bytecode::{Constant, Prototype};
use crate::gc::Heap;
use crate::object::{Gc, Proto, ctype_ids};
use crate::value::Value;
use std::rc::Rc;

impl Heap {
    /// Loads a chunk's main function and every function inside it.
    pub fn load(&mut self, chunk: &Rc<Prototype>) -> Gc<Proto> {
        self.load_function(chunk, chunk)
    }

    fn load_function(&mut self, source: &Prototype, chunk: &Rc<Prototype>) -> Gc<Proto> {
        let children = source.children.iter().map(|child| self.load_function(child, chunk)).collect();
        let constants = source.constants.iter().map(|constant| self.load_constant(constant)).collect();
        self.new_proto(source.code.clone().into_boxed_slice(), constants, children, source, Rc::clone(chunk))
    }

    fn load_constant(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Number(n) => Value::number(*n),
            Constant::String(bytes) => self.intern(bytes).into(),
            Constant::Int64(n) => self.new_boxed(ctype_ids::INT64, &n.to_ne_bytes()),
            Constant::Uint64(n) => self.new_boxed(ctype_ids::UINT64, &n.to_ne_bytes()),
            Constant::Imaginary(im) => {
                let mut bytes = [0; 16];
                bytes[8..].copy_from_slice(&im.to_ne_bytes());
                self.new_boxed(ctype_ids::COMPLEX_DOUBLE, &bytes)
            }
            Constant::Template(template) => self.new_template(template).into(),
        }
    }

    /// A C number of a type that the language itself makes.
    #[allow(unsafe_code)]
    pub(crate) fn new_boxed(&mut self, ctype: u32, bytes: &[u8]) -> Value {
        let cdata = self.new_cdata(ctype, bytes.len(), 8, false);
        // SAFETY: the payload was made this long.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), cdata.payload(), bytes.len()) };
        cdata.into()
    }
}
