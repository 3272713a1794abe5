//! Constant expressions: array lengths, enumerators, bit-field widths, and macros as values.
//!
//! More is constant here than in C: floating numbers and strings too, so that a macro that is `3.14159` or `"1.3.1"` has
//! a value, and addresses made of numbers, because headers compute offsets as `(size_t)&((struct s *)0)->member`.
//!
//! A chain of binary operators, which the parser makes as deep on the left as it is long, is folded in a loop; all other
//! nesting is counted and limited.

use super::{Declarer, INVALID_VALUE};
use crate::{
    c::{
        ast::{Designator, Expr, ExprId, Measure, UnaryOp},
        error::{Result, fault},
        int::{BinaryOp, Int},
        literal::{self, FloatSuffix, Number},
        name::Name,
        scope::Entity,
        source::Loc,
        tokens::Param,
    },
    ctype::{CTypeId, Constant, Float, Kind, Length, Value},
};

const MAX_DEPTH: usize = 256;

impl Declarer<'_> {
    /// The value of a constant expression.
    pub fn constant(&mut self, id: ExprId) -> Result<Constant> {
        self.deeper(id, |this| this.evaluate(id))
    }

    /// Does something one level deeper in an expression.
    pub(super) fn deeper<T>(&mut self, id: ExprId, step: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return fault(self.ast.loc(id), "expression has too many levels");
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    fn evaluate(&mut self, id: ExprId) -> Result<Constant> {
        let loc = self.ast.loc(id);
        let ast = self.ast;
        match ast.expr(id) {
            Expr::Name(name) => match self.scope.get(*name) {
                Some(Entity::Constant(constant)) => Ok(constant),
                Some(_) => fault(loc, format!("'{}' is not a constant", self.names.text(*name))),
                None => fault(loc, format!("unexpected symbol near '{}'", self.names.text(*name))),
            },
            Expr::Number(name) => self.number(*name, loc),
            Expr::Char(name) => match literal::character(self.names.spelling(*name)) {
                Some(int) => Ok(of_int(int)),
                None => fault(loc, format!("malformed character near '{}'", self.names.text(*name))),
            },
            Expr::Strings(pieces) => {
                let bytes = self.string(pieces, loc)?;
                let length = Length::Known(bytes.len() as u64 + 1);
                let ctype = self.types.array_of(CTypeId::INT8, length).expect("a literal is short enough");
                Ok(Constant { ctype, value: Value::String(self.names.intern(bytes)) })
            }
            Expr::Given(number) => match self.params[*number as usize] {
                Param::Constant(constant) => Ok(constant),
                _ => fault(loc, INVALID_VALUE),
            },
            Expr::Unary(UnaryOp::AddressOf, operand) => {
                let (address, ctype) = self.place(*operand)?;
                Ok(Constant { ctype: self.types.pointer_to(ctype), value: Value::Int(address) })
            }
            Expr::Unary(UnaryOp::Deref, _) | Expr::Index(..) | Expr::Field(..) | Expr::Arrow(..) => {
                let (address, ctype) = self.place(id)?;
                match self.types.kind(ctype) {
                    // An array that is used is a pointer to its first element; anything else would have to be read.
                    Kind::Array { of, .. } => {
                        Ok(Constant { ctype: self.types.pointer_to(of), value: Value::Int(address) })
                    }
                    _ => self.not_constant(loc),
                }
            }
            Expr::Unary(op, operand) => {
                let operand = self.constant(*operand)?;
                self.unary(*op, operand, loc)
            }
            Expr::Binary(..) => self.chain(id),
            Expr::Comma(_, last) => self.constant(*last),
            Expr::Conditional(condition, yes, no) => {
                let value = self.constant(*condition)?;
                let chosen = match (self.is_true(value, loc)?, yes) {
                    (true, None) => return Ok(value),
                    (true, Some(yes)) => *yes,
                    (false, _) => *no,
                };
                let value = self.constant(chosen)?;
                match self.type_of(id) {
                    Ok(ctype) if self.types.is_arithmetic(ctype) => self.converted(value, ctype, loc),
                    _ => Ok(value),
                }
            }
            Expr::Cast(name, operand) => {
                let ctype = self.type_name(name)?;
                let value = self.constant(*operand)?;
                self.converted(value, ctype, loc)
            }
            Expr::SizeofType(measure, name) => {
                let ctype = self.type_name(name)?;
                self.measured(*measure, ctype, loc)
            }
            Expr::SizeofExpr(measure, operand) => {
                let ctype = self.type_of(*operand)?;
                self.measured(*measure, ctype, loc)
            }
            Expr::Offsetof(name, designators) => {
                let ctype = self.type_name(name)?;
                let (offset, _) = self.designated(ctype, designators, loc)?;
                Ok(Constant { ctype: CTypeId::UINT64, value: Value::Int(offset) })
            }
            Expr::TypesCompatible(a, b) => {
                let (a, b) = (self.type_name(a)?, self.type_name(b)?);
                Ok(of_int(Int::truth(self.types.bare(a) == self.types.bare(b))))
            }
            Expr::Generic(..) => {
                let chosen = self.generic_choice(id)?;
                self.constant(chosen)
            }
            Expr::Call(callee, arguments) => self.builtin_call(*callee, arguments, loc),
            Expr::Compound(_) => self.not_constant(loc),
        }
    }

    fn not_constant<T>(&self, loc: Loc) -> Result<T> {
        fault(loc, "expression is not a constant")
    }

    fn number(&self, name: Name, loc: Loc) -> Result<Constant> {
        match literal::number(self.names.spelling(name)) {
            Some(Number::Int(int)) => Ok(of_int(int)),
            Some(Number::Float(value, suffix)) => {
                let ctype = match suffix {
                    FloatSuffix::Float => CTypeId::FLOAT,
                    FloatSuffix::Double => CTypeId::DOUBLE,
                    FloatSuffix::LongDouble => CTypeId::LONG_DOUBLE,
                };
                Ok(Constant { ctype, value: Value::Float(value) })
            }
            None => fault(loc, format!("malformed number near '{}'", self.names.text(name))),
        }
    }

    fn measured(&self, measure: Measure, ctype: CTypeId, loc: Loc) -> Result<Constant> {
        let size = match (measure, self.types.kind(ctype)) {
            (Measure::Alignment, _) => Some(self.types.align_of(ctype)),
            (_, Kind::Void | Kind::Function(_)) => Some(1), // GNU
            _ if self.types.is_variable(ctype) => None,
            _ => self.types.size_of(ctype),
        };
        match size {
            Some(size) => Ok(Constant { ctype: CTypeId::UINT64, value: Value::Int(size) }),
            None => fault(loc, super::NO_SIZE),
        }
    }

    // ------------------------------------------------------------------------------------------- arithmetic

    /// A constant as an integer of its promoted type, if it is one.
    pub(super) fn as_int(&self, constant: Constant) -> Option<Int> {
        let Value::Int(bits) = constant.value else { return None };
        Some(match self.types.kind(self.types.underlying(constant.ctype)) {
            Kind::Int { bytes: bytes @ 4.., unsigned } => Int::new(bits, bytes > 4, unsigned),
            Kind::Bool | Kind::Int { .. } => Int::new(bits, false, false),
            _ => Int::new(bits, true, true),
        })
    }

    fn as_float(&self, constant: Constant) -> Option<f64> {
        match constant.value {
            Value::Float(value) => Some(value),
            Value::Int(_) => self.as_int(constant).map(|int| int.value() as f64),
            Value::String(_) => None,
        }
    }

    fn is_true(&self, constant: Constant, loc: Loc) -> Result<bool> {
        match constant.value {
            Value::Int(bits) => Ok(bits != 0),
            Value::Float(value) => Ok(value != 0.0),
            Value::String(_) => fault(loc, INVALID_VALUE),
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: Constant, loc: Loc) -> Result<Constant> {
        if op == UnaryOp::Not {
            return Ok(of_int(Int::truth(!self.is_true(operand, loc)?)));
        }
        match (op, operand.value, self.as_int(operand)) {
            (UnaryOp::Plus, Value::Float(_), _) => Ok(operand),
            (UnaryOp::Neg, Value::Float(value), _) => Ok(Constant { value: Value::Float(-value), ..operand }),
            (UnaryOp::Plus, _, Some(int)) => Ok(of_int(int)),
            (UnaryOp::Neg, _, Some(int)) => Ok(of_int(int.negated())),
            (UnaryOp::Complement, _, Some(int)) => Ok(of_int(int.complemented())),
            _ => fault(loc, INVALID_VALUE),
        }
    }

    /// A chain of binary operators: its left side is a loop, not a recursion.
    fn chain(&mut self, id: ExprId) -> Result<Constant> {
        let ast = self.ast;
        let mut links = Vec::new();
        let mut leftmost = id;
        while let Expr::Binary(op, left, right) = ast.expr(leftmost) {
            links.push((*op, *right, ast.loc(leftmost)));
            leftmost = *left;
        }
        let mut value = self.constant(leftmost)?;
        for (op, right, loc) in links.into_iter().rev() {
            value = match op {
                BinaryOp::AndAnd | BinaryOp::OrOr => {
                    let decided = self.is_true(value, loc)? == (op == BinaryOp::OrOr);
                    let truth = if decided {
                        op == BinaryOp::OrOr
                    } else {
                        let right = self.constant(right)?;
                        self.is_true(right, loc)?
                    };
                    of_int(Int::truth(truth))
                }
                _ => {
                    let right = self.constant(right)?;
                    self.binary(op, value, right, loc)?
                }
            };
        }
        Ok(value)
    }

    fn binary(&mut self, op: BinaryOp, a: Constant, b: Constant, loc: Loc) -> Result<Constant> {
        if matches!(a.value, Value::Float(_)) || matches!(b.value, Value::Float(_)) {
            return self.float_binary(op, a, b, loc);
        }
        let (Some(x), Some(y)) = (self.as_int(a), self.as_int(b)) else { return fault(loc, INVALID_VALUE) };
        let pointed = |this: &Self, constant: Constant| match this.types.kind(constant.ctype) {
            Kind::Pointer(to) => Some(this.types.size_of(to).unwrap_or(1).max(1)),
            _ => None,
        };
        match (op, pointed(self, a), pointed(self, b)) {
            (BinaryOp::Add, Some(size), None) => Ok(moved(a, y.bits().wrapping_mul(size))),
            (BinaryOp::Add, None, Some(size)) => Ok(moved(b, x.bits().wrapping_mul(size))),
            (BinaryOp::Sub, Some(size), None) => Ok(moved(a, y.bits().wrapping_mul(size).wrapping_neg())),
            (BinaryOp::Sub, Some(size), Some(_)) => {
                let distance = x.bits().wrapping_sub(y.bits()) as i64 / size as i64;
                Ok(of_int(Int::new(distance as u64, true, false)))
            }
            _ => match Int::binary(op, x, y) {
                Ok(int) => Ok(of_int(int)),
                Err(_) => fault(loc, INVALID_VALUE),
            },
        }
    }

    fn float_binary(&mut self, op: BinaryOp, a: Constant, b: Constant, loc: Loc) -> Result<Constant> {
        let (Some(x), Some(y)) = (self.as_float(a), self.as_float(b)) else { return fault(loc, INVALID_VALUE) };
        let truth = |value| Ok(of_int(Int::truth(value)));
        let value = match op {
            BinaryOp::Add => x + y,
            BinaryOp::Sub => x - y,
            BinaryOp::Mul => x * y,
            BinaryOp::Div => x / y,
            BinaryOp::Eq => return truth(x == y),
            BinaryOp::Ne => return truth(x != y),
            BinaryOp::Lt => return truth(x < y),
            BinaryOp::Gt => return truth(x > y),
            BinaryOp::Le => return truth(x <= y),
            BinaryOp::Ge => return truth(x >= y),
            _ => return fault(loc, INVALID_VALUE),
        };
        let ctype = self.types.common_arithmetic(a.ctype, b.ctype).unwrap_or(CTypeId::DOUBLE);
        self.converted(Constant { ctype, value: Value::Float(value) }, ctype, loc)
    }

    /// A constant converted as by a cast.
    pub(super) fn converted(&mut self, constant: Constant, ctype: CTypeId, loc: Loc) -> Result<Constant> {
        let ctype = self.types.unqualified(ctype);
        let value = match (self.types.kind(self.types.underlying(ctype)), constant.value) {
            (Kind::Bool, Value::Int(_) | Value::Float(_)) => Value::Int(self.is_true(constant, loc)?.into()),
            (Kind::Int { bytes, unsigned }, Value::Int(bits)) => Value::Int(cut(bits, bytes, unsigned)),
            (Kind::Int { bytes, unsigned }, Value::Float(value)) => {
                let bits = if value < 0.0 { value as i64 as u64 } else { value as u64 };
                Value::Int(cut(bits, bytes, unsigned))
            }
            (Kind::Float(float), _) => {
                let Some(value) = self.as_float(constant) else { return fault(loc, INVALID_VALUE) };
                Value::Float(if float == Float::Single { f64::from(value as f32) } else { value })
            }
            (Kind::Pointer(_), Value::Int(bits)) => Value::Int(bits),
            (Kind::Pointer(_) | Kind::Array { .. }, Value::String(_)) => return Ok(constant),
            _ => return fault(loc, INVALID_VALUE),
        };
        Ok(Constant { ctype, value })
    }

    // ------------------------------------------------------------------------------------------- addresses

    /// The address and the type of an object whose address is a constant.
    fn place(&mut self, id: ExprId) -> Result<(u64, CTypeId)> {
        self.deeper(id, |this| this.place_at(id))
    }

    fn place_at(&mut self, id: ExprId) -> Result<(u64, CTypeId)> {
        let (ast, loc) = (self.ast, self.ast.loc(id));
        match ast.expr(id) {
            Expr::Unary(UnaryOp::Deref, pointer) => self.pointee(*pointer),
            Expr::Arrow(pointer, member) => {
                let (address, ctype) = self.pointee(*pointer)?;
                let (offset, ctype) = self.designated(ctype, &[Designator::Field(*member)], loc)?;
                Ok((address.wrapping_add(offset), ctype))
            }
            Expr::Field(record, member) => {
                let (address, ctype) = self.place(*record)?;
                let (offset, ctype) = self.designated(ctype, &[Designator::Field(*member)], loc)?;
                Ok((address.wrapping_add(offset), ctype))
            }
            Expr::Index(array, index) => {
                let (address, ctype) = self.pointee(*array)?;
                let index = self.count(*index)?;
                let size = self.types.size_of(ctype).unwrap_or(1);
                Ok((address.wrapping_add((index as u64).wrapping_mul(size)), ctype))
            }
            _ => self.not_constant(loc),
        }
    }

    /// What a constant pointer, or an array at a constant address, points to.
    fn pointee(&mut self, id: ExprId) -> Result<(u64, CTypeId)> {
        let pointer = self.constant(id)?;
        match (self.types.kind(pointer.ctype), pointer.value) {
            (Kind::Pointer(to), Value::Int(address)) => Ok((address, to)),
            _ => self.not_constant(self.ast.loc(id)),
        }
    }

    /// The offset and the type of what `.a[1].b` designates.
    fn designated(&mut self, ctype: CTypeId, designators: &[Designator], loc: Loc) -> Result<(u64, CTypeId)> {
        let (mut offset, mut ctype) = (0u64, ctype);
        for designator in designators {
            match *designator {
                Designator::Field(name) => match self.types.record_body(ctype).and_then(|body| body.member(name)) {
                    Some(member) if member.bits.is_none() => {
                        offset = offset.wrapping_add(member.offset);
                        ctype = member.ctype;
                    }
                    _ => {
                        let (ctype, name) = (self.types.print(ctype, self.names), self.names.text(name));
                        return fault(loc, format!("'{ctype}' has no member named '{name}'"));
                    }
                },
                Designator::Index(index) => {
                    let Some(element) = self.types.target(ctype) else { return fault(loc, INVALID_VALUE) };
                    let index = self.count(index)? as u64;
                    offset = offset.wrapping_add(index.wrapping_mul(self.types.size_of(element).unwrap_or(0)));
                    ctype = element;
                }
            }
        }
        Ok((offset, ctype))
    }

    // -------------------------------------------------------------------------------------------- builtins

    /// The functions of GCC that are constants when their arguments are.
    fn builtin_call(&mut self, callee: ExprId, arguments: &[ExprId], loc: Loc) -> Result<Constant> {
        let Expr::Name(name) = self.ast.expr(callee) else { return self.not_constant(loc) };
        let float = |ctype, value| Ok(Constant { ctype, value: Value::Float(value) });
        match (self.names.spelling(*name), arguments) {
            (b"__builtin_constant_p", [argument]) => {
                let is_constant = self.constant(*argument).is_ok();
                Ok(of_int(Int::truth(is_constant)))
            }
            (b"__builtin_expect", [value, _]) => self.constant(*value),
            (b"__builtin_choose_expr", [condition, yes, no]) => {
                let condition = self.constant(*condition)?;
                let chosen = if self.is_true(condition, loc)? { yes } else { no };
                self.constant(*chosen)
            }
            (b"__builtin_bswap16", [value]) => {
                let swapped = (self.count(*value)? as u16).swap_bytes();
                Ok(Constant { ctype: CTypeId::UINT16, value: Value::Int(swapped.into()) })
            }
            (b"__builtin_bswap32", [value]) => {
                let swapped = (self.count(*value)? as u32).swap_bytes();
                Ok(of_int(Int::new(swapped.into(), false, true)))
            }
            (b"__builtin_bswap64", [value]) => {
                let swapped = (self.count(*value)? as u64).swap_bytes();
                Ok(of_int(Int::new(swapped, true, true)))
            }
            (b"__builtin_huge_val" | b"__builtin_inf", []) => float(CTypeId::DOUBLE, f64::INFINITY),
            (b"__builtin_huge_valf" | b"__builtin_inff", []) => float(CTypeId::FLOAT, f64::INFINITY),
            (b"__builtin_huge_vall" | b"__builtin_infl", []) => float(CTypeId::LONG_DOUBLE, f64::INFINITY),
            (b"__builtin_nan", [_]) => float(CTypeId::DOUBLE, f64::NAN),
            (b"__builtin_nanf", [_]) => float(CTypeId::FLOAT, f64::NAN),
            (b"__builtin_nanl", [_]) => float(CTypeId::LONG_DOUBLE, f64::NAN),
            _ if self.scope.is_declared(*name) => fault(loc, format!("'{}' is not a constant", self.names.text(*name))),
            _ => fault(loc, format!("unexpected symbol near '{}'", self.names.text(*name))),
        }
    }
}

/// The constant of an integer.
fn of_int(int: Int) -> Constant {
    let ctype = match (int.is_wide(), int.is_unsigned()) {
        (false, false) => CTypeId::INT32,
        (false, true) => CTypeId::UINT32,
        (true, false) => CTypeId::INT64,
        (true, true) => CTypeId::UINT64,
    };
    Constant { ctype, value: Value::Int(int.bits()) }
}

/// A pointer so many bytes on.
fn moved(pointer: Constant, by: u64) -> Constant {
    match pointer.value {
        Value::Int(address) => Constant { value: Value::Int(address.wrapping_add(by)), ..pointer },
        _ => pointer,
    }
}

/// The bits of an integer cut to its type, and extended to 64 again.
fn cut(bits: u64, bytes: u8, unsigned: bool) -> u64 {
    let unused = 64 - 8 * u32::from(bytes.min(8));
    if unsigned { bits << unused >> unused } else { ((bits << unused) as i64 >> unused) as u64 }
}
