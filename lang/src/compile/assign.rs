//! Assignments to one or several targets.
//!
//! Targets are evaluated from left to right, then the values, and the stores happen from right to left. A local that is
//! assigned to may also be the table or the key of a target to its left; that target then uses a copy made before:
//!
//! ```text
//! i, a[i] = i + 1, 20     sets a[i] for the old i
//! ```
//!
//! An assignment to `a?.b` does nothing, and does not evaluate its value, when `a` is nil.

use super::jumps::JumpList;
use super::operand::{Key, Kind, Operand};
use super::{Compiler, MAX_LEVELS, Result};
use crate::ast::{Binding, Expr, ExprId};
use crate::bytecode::Op;
use crate::operators::BinaryOp;

impl Compiler<'_> {
    /// `targets = values`
    pub(super) fn assign(&mut self, targets: &[ExprId], values: &[ExprId]) -> Result<()> {
        let mut places: Vec<Operand> = Vec::with_capacity(targets.len());
        let mut if_nil = JumpList::EMPTY;
        for (index, &target) in targets.iter().enumerate() {
            if index > 0 {
                self.check_not_safe(target)?;
            }
            let (place, skip) = self.suffixed_or_skip(target)?;
            self.check_not_constant(target, &place)?;
            if !skip.is_empty() && targets.len() > 1 {
                return Err(self.function.complaint_near("syntax error"));
            }
            if_nil = skip;
            if let Kind::Local(register) = place.kind {
                self.protect(&mut places, register)?;
            }
            if index > 0 && self.level as usize + index >= MAX_LEVELS as usize {
                return Err(self.function.limit(MAX_LEVELS as usize, "variable names"));
            }
            places.push(place);
        }
        self.at(self.ast.last_token(*targets.last().expect("there is a target")) + 1);
        let mut last = self.expr_list(values)?;
        if targets.len() == values.len() {
            let place = places.pop().expect("there is a target");
            self.store(&place, &mut last)?;
        } else {
            self.adjust(targets.len(), values.len(), last)?;
        }
        while let Some(place) = places.pop() {
            let mut value: Operand = Kind::Register(self.function.free as u8 - 1).into();
            self.store(&place, &mut value)?;
        }
        self.function.patch_here(if_nil);
        Ok(())
    }

    /// `target += value` and the like; the target's table and key are evaluated once.
    pub(super) fn compound(&mut self, op: BinaryOp, target: ExprId, value: ExprId) -> Result<()> {
        let (place, if_nil) = self.suffixed_or_skip(target)?;
        self.check_not_constant(target, &place)?;
        self.at(self.ast.last_token(target) + 1);
        let mut old = place;
        if let Kind::Indexed(..) = place.kind {
            // Reading a field gives back the registers of its table and key, but the store needs them once more.
            let free = self.function.free;
            self.function.discharge(&mut old)?;
            self.function.free = free;
        }
        let mut new = self.binary(op, old, value)?;
        self.store(&place, &mut new)?;
        self.function.patch_here(if_nil);
        Ok(())
    }

    /// Refuses a `?.` in a target that is not the only one.
    fn check_not_safe(&mut self, target: ExprId) -> Result<()> {
        let (_, suffixes) = self.suffixes(target);
        if let Some(&safe) = suffixes.iter().find(|&&suffix| matches!(self.ast[suffix], Expr::Safe(_))) {
            self.at(self.ast.last_token(safe) - 1);
            return Err(self.function.complaint_near("'=' expected"));
        }
        Ok(())
    }

    /// Refuses a `const` as a target.
    pub(super) fn check_not_constant(&self, target: ExprId, place: &Operand) -> Result<()> {
        let Expr::Name(name) = self.ast[target] else { return Ok(()) };
        let constant = match place.kind {
            Kind::Local(register) => self.function.locals[usize::from(register)].binding == Binding::Constant,
            Kind::Upvalue(number) => self.function.upvalues[usize::from(number)].binding == Binding::Constant,
            _ => false,
        };
        if constant {
            return Err(self.labelled("attempt to assign to const variable", name));
        }
        Ok(())
    }

    /// Makes sure that no place uses the local in `register`, which is about to be assigned to.
    fn protect(&mut self, places: &mut [Operand], register: u8) -> Result<()> {
        let f = &mut self.function;
        let copy = f.free as u8;
        let mut used = false;
        for place in places {
            if let Kind::Indexed(table, key) = &mut place.kind {
                if *table == register {
                    *table = copy;
                    used = true;
                }
                if *key == Key::Register(register) {
                    *key = Key::Register(copy);
                    used = true;
                }
            }
        }
        if used {
            f.reserve(1)?;
            f.emit_d(Op::MOVE, copy, u16::from(register));
        }
        Ok(())
    }
}
