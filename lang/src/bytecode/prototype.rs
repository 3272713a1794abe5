//! What the compiler makes of a function: plain data, independent of any heap.
//!
//! The compiler, the disassembler, `string.dump` and the undumper speak of [`Prototype`]s. To be called, one is *loaded*
//! into a virtual machine, which interns its strings and copies its code to where the inline caches can be written.

use super::ins::Ins;
use super::ops::Op;
use std::rc::Rc;

/// A compiled function and, as its children, the functions inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prototype {
    /// Instructions and their data words; the first is `FUNC` or `FUNCV`.
    pub code: Vec<u32>,
    /// For each word of `code`, the source line it came from; empty when stripped.
    pub lines: Vec<u32>,
    /// Constants, by index.
    pub constants: Vec<Constant>,
    /// Functions that `CLOSURE` instantiates, by index.
    pub children: Vec<Prototype>,
    /// Where each upvalue is found when a closure is made.
    pub upvalues: Vec<UpvalueSource>,
    /// Bit `i` says that no assignment in the chunk is to the variable which upvalue `i` is: it has the value that it was declared with.
    pub fixed_upvalues: u64,
    /// Names of the upvalues; empty when stripped.
    pub upvalue_names: Vec<Rc<[u8]>>,
    /// Local variables in the order of their declaration; empty when stripped.
    pub locals: Vec<LocalVariable>,
    /// Number of named parameters.
    pub params: u8,
    /// Whether it takes `...`.
    pub vararg: bool,
    /// Registers that a frame needs, the parameters included.
    pub registers: u8,
    /// Line of the `function` keyword; 0 for a main chunk.
    pub first_line: u32,
    /// Line of its `end`; of the end of the text for a main chunk.
    pub last_line: u32,
    /// The chunk's name as given to `load`, with its `@` or `=` mark.
    pub chunk_name: Rc<[u8]>,
}

/// A constant of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A number that does not fit `KSHORT`, or an operand of arithmetic.
    Number(f64),
    /// A string.
    String(Rc<[u8]>),
    /// `42LL`: a boxed `int64_t`.
    Int64(i64),
    /// `42ULL`: a boxed `uint64_t`.
    Uint64(u64),
    /// `42i`: a boxed `complex` with this imaginary part.
    Imaginary(f64),
    /// What `DUPTABLE` copies, or what gives `NEWOBJECT` its keys.
    Template(Template),
}

/// A constant table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// Items from index 1 on.
    pub items: Vec<TemplateValue>,
    /// Fields in the order they were written; no key occurs twice.
    pub fields: Vec<(Rc<[u8]>, TemplateValue)>,
}

/// A value inside a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateValue {
    /// `nil`; also what stands for a value that `NEWOBJECT` fills in.
    Nil,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(Rc<[u8]>),
}

/// Where a closure takes an upvalue from when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// This register of the enclosing function's frame.
    ParentLocal(u8),
    /// This upvalue of the enclosing function.
    ParentUpvalue(u8),
}

/// A local variable's name and extent.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalVariable {
    /// Its name; hidden ones of loops are called `(for index)` and the like.
    pub name: Rc<[u8]>,
    /// Its register.
    pub register: u8,
    /// First position in `code` at which it is active.
    pub start: u32,
    /// First position at which it no longer is.
    pub end: u32,
}

impl Prototype {
    /// Calls `visit` with each instruction and its position in `code`.
    pub fn for_each_instruction(&self, mut visit: impl FnMut(usize, Ins)) {
        let mut at = 0;
        while at < self.code.len() {
            let ins = Ins(self.code[at]);
            visit(at, ins);
            at += ins.op().words();
        }
    }

    /// Where the jump of the instruction at `at` lands.
    pub fn jump_target(&self, at: usize) -> usize {
        debug_assert!(Ins(self.code[at]).op().jumps());
        (at as i64 + 2 + i64::from(self.code[at + 1] as i32)) as usize
    }

    /// Whether it has lost its debug information. It knows no lines then, not even those where its source began and ended.
    pub fn is_stripped(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether it is known to be a chunk, not a function in one.
    pub fn is_main(&self) -> bool {
        self.first_line == 0 && !self.is_stripped()
    }

    /// Whether an upvalue keeps the value that its variable was declared with, as long as no debug function changes it.
    pub fn is_fixed(&self, upvalue: usize) -> bool {
        upvalue < 64 && self.fixed_upvalues >> upvalue & 1 == 1
    }

    /// The line of the word at `at`, if the function has line information.
    pub fn line(&self, at: usize) -> Option<u32> {
        self.lines.get(at).copied()
    }

    /// The name of the local variable that lives in `register` at position `at`.
    pub fn local_name(&self, register: u8, at: usize) -> Option<&[u8]> {
        let at = at as u32;
        let lives = |l: &&LocalVariable| l.register == register && l.start <= at && at < l.end;
        self.locals.iter().rev().find(lives).map(|l| &*l.name)
    }

    /// Whether the function takes a frame entry that copies its arguments (`FUNCV`).
    pub fn is_vararg(&self) -> bool {
        matches!(self.code.first().map(|&w| Ins(w).op()), Some(Op::FUNCV))
    }
}
