//! What an expression's result may be before it is in a register, and how it gets into one.
//!
//! Compiling `t.x` emits nothing yet: whether the field is read into the next register, read into the register of a variable,
//! or written, depends on what comes next. So an expression yields an [`Operand`], which is *discharged* step by step:
//!
//! ```text
//!   Local, Register ──────────────────────────────┐
//!   Upvalue, Global, Indexed ──► Relocatable ─────┼──► Register
//!   Call (one of its results) ────────────────────┤
//!   constants, Jump ──────────────────────────────┘
//! ```
//!
//! An operand may also have jumps that leave its evaluation early: `jumps.if_true` with a truthy value, `jumps.if_false` with a
//! falsy one. They come together where the value is wanted in a register.

use super::function::FunctionState;
use super::jumps::{CARRIES_CONSTANT, JumpList, NO_REGISTER};
use super::{Compiler, Result};
use crate::bytecode::{Ins, Op};
use crate::number::Number;
use crate::symbols::Symbol;

/// The second operand of an indexing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Key {
    /// Any value.
    Register(u8),
    /// A constant string.
    Name(Symbol),
    /// A constant whole number from 0 to 255.
    Small(u8),
}

/// Where or what a value is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    /// No value at all: an empty list.
    Void,
    Nil,
    True,
    False,
    Number(f64),
    String(Symbol),
    /// `1LL`, `1ULL` or `1i`.
    Boxed(Number),
    /// A local variable, by its register.
    Local(u8),
    Upvalue(u8),
    Global(Symbol),
    /// Table and key are in registers, or the key is a constant.
    Indexed(u8, Key),
    /// The instruction there computes it; its destination is open.
    Relocatable(usize),
    /// It is in a register, of a variable or a temporary one.
    Register(u8),
    /// The jump there is taken if it is true.
    Jump(usize),
    /// The `CALL` or `VARARG` there leaves any number of values from this register on.
    Multiple(usize, u8),
}

/// An expression's result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Operand {
    pub kind: Kind,
    /// Jumps taken when it is truthy.
    pub if_true: JumpList,
    /// Jumps taken when it is falsy.
    pub if_false: JumpList,
    /// An operand of `and` or `or` beside it is never looked at and was left out. LuaJIT tests that operand and jumps if it has this
    /// truth; and a variable to which one can jump is copied, which shows when a call further on changes the variable:
    /// `(false and x or n) + f()`.
    pub skips: Option<bool>,
}

impl From<Kind> for Operand {
    fn from(kind: Kind) -> Operand {
        Operand { kind, ..Operand::VOID }
    }
}

impl Operand {
    pub const VOID: Operand =
        Operand { kind: Kind::Void, if_true: JumpList::EMPTY, if_false: JumpList::EMPTY, skips: None };

    pub fn has_jumps(&self) -> bool {
        self.if_true != self.if_false
    }

    /// Whether it is a constant that is always truthy.
    pub fn is_truthy_constant(&self) -> bool {
        matches!(self.kind, Kind::True | Kind::Number(_) | Kind::String(_) | Kind::Boxed(_))
    }

    /// The number that it is.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(n) if !self.has_jumps() => Some(n),
            _ => None,
        }
    }

    /// Whether it is `nil`, `true` or `false`; gives what `KPRI` calls it.
    pub fn as_primitive(&self) -> Option<u16> {
        match self.kind {
            _ if self.has_jumps() => None,
            Kind::Nil => Some(0),
            Kind::False => Some(1),
            Kind::True => Some(2),
            _ => None,
        }
    }

    /// Whether it is any constant.
    pub fn is_constant(&self) -> bool {
        !self.has_jumps() && (self.is_truthy_constant() || matches!(self.kind, Kind::Nil | Kind::False))
    }
}

impl FunctionState<'_> {
    /// Gives back the registers that an operand occupies.
    pub fn free_operand(&mut self, operand: &Operand) {
        match operand.kind {
            Kind::Register(register) => self.release(register),
            Kind::Indexed(table, key) => self.free_indexed(table, key),
            _ => {}
        }
    }

    fn free_indexed(&mut self, table: u8, key: Key) {
        match key {
            // Whichever was taken later is given back first.
            Key::Register(key) if key > table => {
                self.release(key);
                self.release(table);
            }
            Key::Register(key) => {
                self.release(table);
                self.release(key);
            }
            Key::Name(_) | Key::Small(_) => self.release(table),
        }
    }

    /// Emits what reads a variable or field, so that a value is left, in a register or about to be.
    pub fn discharge(&mut self, operand: &mut Operand) -> Result<()> {
        operand.kind = match operand.kind {
            Kind::Local(register) => Kind::Register(register),
            Kind::Upvalue(number) => Kind::Relocatable(self.emit_d(Op::GETUPVAL, 0, u16::from(number))),
            Kind::Global(name) => Kind::Relocatable(self.emit_keyed(Op::GETGLOBAL, 0, 0, name)?),
            Kind::Indexed(table, key) => {
                self.free_indexed(table, key);
                Kind::Relocatable(match key {
                    Key::Register(key) => self.emit_bc(Op::GETINDEX, 0, table, key),
                    Key::Small(key) => self.emit_bc(Op::GETINDEXI, 0, table, key),
                    Key::Name(key) => self.emit_keyed(Op::GETFIELD, 0, table, key)?,
                })
            }
            Kind::Multiple(at, base) => {
                self.set_b(at, 2);
                match self.ins(at).op() {
                    Op::VARARG => {
                        self.release(base);
                        Kind::Relocatable(at)
                    }
                    _ => Kind::Register(base),
                }
            }
            other => other,
        };
        Ok(())
    }

    /// Puts a value into `register`, without regard to its jumps.
    fn load(&mut self, operand: &mut Operand, register: u8) -> Result<()> {
        self.discharge(operand)?;
        match operand.kind {
            Kind::Void => unreachable!("an absent value is wanted"),
            Kind::Nil => self.emit_nil(register, 1),
            Kind::False => {
                self.emit_d(Op::KPRI, register, 1);
            }
            Kind::True => {
                self.emit_d(Op::KPRI, register, 2);
            }
            Kind::Number(n) => self.load_number(n, register)?,
            Kind::String(string) => {
                let constant = self.string_constant(string)?;
                self.emit_d(Op::KCONST, register, constant);
            }
            Kind::Boxed(number) => {
                let constant = self.boxed_constant(number)?;
                self.emit_d(Op::KCONST, register, constant);
            }
            Kind::Relocatable(at) => self.set_a(at, register),
            Kind::Register(from) if from != register => {
                self.emit_d(Op::MOVE, register, u16::from(from));
            }
            Kind::Register(_) => {}
            // It reads nothing; its value is made where its jumps come together.
            Kind::Jump(_) => return Ok(()),
            Kind::Local(_) | Kind::Upvalue(_) | Kind::Global(_) | Kind::Indexed(..) | Kind::Multiple(..) => {
                unreachable!("it has been discharged")
            }
        }
        operand.kind = Kind::Register(register);
        Ok(())
    }

    fn load_number(&mut self, n: f64, register: u8) -> Result<()> {
        let short = n as i16;
        if f64::from(short) == n && !(n == 0.0 && n.is_sign_negative()) {
            self.emit_d(Op::KSHORT, register, short as u16);
        } else {
            let constant = self.number_constant(n)?;
            self.emit_d(Op::KCONST, register, constant);
        }
        Ok(())
    }

    /// Puts an operand into `register`.
    pub fn put_in(&mut self, operand: &mut Operand, register: u8) -> Result<()> {
        self.load(operand, register)?;
        if let Kind::Jump(at) = operand.kind {
            self.append(&mut operand.if_true, JumpList::of(at));
        }
        if operand.has_jumps() {
            // Some jumps only say whether the result is true:  …; JUMP end; KPRI r false; JUMP end; KPRI r true; end:
            let is_jump = matches!(operand.kind, Kind::Jump(_));
            let needs_true = self.lacks_value(operand.if_true);
            let needs_false = is_jump || self.lacks_value(operand.if_false);
            let (mut load_false, mut load_true) = (0, 0);
            let mut to_end = JumpList::EMPTY;
            if !is_jump && (needs_true || needs_false) {
                to_end = self.jump();
            }
            if needs_false {
                load_false = self.target();
                self.emit_d(Op::KPRI, register, 1);
            }
            if needs_true {
                if needs_false {
                    let jump = self.jump();
                    self.append(&mut to_end, jump);
                }
                load_true = self.target();
                self.emit_d(Op::KPRI, register, 2);
            }
            self.patch_here(to_end);
            let end = self.target();
            self.patch_with_value(operand.if_false, end, register, load_false);
            self.patch_with_value(operand.if_true, end, register, load_true);
        }
        *operand = Kind::Register(register).into();
        Ok(())
    }

    /// Puts an operand into the next register.
    pub fn put_in_next(&mut self, operand: &mut Operand) -> Result<u8> {
        self.discharge(operand)?;
        self.free_operand(operand);
        let register = self.reserve(1)?;
        self.put_in(operand, register)?;
        Ok(register)
    }

    /// Puts an operand into any register, the one where it is if possible.
    pub fn put_in_any(&mut self, operand: &mut Operand) -> Result<u8> {
        self.discharge(operand)?;
        if let Kind::Register(register) = operand.kind {
            let is_variable = usize::from(register) < self.active;
            let is_copied = operand.skips.is_some() && is_variable;
            if !operand.has_jumps() && !is_copied {
                return Ok(register);
            }
            // Its jumps may store into a temporary register, never into a variable.
            if !is_variable {
                self.put_in(operand, register)?;
                return Ok(register);
            }
        }
        self.put_in_next(operand)
    }

    /// Leaves constants alone and otherwise sees to it that no variable has to be read and no jump is open.
    pub fn settle(&mut self, operand: &mut Operand) -> Result<()> {
        if operand.has_jumps() { self.put_in_any(operand).map(drop) } else { self.discharge(operand) }
    }

    /// Emits a jump that is taken when the operand is falsy; code for when it is truthy follows.
    pub fn jump_if_false(&mut self, operand: &mut Operand) -> Result<()> {
        self.discharge(operand)?;
        let mut jump = match operand.kind {
            _ if operand.is_truthy_constant() => JumpList::EMPTY,
            Kind::Jump(at) => {
                self.invert(at);
                JumpList::of(at)
            }
            Kind::False => self.jump(),
            Kind::Nil => self.jump_with_constant(operand)?,
            _ => self.test(operand, false)?,
        };
        self.append(&mut jump, operand.if_false);
        operand.if_false = jump;
        let if_true = std::mem::replace(&mut operand.if_true, JumpList::EMPTY);
        self.patch_here(if_true);
        Ok(())
    }

    /// Emits a jump that is taken when the operand is truthy; code for when it is falsy follows.
    pub fn jump_if_true(&mut self, operand: &mut Operand) -> Result<()> {
        self.discharge(operand)?;
        let mut jump = match operand.kind {
            Kind::Nil | Kind::False => JumpList::EMPTY,
            Kind::Jump(at) => JumpList::of(at),
            _ if operand.is_truthy_constant() => self.jump_with_constant(operand)?,
            _ => self.test(operand, true)?,
        };
        self.append(&mut jump, operand.if_true);
        operand.if_true = jump;
        let if_false = std::mem::replace(&mut operand.if_false, JumpList::EMPTY);
        self.patch_here(if_false);
        Ok(())
    }

    /// Emits a jump that is always taken and carries a constant: the instruction before it loads that, into a register that is
    /// found together with the target. (With a test behind it instead, the common `c and 1 or 2` would be slower.)
    fn jump_with_constant(&mut self, operand: &mut Operand) -> Result<JumpList> {
        self.need(1)?;
        let scratch = self.free as u8;
        match operand.kind {
            // It must not be merged with the instruction before.
            Kind::Nil => drop(self.emit_d(Op::KPRI, NO_REGISTER, 0)),
            _ => self.load(operand, NO_REGISTER)?,
        }
        Ok(JumpList::of(self.emit_jump(Ins::ad(Op::JUMP, scratch, CARRIES_CONSTANT))))
    }

    /// Emits a jump that is taken when the operand's truth is `condition`; it may carry the value.
    fn test(&mut self, operand: &mut Operand, condition: bool) -> Result<JumpList> {
        if let Kind::Relocatable(at) = operand.kind
            && self.last_is(Op::NOT) == Some(at)
        {
            let negated = self.ins(at).d() as u8;
            self.truncate(at);
            let op = if condition { Op::ISF } else { Op::IST };
            return Ok(JumpList::of(self.emit_jump(Ins::ad(op, negated, 0))));
        }
        if !matches!(operand.kind, Kind::Register(_)) {
            let register = self.reserve(1)?;
            self.load(operand, register)?;
        }
        let Kind::Register(register) = operand.kind else { unreachable!("it has been loaded") };
        let op = if condition { Op::ISTC } else { Op::ISFC };
        let jump = self.emit_jump(Ins::ad(op, NO_REGISTER, u16::from(register)));
        self.release(register);
        Ok(JumpList::of(jump))
    }
}

impl Compiler<'_> {
    /// Stores a value into a variable or a field.
    pub(super) fn store(&mut self, target: &Operand, value: &mut Operand) -> Result<()> {
        self.note_assignment(target.kind);
        let f = &mut self.function;
        match target.kind {
            Kind::Local(register) => {
                f.discharge(value)?;
                f.free_operand(value);
                return f.put_in(value, register);
            }
            Kind::Upvalue(number) => {
                f.settle(value)?;
                if let Some(primitive) = value.as_primitive() {
                    f.emit_d(Op::SETUPVALP, number, primitive);
                } else if let Kind::Number(n) = value.kind {
                    let constant = f.number_constant(n)?;
                    f.emit_d(Op::SETUPVALK, number, constant);
                } else if let Kind::String(string) = value.kind {
                    let constant = f.string_constant(string)?;
                    f.emit_d(Op::SETUPVALK, number, constant);
                } else {
                    let register = f.put_in_any(value)?;
                    f.emit_d(Op::SETUPVAL, number, u16::from(register));
                }
            }
            Kind::Global(name) => {
                let register = f.put_in_any(value)?;
                f.emit_keyed(Op::SETGLOBAL, register, 0, name)?;
            }
            Kind::Indexed(table, key) => {
                let register = f.put_in_any(value)?;
                match key {
                    Key::Register(key) => f.emit_bc(Op::SETINDEX, register, table, key),
                    Key::Small(key) => f.emit_bc(Op::SETINDEXI, register, table, key),
                    Key::Name(key) => f.emit_keyed(Op::SETFIELD, register, table, key)?,
                };
            }
            _ => unreachable!("the grammar lets only variables and fields be assigned to"),
        }
        f.free_operand(value);
        Ok(())
    }
}
