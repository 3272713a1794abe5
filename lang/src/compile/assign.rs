//! Assignments to one or several targets.
//!
//! Targets are evaluated from left to right, then the values, and the stores happen from right to left. A local that is
//! assigned to may also be the table or the key of a target to its left; that target then uses a copy made before:
//!
//! ```text
//! i, a[i] = i + 1, 20     sets a[i] for the old i
//! ```

use super::operand::{Key, Kind, Operand};
use super::{Compiler, MAX_LEVELS, Result};
use crate::ast::ExprId;
use crate::bytecode::Op;

impl Compiler<'_> {
    /// `targets = values`
    pub(super) fn assign(&mut self, targets: &[ExprId], values: &[ExprId]) -> Result<()> {
        let mut places: Vec<Operand> = Vec::with_capacity(targets.len());
        for (index, &target) in targets.iter().enumerate() {
            let place = self.suffixed(target)?;
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
