//! Operators and their precedence.
//!
//! The grammar leaves an expression flat, as operands with operators between them, and [`climb`] makes the tree:
//!
//! ```text
//! a + b * c ^ -d      (+ a (* b (^ c (- d))))
//! a .. b .. c         (.. a (.. b c))
//! -a ^ b              (- (^ a b))
//! ```
//!
//! One flat rule instead of one per level of precedence keeps the parser small and fast: a literal is one reduction away from
//! being an expression, not nine. Both stacks of the algorithm are on the heap, so nesting costs no machine stack.
//!
//! Reference: Lua 5.1 manual §2.5.6; LuaJIT's extensions page for the operators that it adds; E. Dijkstra's shunting yard.

use crate::ast::{Ast, Expr, ExprId, TokenIndex};

/// A binary operator.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    NotEqual,
    Equal,
    Concat,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    /// `>>`, which shifts in zeros.
    ShiftRight,
    /// `~>>`, which shifts in the sign.
    ShiftArithmetic,
    /// `??`
    Coalesce,
}

/// A unary operator.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Negate,
    Not,
    Length,
    BitNot,
}

/// How strongly an operator binds the operand on its left and the one on its right. A right-associative one binds its left
/// operand more strongly.
struct Power {
    left: u8,
    right: u8,
}

/// How strongly a unary operator binds.
const UNARY: u8 = 12;

impl BinaryOp {
    fn power(self) -> Power {
        use BinaryOp::*;
        let (left, right) = match self {
            Or | Coalesce => (1, 1),
            And => (2, 2),
            Less | Greater | LessEqual | GreaterEqual | NotEqual | Equal => (3, 3),
            BitOr => (4, 4),
            BitXor => (5, 5),
            BitAnd => (6, 6),
            ShiftLeft | ShiftRight | ShiftArithmetic => (7, 7),
            Concat => (9, 8),
            Add | Subtract => (10, 10),
            Multiply | Divide | Modulo => (11, 11),
            Power => (14, 13),
        };
        self::Power { left, right }
    }
}

/// A piece of a flat expression.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// An operand.
    Operand(ExprId),
    /// A unary operator, whose operand follows.
    Unary(UnaryOp),
    /// A binary operator, between two operands.
    Binary(BinaryOp),
}

/// Makes the tree of a flat expression: `items` and then the operand `last`, whose last token is `end`.
pub fn climb(ast: &mut Ast, items: &[Item], last: ExprId) -> ExprId {
    let mut operands: Vec<ExprId> = Vec::with_capacity(items.len() / 2 + 1);
    let mut pending: Vec<Item> = Vec::with_capacity(items.len());
    for &item in items {
        match item {
            Item::Operand(operand) => operands.push(operand),
            Item::Unary(_) => pending.push(item),
            Item::Binary(op) => {
                while let Some(&before) = pending.last()
                    && right_power(before) >= op.power().left
                {
                    pending.pop();
                    apply(ast, &mut operands, before);
                }
                pending.push(item);
            }
        }
    }
    operands.push(last);
    while let Some(op) = pending.pop() {
        apply(ast, &mut operands, op);
    }
    operands.pop().expect("an expression has an operand")
}

fn right_power(item: Item) -> u8 {
    match item {
        Item::Binary(op) => op.power().right,
        Item::Unary(_) => UNARY,
        Item::Operand(_) => unreachable!("an operand is never pending"),
    }
}

/// Replaces the operands on top of the stack by what `op` makes of them.
fn apply(ast: &mut Ast, operands: &mut Vec<ExprId>, op: Item) {
    let mut operand = || operands.pop().expect("the grammar gives every operator its operands");
    let right = operand();
    let end: TokenIndex = ast.last_token(right);
    let expr = match op {
        Item::Unary(op) => Expr::Unary(op, right),
        Item::Binary(op) => Expr::Binary(op, operand(), right),
        Item::Operand(_) => unreachable!("an operand is never pending"),
    };
    operands.push(ast.expr(expr, end));
}

#[cfg(test)]
mod tests {
    use crate::ast::{Ast, Expr, ExprId, Stat};
    use crate::parse::parse;

    fn show(ast: &Ast, id: ExprId) -> String {
        match &ast[id] {
            Expr::Name(symbol) => String::from_utf8_lossy(ast.symbols.text(*symbol)).into_owned(),
            Expr::Unary(op, operand) => format!("({op:?} {})", show(ast, *operand)),
            Expr::Binary(op, left, right) => format!("({op:?} {} {})", show(ast, *left), show(ast, *right)),
            Expr::Paren(inner) => format!("[{}]", show(ast, *inner)),
            other => panic!("{other:?}"),
        }
    }

    fn tree(source: &str) -> String {
        let ast = parse(format!("return {source}").as_bytes(), b"=test").unwrap();
        let Stat::Return(values) = &ast[ast[ast.main].body[0]] else { panic!() };
        show(&ast, values[0])
    }

    #[test]
    fn precedence_is_lua_s() {
        for (source, expected) in [
            ("a + b * c", "(Add a (Multiply b c))"),
            ("a * b + c", "(Add (Multiply a b) c)"),
            ("a - b - c", "(Subtract (Subtract a b) c)"),
            ("a ^ b ^ c", "(Power a (Power b c))"),
            ("a .. b .. c", "(Concat a (Concat b c))"),
            ("-a ^ b", "(Negate (Power a b))"),
            ("a ^ -b ^ c", "(Power a (Negate (Power b c)))"),
            ("-a * b", "(Multiply (Negate a) b)"),
            ("not a == b", "(Equal (Not a) b)"),
            ("- not # a", "(Negate (Not (Length a)))"),
            ("a or b and c or d", "(Or (Or a (And b c)) d)"),
            ("a < b == c", "(Equal (Less a b) c)"),
            ("a .. b + c .. d", "(Concat a (Concat (Add b c) d))"),
            ("a .. b == c .. d", "(Equal (Concat a b) (Concat c d))"),
            ("a * -b ^ c / d", "(Divide (Multiply a (Negate (Power b c))) d)"),
            ("(a + b) * c", "(Multiply [(Add a b)] c)"),
            ("a ?? b or c ?? d", "(Coalesce (Or (Coalesce a b) c) d)"),
            ("a and b ?? c and d", "(Coalesce (And a b) (And c d))"),
            ("a | b ~ c & d << e .. f + g", "(BitOr a (BitXor b (BitAnd c (ShiftLeft d (Concat e (Add f g))))))"),
            ("a << b >> c ~>> d", "(ShiftArithmetic (ShiftRight (ShiftLeft a b) c) d)"),
            ("~a ^ b & c == d", "(Equal (BitAnd (BitNot (Power a b)) c) d)"),
            ("a != b && !c || d", "(Or (And (NotEqual a b) (Not c)) d)"),
        ] {
            assert_eq!(tree(source), expected, "{source}");
        }
    }
}
