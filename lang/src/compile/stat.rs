//! Statements, save assignments and loops.

use super::jumps::JumpList;
use super::labels::Target;
use super::operand::{Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Arm, Binding, Block, Expr, ExprId, FunctionId, Stat, StatId, TokenIndex};
use crate::bytecode::Op;
use crate::symbols::Symbol;

impl Compiler<'_> {
    /// The statements of a block, which is a level of nesting of its own. `end` is the token behind it; `None` for `until`,
    /// whose condition still belongs to the block.
    pub(super) fn statements(&mut self, block: &[StatId], end: Option<TokenIndex>) -> Result<()> {
        self.nested(|this| {
            for (index, &id) in block.iter().enumerate() {
                match this.ast[id] {
                    Stat::Label(name) => {
                        let (first, last) = this.ast.span(id);
                        let rest = &block[index + 1..];
                        let only_labels = rest.iter().all(|&id| matches!(this.ast[id], Stat::Label(_)));
                        // A semicolon between is a statement, as far as LuaJIT is concerned.
                        let at_end = only_labels && end == Some(last + 1 + 3 * rest.len() as TokenIndex);
                        this.at(first + 1);
                        this.label(name, at_end)?;
                        this.at(last);
                    }
                    _ => this.statement(id)?,
                }
                let f = &mut this.function;
                f.free = f.active;
            }
            Ok(())
        })
    }

    /// A block with a scope of its own; `end` is the token behind it.
    pub(super) fn block(&mut self, block: &[StatId], end: TokenIndex) -> Result<()> {
        self.enter_scope(false);
        self.statements(block, Some(end))?;
        self.leave_scope()
    }

    fn statement(&mut self, id: StatId) -> Result<()> {
        let ast = self.ast;
        let (first, last) = ast.span(id);
        match &ast[id] {
            Stat::Call(call) => {
                let (operand, if_nil) = self.suffixed_or_skip(*call)?;
                let Kind::Multiple(at, _) = operand.kind else { unreachable!("it is a call") };
                self.function.set_b(at, 1);
                self.function.patch_here(if_nil);
            }
            Stat::Assign(targets, values) => self.assign(targets, values)?,
            Stat::Compound(op, target, value) => self.compound(*op, *target, *value)?,
            Stat::Local(binding, names, values) => self.local(first, *binding, names, values)?,
            Stat::LocalFunction(binding, name, function) => {
                self.local_function(first, *binding, *name, *function)?;
            }
            Stat::Function(target, function) => self.function_statement(first, *target, *function)?,
            Stat::Do(block) => {
                self.at(first);
                self.block(block, last)?;
                self.at(last);
            }
            Stat::While(condition, block) => self.while_loop((first, last), *condition, block)?,
            Stat::Repeat(block, condition) => self.repeat_loop(first, block, *condition)?,
            Stat::If(arms, otherwise) => self.if_statement((first, last), arms, otherwise.as_ref())?,
            Stat::NumericFor(parts) => self.numeric_for((first, last), parts)?,
            Stat::GenericFor(names, values, block) => self.generic_for((first, last), names, values, block)?,
            Stat::Goto(name) => {
                self.at(last);
                self.goto(Target::Label(*name), last)?;
            }
            Stat::Break => {
                self.at(last);
                self.goto(Target::Break, last)?;
            }
            Stat::Continue => {
                self.at(last);
                self.continue_statement(last)?;
            }
            Stat::Label(_) => unreachable!("a label needs to know its block"),
            Stat::Return(values) => self.return_statement(first, values)?,
        }
        Ok(())
    }

    fn local(&mut self, first: TokenIndex, binding: Binding, names: &[Symbol], values: &[ExprId]) -> Result<()> {
        for (index, &name) in names.iter().enumerate() {
            self.at(first + 1 + 2 * index as TokenIndex);
            self.declare_bound(name, binding)?;
        }
        let last = self.expr_list(values)?;
        self.adjust(names.len(), values.len(), last)?;
        self.activate();
        Ok(())
    }

    fn local_function(
        &mut self,
        first: TokenIndex,
        binding: Binding,
        name: Symbol,
        function: FunctionId,
    ) -> Result<()> {
        self.at(first + 2);
        self.declare_bound(name, binding)?;
        let register = self.function.reserve(1)?;
        // The function may call itself by its name, but only behind the store does the variable hold it.
        self.activate();
        let mut closure = self.closure(function)?;
        self.function.put_in(&mut closure, register)?;
        self.function.start_last_local_here();
        Ok(())
    }

    /// `function a.b.c:d() … end`
    fn function_statement(&mut self, first: TokenIndex, target: ExprId, function: FunctionId) -> Result<()> {
        let target_id = target;
        let target = self.suffixed(target_id)?;
        self.check_not_constant(target_id, &target)?;
        let mut closure = self.closure(function)?;
        self.store(&target, &mut closure)?;
        self.function.set_last_line(first);
        Ok(())
    }

    /// Compiles a condition. Gives the jumps that are taken when it is false.
    pub(super) fn condition(&mut self, id: ExprId) -> Result<JumpList> {
        let mut condition = self.expr(id)?;
        self.branch(&mut condition)
    }

    /// Emits the jumps that are taken when a condition is false.
    pub(super) fn branch(&mut self, condition: &mut Operand) -> Result<JumpList> {
        if condition.kind == Kind::Nil {
            condition.kind = Kind::False;
        }
        self.function.jump_if_false(condition)?;
        Ok(condition.if_false)
    }

    fn if_statement(
        &mut self,
        (first, last): (TokenIndex, TokenIndex),
        arms: &[Arm],
        otherwise: Option<&Block>,
    ) -> Result<()> {
        let mut escapes = JumpList::EMPTY;
        self.at(first);
        for (index, arm) in arms.iter().enumerate() {
            let mut if_false = self.condition(arm.condition)?;
            self.at(self.ast.last_token(arm.condition) + 1);
            self.block(&arm.block, arm.end)?;
            self.at(arm.end - 1);
            let f = &mut self.function;
            if index + 1 < arms.len() || otherwise.is_some() {
                let mut escape = f.jump();
                f.append(&mut escape, escapes);
                escapes = escape;
                f.patch_here(if_false);
            } else {
                f.append(&mut if_false, escapes);
                escapes = if_false;
            }
            self.at(arm.end);
        }
        if let Some(block) = otherwise {
            self.block(block, last)?;
        }
        self.function.patch_here(escapes);
        self.at(last);
        Ok(())
    }

    fn return_statement(&mut self, first: TokenIndex, values: &[ExprId]) -> Result<()> {
        self.at(first);
        let mut last = self.expr_list(values)?;
        let tail_call = match (&last.kind, values) {
            (Kind::Multiple(at, base), [only]) if !matches!(self.ast[*only], Expr::Vararg) => Some((*at, *base)),
            _ => None,
        };
        if let Some((at, base)) = tail_call {
            return self.tail_call(at, base);
        }
        let first = self.function.active as u8;
        match (last.kind, values.len()) {
            (Kind::Void, _) => {
                self.close_before_return();
                self.function.emit_d(Op::RETURN0, 0, 0);
            }
            (Kind::Multiple(at, base), _) => {
                self.function.set_b(at, 0);
                self.close_before_return();
                self.function.emit_d(Op::RETURNM, first, u16::from(base - first));
            }
            (_, 1) => {
                let register = self.function.put_in_any(&mut last)?;
                self.close_before_return();
                self.function.emit_d(Op::RETURN1, register, 0);
            }
            (_, count) => {
                self.function.put_in_next(&mut last)?;
                self.close_before_return();
                self.function.emit_d(Op::RETURN, first, count as u16 + 1);
            }
        }
        Ok(())
    }

    /// Makes the call at `at` a tail call.
    fn tail_call(&mut self, at: usize, base: u8) -> Result<()> {
        let f = &mut self.function;
        let call = f.ins(at);
        let arguments = call.c() as u16;
        let op = match call.op() {
            Op::CALLM => Op::TAILCALLM,
            _ => Op::TAILCALL,
        };
        f.truncate(at);
        self.close_before_return();
        self.function.emit_d(op, base, arguments);
        Ok(())
    }
}
