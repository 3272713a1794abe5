//! Loops.
//!
//! ```text
//! while c do … end       LOOP; c? → out; …; JUMP ▲                     (▲ is the LOOP)
//! repeat … until c       LOOP; …; c? → ▲
//! for i = a, b, s do     R0..R2 = a, b, s; FORPREP → out; …; FORLOOP ▲  (▲ is behind the FORPREP; R3 is i)
//! for k, v in a do       R0..R2 = a; ITERPREP ▼; …; ▼ ITERCALL; ITERLOOP ▲  (R3 is the hidden position, R4 is k)
//! ```

use super::jumps::JumpList;
use super::scope::Name;
use super::{Compiler, Result};
use crate::ast::{Block, ExprId, NumericFor, TokenIndex};
use crate::bytecode::{Ins, Op};
use crate::symbols::Symbol;

/// Registers that a call of an iterator needs from the first variable on: callee, link, state and control.
const ITERATOR_CALL: usize = 4;

impl Compiler<'_> {
    pub(super) fn while_loop(
        &mut self,
        (first, last): (TokenIndex, TokenIndex),
        condition: ExprId,
        block: &Block,
    ) -> Result<()> {
        self.at(first);
        let start = self.function.target();
        self.emit_loop();
        let exit = self.condition(condition)?;
        self.enter_scope(true);
        self.at(self.ast.last_token(condition) + 1);
        self.block(block, last)?;
        self.at(last - 1);
        self.end_of_body()?;
        self.function.jump_to(start);
        self.at(last);
        self.leave_scope()?;
        self.function.patch_here(exit);
        Ok(())
    }

    pub(super) fn repeat_loop(&mut self, first: TokenIndex, block: &Block, condition: ExprId) -> Result<()> {
        self.at(first);
        let start = self.function.target();
        self.enter_scope(true);
        self.enter_scope(false);
        self.emit_loop();
        self.statements(block, None)?;
        self.end_of_body()?;
        // The condition sees the locals of the block.
        let again = self.condition(condition)?;
        let captured = self.function.scopes.last().expect("the block is open").captured;
        if captured {
            // Both ways have to close them.
            let done = self.function.jump();
            self.function.patch_here(again);
            let from = self.function.scopes.last().expect("the block is open").outside as u8;
            self.function.emit_d(Op::CLOSE, from, 0);
            self.function.jump_to(start);
            self.function.patch_here(done);
            self.leave_scope()?;
        } else {
            self.leave_scope()?;
            self.function.patch(again, start);
        }
        self.leave_scope()
    }

    /// The head of a loop that is no `for`.
    fn emit_loop(&mut self) {
        let free = self.function.active as u8;
        self.function.emit_d(Op::LOOP, free, 0);
    }

    pub(super) fn numeric_for(&mut self, (first, last): (TokenIndex, TokenIndex), parts: &NumericFor) -> Result<()> {
        self.enter_scope(true);
        self.at(first + 1);
        let base = self.function.free as u8;
        for hidden in ["(for index)", "(for limit)", "(for step)"] {
            self.declare_hidden(Name::Hidden(hidden))?;
        }
        for id in [Some(parts.start), Some(parts.limit), parts.step].into_iter().flatten() {
            let mut operand = self.expr(id)?;
            self.function.put_in_next(&mut operand)?;
        }
        let last_part = parts.step.unwrap_or(parts.limit);
        if parts.step.is_none() {
            let register = self.function.reserve(1)?;
            self.function.emit_d(Op::KSHORT, register, 1);
        }
        self.activate();
        self.at(self.ast.last_token(last_part) + 1);
        let exit = JumpList::of(self.function.emit_jump(Ins::ad(Op::FORPREP, base, 0)));
        let body = self.function.target();
        self.enter_scope(false);
        self.at(first + 1);
        self.declare(parts.name)?;
        self.at(self.ast.last_token(last_part) + 1);
        self.function.reserve(1)?;
        self.activate();
        self.block(&parts.block, last)?;
        self.at(last - 1);
        self.leave_scope()?;
        self.end_of_body()?;
        let end = self.function.emit_jump(Ins::ad(Op::FORLOOP, base, 0));
        self.function.patch(JumpList::of(end), body);
        self.function.set_line(end, first);
        self.function.patch_here(exit);
        self.at(last);
        self.leave_scope()
    }

    pub(super) fn generic_for(
        &mut self,
        (first, last): (TokenIndex, TokenIndex),
        names: &[Symbol],
        values: &[ExprId],
        block: &Block,
    ) -> Result<()> {
        self.enter_scope(true);
        self.at(first + 1);
        for hidden in ["(for generator)", "(for state)", "(for control)"] {
            self.declare_hidden(Name::Hidden(hidden))?;
        }
        self.declare_hidden(Name::Secret)?;
        let first_value = first + 2 * names.len() as TokenIndex + 1;
        self.at(first_value - 1);
        let list = self.expr_list(values)?;
        self.adjust(3, values.len(), list)?;
        let position = self.function.reserve(1)?;
        let base = position + 1;
        self.function.need(ITERATOR_CALL)?;
        self.activate();
        let head_end = self.ast.last_token(*values.last().expect("there is a value")) + 1;
        self.at(head_end);
        let start = JumpList::of(self.function.emit_jump(Ins::ad(Op::ITERPREP, base, 0)));
        let body = self.function.target();
        self.enter_scope(false);
        for (index, &name) in names.iter().enumerate() {
            self.at(first + 1 + 2 * index as TokenIndex);
            self.declare(name)?;
        }
        self.at(head_end);
        self.function.reserve(names.len())?;
        self.activate();
        self.block(block, last)?;
        self.at(last - 1);
        self.leave_scope()?;
        self.end_of_body()?;
        self.function.patch_here(start);
        let call = self.function.emit_bc(Op::ITERCALL, base, names.len() as u8 + 1, 0);
        let end = self.function.emit_jump(Ins::ad(Op::ITERLOOP, base, 0));
        self.function.patch(JumpList::of(end), body);
        self.function.set_line(call, first_value);
        self.at(last);
        self.leave_scope()
    }
}
