//! Expressions: each kind of node of the tree, to an [`Operand`].

use super::jumps::JumpList;
use super::operand::{Key, Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Expr, ExprId, FunctionId};
use crate::bytecode::{Ins, Op};
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
            Expr::Conditional(..) => return self.conditional(id),
            Expr::Safe(_) => unreachable!("the grammar puts a suffix behind it"),
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
    ///
    /// What is behind a `?.` is skipped when the object before it is nil, and the result is nil then. As in LuaJIT, a plain
    /// indexing at the very end is not skipped: `a?.b.c` reads `c` of nil.
    pub(super) fn suffixed(&mut self, id: ExprId) -> Result<Operand> {
        let (start, suffixes) = self.suffixes(id);
        let mut operand = self.prefix(start)?;
        let mut if_nil = JumpList::EMPTY;
        for (index, &suffix) in suffixes.iter().enumerate() {
            if index + 1 == suffixes.len() && !if_nil.is_empty() {
                let (object, token) = match self.ast[suffix] {
                    Expr::Field(object, _) => (Some(object), self.ast.last_token(object) + 1),
                    Expr::Index(object, _) => (Some(object), self.ast.last_token(object)),
                    _ => (None, 0),
                };
                if object.is_some_and(|object| !matches!(self.ast[object], Expr::Safe(_))) {
                    self.at(token);
                    operand = self.nil_if_skipped(operand, if_nil)?;
                    if_nil = JumpList::EMPTY;
                }
            }
            operand = self.suffix(operand, suffix, &mut if_nil)?;
        }
        self.nil_if_skipped(operand, if_nil)
    }

    /// The same where the statement has nothing to do if one of the objects is nil. Gives the jumps for that case too.
    pub(super) fn suffixed_or_skip(&mut self, id: ExprId) -> Result<(Operand, JumpList)> {
        let (start, suffixes) = self.suffixes(id);
        let mut operand = self.prefix(start)?;
        let mut if_nil = JumpList::EMPTY;
        for suffix in suffixes {
            operand = self.suffix(operand, suffix, &mut if_nil)?;
        }
        Ok((operand, if_nil))
    }

    /// The first part of a suffixed expression, and its suffixes from left to right.
    pub(super) fn suffixes(&self, id: ExprId) -> (ExprId, Vec<ExprId>) {
        let mut suffixes = Vec::new();
        let mut start = id;
        while let Expr::Field(inner, _)
        | Expr::Index(inner, _)
        | Expr::Call(inner, _)
        | Expr::MethodCall(inner, ..)
        | Expr::Safe(inner) = self.ast[start]
        {
            suffixes.push(start);
            start = inner;
        }
        suffixes.reverse();
        (start, suffixes)
    }

    /// Brings the jumps of `?.` together with the value that there is otherwise.
    fn nil_if_skipped(&mut self, mut operand: Operand, if_nil: JumpList) -> Result<Operand> {
        if if_nil.is_empty() {
            return Ok(operand);
        }
        let f = &mut self.function;
        let register = f.put_in_next(&mut operand)?;
        let to_end = f.jump();
        f.patch_here(if_nil);
        f.emit_nil(register, 1);
        f.patch_here(to_end);
        Ok(Kind::Register(register).into())
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

    fn suffix(&mut self, mut operand: Operand, id: ExprId, if_nil: &mut JumpList) -> Result<Operand> {
        let ast = self.ast;
        match &ast[id] {
            Expr::Safe(_) => {
                let f = &mut self.function;
                let object = f.put_in_any(&mut operand)?;
                let mut jump = JumpList::of(f.emit_jump(Ins::ad(Op::EQRP, object, 0)));
                f.append(&mut jump, *if_nil);
                *if_nil = jump;
                self.at(ast.last_token(id));
                Ok(operand)
            }
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
