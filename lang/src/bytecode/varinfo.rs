//! Which variable a register's value came from, for error messages.

use super::Prototype;

/// Where a value came from: `local 'x'`, `global 'print'`, `field 'insert'`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin<'a> {
    /// `local`, `global`, `field`, `method` or `upvalue`.
    pub kind: &'static str,
    /// The variable's or key's name.
    pub name: &'a [u8],
}

/// Where the value came from that `register` holds just before the instruction at `at` runs, if the code tells.
pub fn origin_of(prototype: &Prototype, at: usize, register: u8) -> Option<Origin<'_>> {
    prototype.local_name(register, at).map(|name| Origin { kind: "local", name })
}
