//! The register bytecode: what the compiler emits, the interpreter runs and the recorder reads.
//!
//! Read [`ops`] first: the table of operations says what each one does. [`ins`] builds and takes apart one instruction,
//! [`prototype`] is a whole function; [`dump`] writes it to bytes and reads it back, [`verify`] checks what was read.

pub mod disasm;
pub mod dump;
pub mod ins;
pub mod ops;
pub mod prototype;
pub mod varinfo;
pub mod verify;

pub use disasm::disassemble;
pub use ins::{Ins, key_word};
pub use ops::{Mode, OP_COUNT, OPS, Op, OpInfo, Word};
pub use prototype::{Constant, LocalVariable, Prototype, Template, TemplateValue, UpvalueSource};
