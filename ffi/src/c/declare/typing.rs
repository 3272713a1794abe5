//! The types of expressions, for `sizeof`, `typeof`, `_Generic` and `?:`.
//!
//! Nothing is evaluated here, so `sizeof(((struct s *)0)->member)` needs no object, and functions may be "called".

use super::{Declarer, INVALID_TYPE};
use crate::{
    c::{
        ast::{Expr, ExprId, UnaryOp},
        error::{Result, fault},
        int::BinaryOp,
        scope::Entity,
        source::Loc,
    },
    ctype::{CTypeId, CTypes, Float, Kind},
};

impl Declarer<'_> {
    /// The type of an expression, arrays and functions not yet turned into pointers.
    pub(super) fn type_of(&mut self, id: ExprId) -> Result<CTypeId> {
        self.deeper(id, |this| this.type_at(id))
    }

    fn type_at(&mut self, id: ExprId) -> Result<CTypeId> {
        let (ast, loc) = (self.ast, self.ast.loc(id));
        match ast.expr(id) {
            Expr::Name(name) => match self.scope.get(*name) {
                Some(Entity::Variable { ctype, .. } | Entity::Function { ctype, .. }) => Ok(ctype),
                Some(Entity::Constant(constant)) => Ok(constant.ctype),
                _ => fault(loc, format!("unexpected symbol near '{}'", self.names.text(*name))),
            },
            Expr::Number(_) | Expr::Char(_) | Expr::Strings(_) | Expr::Given(_) => Ok(self.constant(id)?.ctype),
            Expr::Unary(op, operand) => {
                let operand = self.type_of(*operand)?;
                match op {
                    UnaryOp::AddressOf => Ok(self.types.pointer_to(operand)),
                    UnaryOp::Deref => self.pointed_to(operand, loc),
                    UnaryOp::Not => Ok(CTypeId::INT32),
                    UnaryOp::Neg | UnaryOp::Plus | UnaryOp::Complement => Ok(self.types.promoted(operand)),
                }
            }
            Expr::Binary(..) => self.type_of_chain(id),
            Expr::Comma(_, last) => self.type_of(*last),
            Expr::Conditional(condition, yes, no) => {
                let yes = self.type_of(yes.unwrap_or(*condition))?;
                let no = self.type_of(*no)?;
                Ok(match self.types.common_arithmetic(yes, no) {
                    Some(common) => common,
                    None => self.conditional_pointer(yes, no),
                })
            }
            Expr::Cast(name, _) | Expr::Compound(name) => self.type_name(name),
            Expr::SizeofType(..) | Expr::SizeofExpr(..) | Expr::Offsetof(..) => Ok(CTypeId::UINT64),
            Expr::TypesCompatible(..) => Ok(CTypeId::INT32),
            Expr::Generic(..) => {
                let chosen = self.generic_choice(id)?;
                self.type_of(chosen)
            }
            Expr::Call(callee, _) => {
                let Ok(callee) = self.type_of(*callee) else { return Ok(self.constant(id)?.ctype) };
                let function = match self.types.kind(callee) {
                    Kind::Pointer(to) => to,
                    _ => callee,
                };
                match self.types.kind(function) {
                    Kind::Function(function) => Ok(self.types.function(function).result),
                    _ => fault(loc, INVALID_TYPE),
                }
            }
            Expr::Index(array, _) => {
                let array = self.type_of(*array)?;
                self.pointed_to(array, loc)
            }
            Expr::Field(record, name) => {
                let record = self.type_of(*record)?;
                self.type_of_member(record, *name, loc)
            }
            Expr::Arrow(pointer, name) => {
                let pointer = self.type_of(*pointer)?;
                let record = self.pointed_to(pointer, loc)?;
                self.type_of_member(record, *name, loc)
            }
        }
    }

    fn type_of_member(&mut self, record: CTypeId, name: crate::c::name::Name, loc: Loc) -> Result<CTypeId> {
        match self.types.record_body(record).and_then(|body| body.member(name)) {
            Some(member) => Ok(member.ctype),
            None => {
                let (ctype, name) = (self.types.print(record, self.names), self.names.text(name));
                fault(loc, format!("'{ctype}' has no member named '{name}'"))
            }
        }
    }

    fn pointed_to(&self, ctype: CTypeId, loc: Loc) -> Result<CTypeId> {
        match self.types.kind(ctype) {
            Kind::Pointer(to) | Kind::Array { of: to, .. } => Ok(to),
            Kind::Function(_) => Ok(ctype),
            _ => fault(loc, INVALID_TYPE),
        }
    }

    /// Like the evaluation of a chain: its left side is a loop.
    fn type_of_chain(&mut self, id: ExprId) -> Result<CTypeId> {
        let ast = self.ast;
        let mut links = Vec::new();
        let mut leftmost = id;
        while let Expr::Binary(op, left, right) = ast.expr(leftmost) {
            links.push((*op, *right, ast.loc(leftmost)));
            leftmost = *left;
        }
        let mut left = self.type_of(leftmost)?;
        for (op, right, loc) in links.into_iter().rev() {
            let right = self.type_of(right)?;
            left = self.type_of_binary(op, left, right, loc)?;
        }
        Ok(left)
    }

    fn type_of_binary(&mut self, op: BinaryOp, a: CTypeId, b: CTypeId, loc: Loc) -> Result<CTypeId> {
        use BinaryOp::*;
        let (a, b) = (self.decayed(a), self.decayed(b));
        let is_pointer = |this: &Self, ctype| matches!(this.types.kind(ctype), Kind::Pointer(_));
        match op {
            OrOr | AndAnd | Eq | Ne | Lt | Gt | Le | Ge => Ok(CTypeId::INT32),
            Shl | Shr => Ok(self.types.promoted(a)),
            Sub if is_pointer(self, a) && is_pointer(self, b) => Ok(CTypeId::INT64),
            Add | Sub if is_pointer(self, a) => Ok(a),
            Add if is_pointer(self, b) => Ok(b),
            _ => match self.types.common_arithmetic(a, b) {
                Some(common) => Ok(common),
                None => fault(loc, INVALID_TYPE),
            },
        }
    }

    fn decayed(&mut self, ctype: CTypeId) -> CTypeId {
        match self.types.kind(ctype) {
            Kind::Array { of, .. } => self.types.pointer_to(of),
            Kind::Function(_) => self.types.pointer_to(ctype),
            _ => ctype,
        }
    }

    /// The type of `c ? p : q` when it is not arithmetic: the pointer that is not a null pointer constant's.
    fn conditional_pointer(&mut self, yes: CTypeId, no: CTypeId) -> CTypeId {
        let (yes, no) = (self.decayed(yes), self.decayed(no));
        if self.types.bare(yes) == CTypeId::POINTER_TO_VOID || self.types.is_arithmetic(yes) { no } else { yes }
    }

    /// The expression that a `_Generic` chooses.
    pub(super) fn generic_choice(&mut self, id: ExprId) -> Result<ExprId> {
        let (ast, loc) = (self.ast, self.ast.loc(id));
        let Expr::Generic(controlling, associations) = ast.expr(id) else { return fault(loc, INVALID_TYPE) };
        let controlling = self.type_of(*controlling)?;
        let controlling = self.decayed(controlling);
        let wanted = self.types.bare(controlling);
        let mut default = None;
        for (name, expr) in associations {
            match name {
                Some(name) => {
                    let ctype = self.type_name(name)?;
                    if self.types.bare(ctype) == wanted {
                        return Ok(*expr);
                    }
                }
                None => default = Some(*expr),
            }
        }
        match default {
            Some(expr) => Ok(expr),
            None => fault(loc, INVALID_TYPE),
        }
    }
}

impl CTypes {
    /// Whether the type is an integer, an enumeration or a floating type.
    pub fn is_arithmetic(&self, id: CTypeId) -> bool {
        matches!(self.kind(id), Kind::Bool | Kind::Int { .. } | Kind::Enum(_) | Kind::Float(_) | Kind::Complex(_))
    }

    /// The type after the integer promotions; pointers and floating types stay what they are.
    pub fn promoted(&self, id: CTypeId) -> CTypeId {
        match self.kind(self.underlying(id)) {
            Kind::Bool | Kind::Int { bytes: ..=2, .. } => CTypeId::INT32,
            _ => self.bare(self.underlying(id)),
        }
    }

    /// The type after the usual arithmetic conversions (C17 6.3.1.8), if both are arithmetic.
    pub fn common_arithmetic(&self, a: CTypeId, b: CTypeId) -> Option<CTypeId> {
        if !self.is_arithmetic(a) || !self.is_arithmetic(b) {
            return None;
        }
        let (a, b) = (self.promoted(a), self.promoted(b));
        let float_rank = |ctype| match self.kind(ctype) {
            Kind::Complex(float) => Some((float.max(Float::Single), true)),
            Kind::Float(float) => Some((float.max(Float::Single), false)),
            _ => None,
        };
        let int_rank = |ctype| match self.kind(ctype) {
            Kind::Int { bytes, unsigned } => (bytes, unsigned),
            _ => (0, false),
        };
        Some(match (float_rank(a), float_rank(b)) {
            (None, None) => {
                if int_rank(a) >= int_rank(b) {
                    a
                } else {
                    b
                }
            }
            (Some(_), None) => a,
            (None, Some(_)) => b,
            (Some(x), Some(y)) => {
                if (x.0, x.1) >= (y.0, y.1) {
                    a
                } else {
                    b
                }
            }
        })
    }
}
