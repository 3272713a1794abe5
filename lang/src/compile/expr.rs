//! Expressions: each kind of node of the tree, to an [`Operand`].

use super::operand::{Key, Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Expr, ExprId, FunctionId};
use crate::bytecode::Op;
use crate::number::Number;

impl Compiler<'_> {
    /// Compiles an expression that stands on its own: what the grammar calls Exp.
    pub(super) fn expr(&mut self, id: ExprId) -> Result<Operand> {
        self.nested(|this| this.operation(id))
    }

    /// Compiles an operand of an operator that is no operation itself; the cursor is left behind it.
    pub(super) fn simple(&mut self, id: ExprId) -> Result<Operand> {
        let ast = self.ast;
        let kind = match &ast[id] {
            Expr::Nil => Kind::Nil,
            Expr::True => Kind::True,
            Expr::False => Kind::False,
            Expr::Number(Number::Double(n)) => Kind::Number(*n),
            Expr::Number(number) => Kind::Boxed(*number),
            Expr::String(string) => Kind::String(*string),
            Expr::Vararg => return self.vararg(id),
            Expr::Function(function) => return self.closure(*function),
            Expr::Table(fields) => return self.table(id, fields),
            Expr::Name(_)
            | Expr::Paren(_)
            | Expr::Field(..)
            | Expr::Index(..)
            | Expr::Call(..)
            | Expr::MethodCall(..) => return self.suffixed(id),
            Expr::Binary(..) | Expr::Unary(..) => return self.operation(id),
        };
        self.at(ast.last_token(id));
        Ok(kind.into())
    }

    /// `...`
    fn vararg(&mut self, id: ExprId) -> Result<Operand> {
        let token = self.ast.last_token(id);
        let function = &self.ast[self.function.id];
        if !function.vararg {
            self.at(token.saturating_sub(1));
            return Err(self.function.complaint_near("cannot use '...' outside a vararg function"));
        }
        let params = function.params.len() as u8;
        let f = &mut self.function;
        let base = f.reserve(1)?;
        // A one-pass compiler emits it before it reads on.
        let at = f.emit_bc(Op::VARARG, base, 2, params);
        self.at(token);
        Ok(Kind::Multiple(at, base).into())
    }

    /// `function … end`
    pub(super) fn closure(&mut self, function: FunctionId) -> Result<Operand> {
        let child = self.child(function)?;
        Ok(Kind::Relocatable(self.function.emit_d(Op::CLOSURE, 0, child)).into())
    }

    /// A name or an expression in parentheses, and the indexings and calls behind it.
    pub(super) fn suffixed(&mut self, id: ExprId) -> Result<Operand> {
        // From the last suffix in to the first, then back out.
        let mut suffixes = Vec::new();
        let mut start = id;
        while let Expr::Field(inner, _) | Expr::Index(inner, _) | Expr::Call(inner, _) | Expr::MethodCall(inner, ..) =
            self.ast[start]
        {
            suffixes.push(start);
            start = inner;
        }
        let mut operand = self.prefix(start)?;
        for suffix in suffixes.into_iter().rev() {
            operand = self.suffix(operand, suffix)?;
        }
        Ok(operand)
    }

    fn prefix(&mut self, id: ExprId) -> Result<Operand> {
        let ast = self.ast;
        match ast[id] {
            Expr::Name(name) => {
                self.at(ast.last_token(id));
                Ok(self.resolve(name)?.into())
            }
            Expr::Paren(inner) => {
                let mut operand = self.expr(inner)?;
                self.at(ast.last_token(id));
                self.function.discharge(&mut operand)?;
                Ok(operand)
            }
            _ => unreachable!("the grammar begins a prefix expression with a name or a parenthesis"),
        }
    }

    fn suffix(&mut self, mut operand: Operand, id: ExprId) -> Result<Operand> {
        let ast = self.ast;
        match &ast[id] {
            Expr::Field(table, name) => {
                // LuaJIT reads on to the dot before it reads the table.
                self.at(ast.last_token(*table) + 1);
                let table = self.function.put_in_any(&mut operand)?;
                self.at(ast.last_token(id));
                Ok(Kind::Indexed(table, Key::Name(*name)).into())
            }
            Expr::Index(_, key) => {
                let table = self.function.put_in_any(&mut operand)?;
                let mut key = self.expr(*key)?;
                self.function.settle(&mut key)?;
                self.at(ast.last_token(id));
                let key = self.key(&mut key)?;
                Ok(Kind::Indexed(table, key).into())
            }
            Expr::Call(_, arguments) => self.call(operand, id, arguments),
            Expr::MethodCall(object, name, arguments) => self.method_call(operand, id, *object, *name, arguments),
            _ => unreachable!("these are the suffixes"),
        }
    }

    /// The best form of a key.
    pub(super) fn key(&mut self, key: &mut Operand) -> Result<Key> {
        Ok(match key.kind {
            Kind::String(name) if !key.has_jumps() => Key::Name(name),
            Kind::Number(n) if !key.has_jumps() && f64::from(n as u8) == n => Key::Small(n as u8),
            _ => Key::Register(self.function.put_in_any(key)?),
        })
    }

    /// Compiles a list of expressions and puts all but the last into registers. The last one is given back; the cursor is
    /// left behind it.
    pub(super) fn expr_list(&mut self, list: &[ExprId]) -> Result<Operand> {
        let Some((&last, others)) = list.split_last() else { return Ok(Operand::VOID) };
        for &id in others {
            let mut operand = self.expr(id)?;
            self.at(self.ast.last_token(id) + 1);
            self.function.put_in_next(&mut operand)?;
        }
        self.expr(last)
    }

    /// Adjusts `given` values, of which `last` is not in a register yet, to `wanted` ones in consecutive registers.
    pub(super) fn adjust(&mut self, wanted: usize, given: usize, mut last: Operand) -> Result<()> {
        let f = &mut self.function;
        if let Kind::Multiple(at, _) = last.kind {
            // It has one register already.
            let results = (wanted + 1).saturating_sub(given);
            f.set_b(at, (results + 1) as u8);
            f.reserve(results.saturating_sub(1))?;
        } else {
            if last.kind != Kind::Void {
                f.put_in_next(&mut last)?;
            }
            if let Some(missing) = wanted.checked_sub(given).filter(|&missing| missing > 0) {
                let first = f.reserve(missing)?;
                f.emit_nil(first, missing);
            }
        }
        if given > wanted {
            f.free -= given - wanted;
        }
        Ok(())
    }
}
