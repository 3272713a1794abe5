//! The conditions of `#if` and `#elif` (C17 6.10.1).
//!
//! Operators are climbed by precedence, over tokens as they come out of macro expansion. All integers are 64 bits wide,
//! identifiers that are left are 0. The side of `&&`, `||` and `?:` that does not count is read but not computed, so
//! `defined X && 10 / X` is fine without an X.
//!
//! `defined X` and `__has_include(…)` take their operand unexpanded, also when they come out of a macro, as in gcc.

use super::{Preprocessor, Token, spell};
use crate::c::{
    attribute,
    error::{Result, fault},
    int::{BinaryOp, Int},
    lexer::Kind,
    literal::{self, Number},
    name::known,
};

const MAX_DEPTH: usize = 200;

impl Preprocessor<'_> {
    /// Evaluates a condition: the tokens behind `#if`, with `Eof` at the end.
    pub(super) fn condition(&mut self, line: &[Token]) -> Result<bool> {
        self.invocation = line[0].loc;
        if line[0].kind == Kind::Eof {
            return fault(line[0].loc, "#if with no expression");
        }
        self.push_context(&line[..line.len() - 1], None, true)?;
        self.in_condition = true;
        let end = line[line.len() - 1];
        let mut condition = Condition { look: end, end, run: self, depth: 0 };
        condition.advance()?;
        let value = condition.conditional(true)?;
        if condition.look.kind != Kind::Eof {
            return condition.unexpected();
        }
        self.in_condition = false;
        self.pop_context();
        Ok(value.is_true())
    }
}

struct Condition<'r, 'u> {
    run: &'r mut Preprocessor<'u>,
    /// The next token.
    look: Token,
    end: Token,
    depth: usize,
}

impl Condition<'_, '_> {
    fn advance(&mut self) -> Result<Token> {
        let token = std::mem::replace(&mut self.look, self.end);
        self.look = self.run.next()?;
        Ok(token)
    }

    fn takes(&mut self, kind: Kind) -> Result<bool> {
        let found = self.look.kind == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn unexpected<T>(&self) -> Result<T> {
        let loc = if self.look.kind == Kind::Eof { self.end.loc } else { self.look.loc };
        fault(
            loc,
            format!("unexpected symbol near '{}' in a preprocessing condition", spell(self.run.names, self.look)),
        )
    }

    /// `conditional = binary [ "?" conditional ":" conditional ]`
    fn conditional(&mut self, live: bool) -> Result<Int> {
        if self.depth == MAX_DEPTH {
            return fault(self.look.loc, "preprocessing condition nests too deeply");
        }
        self.depth += 1;
        let mut value = self.binary(1, live)?;
        if self.takes(Kind::Question)? {
            let condition = value.is_true();
            let yes = self.conditional(live && condition)?;
            if !self.takes(Kind::Colon)? {
                return self.unexpected();
            }
            let no = self.conditional(live && !condition)?;
            let chosen = if condition { yes } else { no };
            // The usual conversions: unsigned if either side is.
            value = Int::new(chosen.bits(), true, yes.is_unsigned() || no.is_unsigned());
        }
        self.depth -= 1;
        Ok(value)
    }

    /// Operators of at least the given precedence, left to right.
    fn binary(&mut self, lowest: u8, live: bool) -> Result<Int> {
        let mut left = self.unary(live)?;
        while let Some((op, precedence)) = operator(self.look.kind)
            && precedence >= lowest
        {
            let at = self.advance()?;
            let right_counts = match op {
                BinaryOp::AndAnd => left.is_true(),
                BinaryOp::OrOr => !left.is_true(),
                _ => true,
            };
            let right = self.binary(precedence + 1, live && right_counts)?;
            left = match Int::binary(op, left, right) {
                Ok(value) => value.widened(),
                Err(_) if !live => left,
                Err(_) => return fault(at.loc, "division by zero in a preprocessing condition"),
            };
        }
        Ok(left)
    }

    /// `unary = { "+" | "-" | "!" | "~" } primary`
    fn unary(&mut self, live: bool) -> Result<Int> {
        let mut signs = Vec::new();
        while let Kind::Plus | Kind::Minus | Kind::Bang | Kind::Tilde = self.look.kind {
            signs.push(self.advance()?.kind);
        }
        let value = self.primary(live)?;
        Ok(signs.iter().rev().fold(value, |value, sign| match sign {
            Kind::Minus => value.negated(),
            Kind::Bang => Int::truth(!value.is_true()).widened(),
            Kind::Tilde => value.complemented(),
            _ => value,
        }))
    }

    fn primary(&mut self, live: bool) -> Result<Int> {
        let token = self.look;
        let spelling = self.run.names.spelling(token.name());
        let value = match token.kind {
            Kind::Number => match literal::number(spelling) {
                Some(Number::Int(int)) => int.widened(),
                Some(Number::Float(..)) => return fault(token.loc, "floating constant in a preprocessing condition"),
                None => {
                    return fault(token.loc, format!("malformed number near '{}'", self.run.names.text(token.name())));
                }
            },
            Kind::Char => match literal::character(spelling) {
                Some(int) => int.widened(),
                None => return fault(token.loc, "malformed character constant"),
            },
            Kind::Ident => Int::truth(token.name() == known::TRUE).widened(),
            Kind::LParen => {
                self.advance()?;
                let value = self.conditional(live)?;
                while self.takes(Kind::Comma)? {
                    self.conditional(live)?;
                }
                if self.look.kind != Kind::RParen {
                    return self.unexpected();
                }
                value
            }
            _ => return self.unexpected(),
        };
        self.advance()?;
        if token.kind == Kind::Ident && self.look.kind == Kind::LParen {
            let name = self.run.names.text(token.name());
            return fault(token.loc, format!("function-like macro '{name}' is not defined"));
        }
        Ok(value)
    }
}

impl Preprocessor<'_> {
    /// The value of an operator that only conditions have, if the token is one.
    pub(super) fn condition_operator(&mut self, token: Token) -> Result<Option<Token>> {
        Ok(Some(match token.name() {
            known::DEFINED => self.defined(token)?,
            known::HAS_INCLUDE | known::HAS_INCLUDE_NEXT => self.has_include(token)?,
            known::HAS_ATTRIBUTE | known::HAS_CPP_ATTRIBUTE | known::HAS_C_ATTRIBUTE | known::HAS_BUILTIN => {
                self.has_feature(token)?
            }
            _ => return Ok(None),
        }))
    }

    fn number(&mut self, value: bool, at: Token) -> Token {
        let name = self.names.intern(if value { "1" } else { "0" });
        Token { kind: Kind::Number, value: name.0, ..at }
    }

    /// `defined X` or `defined(X)`
    fn defined(&mut self, at: Token) -> Result<Token> {
        let mut operand = self.take()?;
        let parenthesized = operand.kind == Kind::LParen;
        if parenthesized {
            operand = self.take()?;
        }
        if operand.kind != Kind::Ident {
            return fault(at.loc, "operator 'defined' requires an identifier");
        }
        if parenthesized && self.take()?.kind != Kind::RParen {
            return fault(at.loc, "missing ')' after 'defined'");
        }
        let value = self.macros.get(operand.name()).is_some();
        Ok(self.number(value, at))
    }

    /// The tokens between the parentheses of a `__has_…` operator.
    fn operand(&mut self, at: Token) -> Result<Vec<Token>> {
        let mut tokens = Vec::new();
        let mut depth = 0;
        loop {
            let token = self.take()?;
            match token.kind {
                Kind::LParen => depth += 1,
                Kind::RParen => depth -= 1,
                Kind::Eof => depth = 0,
                _ => {}
            }
            if depth == 0 && (tokens.is_empty() || token.kind == Kind::Eof) {
                return fault(at.loc, format!("'{}' takes a parenthesized operand", self.names.text(at.name())));
            }
            if depth == 0 {
                tokens.remove(0);
                return Ok(tokens);
            }
            tokens.push(token);
        }
    }

    fn has_include(&mut self, at: Token) -> Result<Token> {
        let mut operand = self.operand(at)?;
        if operand.first().is_some_and(|token| token.kind == Kind::Ident) {
            operand = self.expand_all(&operand)?;
        }
        let (name, quoted) = self.header_name(&operand, at)?;
        let found = self.find_header(&name, quoted, at.is(known::HAS_INCLUDE_NEXT), at.loc)?.is_some();
        Ok(self.number(found, at))
    }

    /// `__has_attribute(x)` is true for the attributes that change a declaration's meaning to us. No builtin function is
    /// one that can be called.
    fn has_feature(&mut self, at: Token) -> Result<Token> {
        let operand = self.operand(at)?;
        let known = at.is(known::HAS_ATTRIBUTE)
            && matches!(operand[..], [name] if name.kind == Kind::Ident && attribute::is_known(self.names.spelling(name.name())));
        Ok(self.number(known, at))
    }
}

/// Precedence from 1, the loosest.
fn operator(kind: Kind) -> Option<(BinaryOp, u8)> {
    use BinaryOp::*;
    Some(match kind {
        Kind::OrOr => (OrOr, 1),
        Kind::AndAnd => (AndAnd, 2),
        Kind::Pipe => (Or, 3),
        Kind::Caret => (Xor, 4),
        Kind::Amp => (And, 5),
        Kind::EqEq => (Eq, 6),
        Kind::Ne => (Ne, 6),
        Kind::Lt => (Lt, 7),
        Kind::Gt => (Gt, 7),
        Kind::Le => (Le, 7),
        Kind::Ge => (Ge, 7),
        Kind::Shl => (Shl, 8),
        Kind::Shr => (Shr, 8),
        Kind::Plus => (Add, 9),
        Kind::Minus => (Sub, 9),
        Kind::Star => (Mul, 10),
        Kind::Slash => (Div, 10),
        Kind::Percent => (Rem, 10),
        _ => return None,
    })
}
