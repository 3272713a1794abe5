//! Calls. A callee at R[b] has its arguments from R[b+2] on; R[b+1] is for the link to the caller's frame.

use super::operand::{Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Expr, ExprId};
use crate::bytecode::Op;
use crate::symbols::Symbol;

impl Compiler<'_> {
    /// `callee(arguments)`
    pub(super) fn call(&mut self, mut callee: Operand, id: ExprId, arguments: &[ExprId]) -> Result<Operand> {
        let f = &mut self.function;
        let base = f.put_in_next(&mut callee)?;
        f.reserve(1)?;
        let Expr::Call(callee, _) = self.ast[id] else { unreachable!("it is a call") };
        self.arguments(base, id, self.ast.last_token(callee) + 1, arguments)
    }

    /// `object:name(arguments)`
    pub(super) fn method_call(
        &mut self,
        mut object: Operand,
        id: ExprId,
        object_id: ExprId,
        name: Symbol,
        arguments: &[ExprId],
    ) -> Result<Operand> {
        let name_token = self.ast.last_token(object_id) + 2;
        self.at(name_token);
        let f = &mut self.function;
        let register = f.put_in_any(&mut object)?;
        f.free_operand(&object);
        let base = f.reserve(3)?;
        f.emit_keyed(Op::GETMETHOD, base, register, name)?;
        self.arguments(base, id, name_token + 1, arguments)
    }

    /// Compiles the arguments behind what is in registers already, and the call. `open` is the first token behind the callee:
    /// a parenthesis, or the one argument itself.
    fn arguments(&mut self, base: u8, id: ExprId, open: u32, arguments: &[ExprId]) -> Result<Operand> {
        let last_token = self.ast.last_token(id);
        let mut last = match arguments {
            // Without parentheses there is no expression between, so it is no level of its own.
            [only] if self.ast.last_token(*only) == last_token => self.simple(*only)?,
            _ => self.expr_list(arguments)?,
        };
        self.at(last_token);
        let f = &mut self.function;
        let first = base + 2;
        let at = if let Kind::Multiple(at, _) = last.kind {
            f.set_b(at, 0);
            f.free -= 1;
            let fixed = f.free as u8 - first;
            f.emit_bc(Op::CALLM, base, 2, fixed)
        } else {
            if last.kind != Kind::Void {
                f.put_in_next(&mut last)?;
            }
            let count = f.free as u8 - first;
            f.emit_bc(Op::CALL, base, 2, count + 1)
        };
        f.set_line(at, open);
        f.free = usize::from(base) + 1;
        Ok(Kind::Multiple(at, base).into())
    }
}
