//! Operators: arithmetic, concatenation, comparison, and the logic that is jumps.
//!
//! The left operand of a binary operator is settled as far as its operator needs before the right one is compiled: `and` and
//! `or` test it, `..` puts it where the concatenation reads it, the others put it into some register unless it is a constant. A
//! local variable stays where it is, so `x + f()` adds what `f` has left in `x`.

use super::fold::{fold_binary, fold_bit_not, fold_negation};
use super::jumps::JumpList;
use super::operand::{Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Expr, ExprId};
use crate::bytecode::{Ins, Op};
use crate::number::Number;
use crate::operators::{BinaryOp, UnaryOp};

impl Compiler<'_> {
    /// Compiles an expression with operators, or an operand.
    pub(super) fn operation(&mut self, id: ExprId) -> Result<Operand> {
        // Down along the left operands, whose number has no limit, and back up.
        let mut pending = Vec::new();
        let mut leftmost = id;
        while let Expr::Binary(op, left, right) = self.ast[leftmost] {
            pending.push((op, left, right));
            leftmost = left;
        }
        let mut operand = match self.ast[leftmost] {
            Expr::Unary(op, inner) => {
                let inner = self.nested(|this| this.operation(inner))?;
                self.unary(op, inner)?
            }
            _ => self.simple(leftmost)?,
        };
        for (op, left, right) in pending.into_iter().rev() {
            self.at(self.ast.last_token(left) + 1);
            operand = self.binary(op, operand, right)?;
        }
        Ok(operand)
    }

    fn unary(&mut self, op: UnaryOp, mut operand: Operand) -> Result<Operand> {
        let f = &mut self.function;
        let (code, folded) = match op {
            UnaryOp::Not => return self.not(operand),
            UnaryOp::Negate => (Op::NEG, fold_negation(&operand)),
            UnaryOp::Length => (Op::LEN, None),
            UnaryOp::BitNot => (Op::BNOT, fold_bit_not(&operand)),
        };
        if let Some(folded) = folded {
            return Ok(folded.into());
        }
        let register = f.put_in_any(&mut operand)?;
        f.free_operand(&operand);
        Ok(Kind::Relocatable(f.emit_d(code, 0, u16::from(register))).into())
    }

    fn not(&mut self, mut operand: Operand) -> Result<Operand> {
        let f = &mut self.function;
        f.discharge(&mut operand)?;
        operand.kind = match operand.kind {
            Kind::Nil | Kind::False => Kind::True,
            _ if operand.is_truthy_constant() => Kind::False,
            Kind::Jump(at) => {
                f.invert(at);
                Kind::Jump(at)
            }
            _ => {
                // The jumps of the operand stay open.
                let jumps = Operand { kind: Kind::Void, ..operand };
                let mut value: Operand = operand.kind.into();
                let register = f.put_in_any(&mut value)?;
                f.free_operand(&value);
                operand = jumps;
                Kind::Relocatable(f.emit_d(Op::NOT, 0, u16::from(register)))
            }
        };
        std::mem::swap(&mut operand.if_true, &mut operand.if_false);
        operand.skips = operand.skips.map(|truth| !truth);
        f.drop_values(operand.if_true);
        f.drop_values(operand.if_false);
        Ok(operand)
    }

    pub(super) fn binary(&mut self, op: BinaryOp, mut left: Operand, right: ExprId) -> Result<Operand> {
        let f = &mut self.function;
        match op {
            BinaryOp::And => {
                if left.is_constant() && !left.is_truthy_constant() {
                    return self.discard(left, right, true);
                }
                f.jump_if_false(&mut left)?;
                let mut right = self.right_operand(right)?;
                self.function.discharge(&mut right)?;
                self.function.append(&mut right.if_false, left.if_false);
                right.skips = right.skips.or(left.skips.filter(|&truth| !truth));
                Ok(right)
            }
            BinaryOp::Or => {
                if left.is_constant() && left.is_truthy_constant() {
                    return self.discard(left, right, false);
                }
                f.jump_if_true(&mut left)?;
                let mut right = self.right_operand(right)?;
                self.function.discharge(&mut right)?;
                self.function.append(&mut right.if_true, left.if_true);
                right.skips = right.skips.or(left.skips.filter(|&truth| truth));
                Ok(right)
            }
            BinaryOp::Concat => {
                f.put_in_next(&mut left)?;
                let right = self.right_operand(right)?;
                self.concat(left, right)
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                if !left.is_constant() {
                    f.put_in_any(&mut left)?;
                }
                let right = self.right_operand(right)?;
                self.equality(op == BinaryOp::Equal, left, right)
            }
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                if left.as_number().is_none() {
                    f.put_in_any(&mut left)?;
                }
                let right = self.right_operand(right)?;
                match op {
                    BinaryOp::Less => self.order(ORDER_LESS, left, right),
                    BinaryOp::LessEqual => self.order(ORDER_LESS_EQUAL, left, right),
                    BinaryOp::Greater => self.order(ORDER_LESS, right, left),
                    _ => self.order(ORDER_LESS_EQUAL, right, left),
                }
            }
            BinaryOp::Coalesce => self.coalesce(left, right),
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo
            | BinaryOp::Power
            | BinaryOp::BitAnd
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::ShiftLeft
            | BinaryOp::ShiftRight
            | BinaryOp::ShiftArithmetic => {
                if left.as_number().is_none() {
                    f.put_in_any(&mut left)?;
                }
                let right = self.right_operand(right)?;
                self.arithmetic(op, left, right)
            }
        }
    }

    /// `left ?? right`: both into the same register, the right one only if the left one is nil.
    fn coalesce(&mut self, mut left: Operand, right: ExprId) -> Result<Operand> {
        let f = &mut self.function;
        let register = f.put_in_next(&mut left)?;
        let not_nil = JumpList::of(f.emit_jump(Ins::ad(Op::NERP, register, 0)));
        f.release(register);
        let mut right = self.right_operand(right)?;
        let f = &mut self.function;
        f.put_in_next(&mut right)?;
        f.patch_here(not_nil);
        Ok(Kind::Register(register).into())
    }

    /// `condition ? value : otherwise`, and the conditions that may be in `otherwise` in turn.
    pub(super) fn conditional(&mut self, id: ExprId) -> Result<Operand> {
        let ast = self.ast;
        let mut to_end = JumpList::EMPTY;
        let mut rest = id;
        while let Expr::Conditional(condition, value, otherwise) = ast[rest] {
            let mut condition_operand = self.operation(condition)?;
            self.at(ast.last_token(condition) + 1);
            let if_false = self.branch(&mut condition_operand)?;
            let mut value_operand = self.expr(value)?;
            let f = &mut self.function;
            let register = f.put_in_next(&mut value_operand)?;
            f.at(ast.last_token(value) + 1);
            let mut jump = f.jump();
            f.append(&mut jump, to_end);
            to_end = jump;
            f.release(register);
            f.patch_here(if_false);
            rest = otherwise;
        }
        let mut last = self.nested(|this| this.operation(rest))?;
        let f = &mut self.function;
        let register = f.put_in_next(&mut last)?;
        f.patch_here(to_end);
        Ok(Kind::Register(register).into())
    }

    fn right_operand(&mut self, id: ExprId) -> Result<Operand> {
        self.nested(|this| this.operation(id))
    }

    /// `left` decides the result of the operator alone: `right` is compiled for its errors only. `other` is the truth that `left` has not.
    fn discard(&mut self, left: Operand, right: ExprId, other: bool) -> Result<Operand> {
        let (start, free) = (self.function.here(), self.function.free);
        self.function.land_pending();
        let right = self.right_operand(right)?;
        let is_tested = !right.is_constant() || right.is_truthy_constant() == other;
        self.function.pending = JumpList::EMPTY;
        self.function.truncate(start);
        self.function.target();
        self.function.free = free;
        Ok(Operand { skips: is_tested.then_some(other), ..left })
    }

    fn concat(&mut self, left: Operand, mut right: Operand) -> Result<Operand> {
        let f = &mut self.function;
        let Kind::Register(first) = left.kind else { unreachable!("it has been put into a register") };
        f.settle(&mut right)?;
        if let Kind::Relocatable(at) = right.kind
            && f.ins(at).op() == Op::CONCAT
        {
            // `a .. (b .. c)` is one instruction.
            debug_assert_eq!(f.ins(at).b(), usize::from(first) + 1);
            f.free_operand(&left);
            f.set_b(at, first);
            return Ok(right);
        }
        let last = f.put_in_next(&mut right)?;
        f.free_operand(&right);
        f.free_operand(&left);
        Ok(Kind::Relocatable(f.emit_bc(Op::CONCAT, 0, first, last)).into())
    }

    fn equality(&mut self, equal: bool, left: Operand, right: Operand) -> Result<Operand> {
        let f = &mut self.function;
        // A constant goes to the right.
        let (mut tested, mut other) = if left.is_constant() { (right, left) } else { (left, right) };
        let a = f.put_in_any(&mut tested)?;
        f.settle(&mut other)?;
        let (op, d) = if let Some(primitive) = other.as_primitive() {
            (if equal { Op::EQRP } else { Op::NERP }, primitive)
        } else {
            let constant = match other.kind {
                Kind::Number(n) => Some(f.number_constant(n)?),
                Kind::String(string) => Some(f.string_constant(string)?),
                Kind::Boxed(number @ (Number::Int64(_) | Number::Uint64(_))) => Some(f.boxed_constant(number)?),
                _ => None,
            };
            match constant {
                Some(constant) => (if equal { Op::EQRK } else { Op::NERK }, constant),
                None => {
                    let register = f.put_in_any(&mut other)?;
                    (if equal { Op::EQRR } else { Op::NERR }, u16::from(register))
                }
            }
        };
        f.free_two(&tested, &other);
        Ok(Kind::Jump(f.emit_jump(Ins::ad(op, a, d))).into())
    }

    /// `left < right` or `left <= right`
    fn order(&mut self, ops: Order, mut left: Operand, mut right: Operand) -> Result<Operand> {
        let f = &mut self.function;
        f.settle(&mut left)?;
        f.settle(&mut right)?;
        let ins = match (left.as_number(), right.as_number()) {
            (_, Some(n)) => {
                let constant = f.number_constant(n)?;
                Ins::ad(ops.constant_right, f.put_in_any(&mut left)?, constant)
            }
            (Some(n), None) => {
                let constant = f.number_constant(n)?;
                Ins::ad(ops.constant_left, f.put_in_any(&mut right)?, constant)
            }
            (None, None) => {
                let b = f.put_in_any(&mut right)?;
                let a = f.put_in_any(&mut left)?;
                Ins::ad(ops.registers, a, u16::from(b))
            }
        };
        f.free_two(&left, &right);
        Ok(Kind::Jump(f.emit_jump(ins)).into())
    }

    fn arithmetic(&mut self, op: BinaryOp, mut left: Operand, mut right: Operand) -> Result<Operand> {
        if let Some(folded) = fold_binary(op, &left, &right) {
            return Ok(folded.into());
        }
        let f = &mut self.function;
        let ops = arithmetic_ops(op);
        f.settle(&mut right)?;
        let right_constant = match (ops.constant_right, right.as_number()) {
            (Some(op), Some(n)) => f.small_number_constant(n)?.map(|constant| (op, constant)),
            _ => None,
        };
        let at = if let Some((op, constant)) = right_constant {
            let b = f.put_in_any(&mut left)?;
            f.free_operand(&left);
            f.emit_bc(op, 0, b, constant)
        } else {
            let c = f.put_in_any(&mut right)?;
            let left_constant = match (ops.constant_left, left.as_number()) {
                (Some(op), Some(n)) => f.small_number_constant(n)?.map(|constant| (op, constant)),
                _ => None,
            };
            if let Some((op, constant)) = left_constant {
                f.free_operand(&right);
                f.emit_bc(op, 0, constant, c)
            } else {
                let b = f.put_in_any(&mut left)?;
                f.free_two(&left, &right);
                f.emit_bc(ops.registers, 0, b, c)
            }
        };
        Ok(Kind::Relocatable(at).into())
    }
}

impl super::function::FunctionState<'_> {
    /// Gives back the registers of two operands, the one taken last first.
    fn free_two(&mut self, one: &Operand, other: &Operand) {
        let register = |operand: &Operand| match operand.kind {
            Kind::Register(register) => register,
            _ => 0,
        };
        let (first, second) = if register(one) > register(other) { (one, other) } else { (other, one) };
        self.free_operand(first);
        if first != second {
            self.free_operand(second);
        }
    }
}

/// The operations of a comparison.
#[derive(Clone, Copy)]
struct Order {
    registers: Op,
    constant_right: Op,
    constant_left: Op,
}

const ORDER_LESS: Order = Order { registers: Op::LTRR, constant_right: Op::LTRK, constant_left: Op::LTKR };
const ORDER_LESS_EQUAL: Order = Order { registers: Op::LERR, constant_right: Op::LERK, constant_left: Op::LEKR };

/// The operations of an arithmetic operator.
struct Arithmetic {
    registers: Op,
    constant_right: Option<Op>,
    constant_left: Option<Op>,
}

impl Arithmetic {
    /// Of an operator that takes no constants.
    fn of_registers(op: Op) -> Arithmetic {
        Arithmetic { registers: op, constant_right: None, constant_left: None }
    }
}

fn arithmetic_ops(op: BinaryOp) -> Arithmetic {
    let (registers, constant_right, constant_left) = match op {
        BinaryOp::Add => (Op::ADDRR, Op::ADDRK, Op::ADDKR),
        BinaryOp::Subtract => (Op::SUBRR, Op::SUBRK, Op::SUBKR),
        BinaryOp::Multiply => (Op::MULRR, Op::MULRK, Op::MULKR),
        BinaryOp::Divide => (Op::DIVRR, Op::DIVRK, Op::DIVKR),
        BinaryOp::Modulo => (Op::MODRR, Op::MODRK, Op::MODKR),
        BinaryOp::Power => return Arithmetic::of_registers(Op::POWRR),
        BinaryOp::BitAnd => return Arithmetic::of_registers(Op::BANDRR),
        BinaryOp::BitOr => return Arithmetic::of_registers(Op::BORRR),
        BinaryOp::BitXor => return Arithmetic::of_registers(Op::BXORRR),
        BinaryOp::ShiftLeft => return Arithmetic::of_registers(Op::SHLRR),
        BinaryOp::ShiftRight => return Arithmetic::of_registers(Op::SHRRR),
        BinaryOp::ShiftArithmetic => return Arithmetic::of_registers(Op::SARRR),
        other => unreachable!("{other:?} is not arithmetic"),
    };
    Arithmetic { registers, constant_right: Some(constant_right), constant_left: Some(constant_left) }
}
