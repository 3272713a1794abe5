//! The syntax tree: an arena whose nodes refer to each other by number.
//!
//! A program nested 100,000 deep is built, walked by loops and dropped without recursion on the machine stack, since every
//! node sits in one of three flat vectors.
//!
//! **Positions** are token numbers, not lines: an expression knows its last token, a statement its first and last one, and
//! [`Ast::line`] gives the line of each. So the compiler can tell the line of any token it passes, the comma behind an
//! argument as well as an `end`, without a field for each in the nodes. It needs that to report an error on the very line that
//! LuaJIT reports it on: that of the last token that had been read when the instruction was emitted.

use crate::number::Number;
use crate::operators::{BinaryOp, UnaryOp};
use crate::symbols::{Symbol, Symbols};
use std::ops::Index;

/// The number of a token, from 0.
pub type TokenIndex = u32;

/// An expression of an [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExprId(u32);

/// A statement of an [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatId(u32);

/// A function of an [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionId(u32);

/// Statements in order.
pub type Block = Vec<StatId>;

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// `...`
    Vararg,
    /// A number literal.
    Number(Number),
    /// A string literal.
    String(Symbol),
    /// A variable; whether local or global is the compiler's to find out.
    Name(Symbol),
    /// An expression in parentheses, which has exactly one value.
    Paren(ExprId),
    /// `table[key]`
    Index(ExprId, ExprId),
    /// `table.name`
    Field(ExprId, Symbol),
    /// `callee(arguments)`
    Call(ExprId, Vec<ExprId>),
    /// `object:name(arguments)`
    MethodCall(ExprId, Symbol, Vec<ExprId>),
    /// `object?.`, the start of an indexing or a call that is left out when the object is nil.
    Safe(ExprId),
    /// `function (parameters) body end`, `parameters -> value`
    Function(FunctionId),
    /// `{ fields }`
    Table(Vec<Field>),
    /// An operator between two operands.
    Binary(BinaryOp, ExprId, ExprId),
    /// An operator before its operand.
    Unary(UnaryOp, ExprId),
    /// `condition ? value : otherwise`
    Conditional(ExprId, ExprId, ExprId),
}

/// An entry of a table constructor.
#[derive(Debug)]
pub enum Field {
    /// `value`
    Item(ExprId),
    /// `name = value`
    Named(Symbol, ExprId),
    /// `[key] = value`
    Keyed(ExprId, ExprId),
}

/// A statement.
#[derive(Debug)]
pub enum Stat {
    /// A call whose results are dropped.
    Call(ExprId),
    /// `targets = values`
    Assign(Vec<ExprId>, Vec<ExprId>),
    /// `target += value` and the like.
    Compound(BinaryOp, ExprId, ExprId),
    /// `local names = values`
    Local(Binding, Vec<Symbol>, Vec<ExprId>),
    /// `local function name …`
    LocalFunction(Binding, Symbol, FunctionId),
    /// `function a.b.c:method …`; the target is a name or a field.
    Function(ExprId, FunctionId),
    /// `do … end`
    Do(Block),
    /// `while condition do … end`
    While(ExprId, Block),
    /// `repeat … until condition`
    Repeat(Block, ExprId),
    /// `if … then … elseif … then … else … end`
    If(Vec<Arm>, Option<Block>),
    /// `for name = start, limit, step do … end`
    NumericFor(NumericFor),
    /// `for names in values do … end`
    GenericFor(Vec<Symbol>, Vec<ExprId>, Block),
    /// `goto name`
    Goto(Symbol),
    /// `::name::`
    Label(Symbol),
    /// `return values`
    Return(Vec<ExprId>),
    /// `break`
    Break,
    /// `continue`
    Continue,
}

/// Whether a local variable can be assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// `local`
    Variable,
    /// `const`
    Constant,
}

/// One condition of an `if` and what is done when it holds.
#[derive(Debug)]
pub struct Arm {
    /// The condition.
    pub condition: ExprId,
    /// The block.
    pub block: Block,
    /// The token behind the block: `elseif`, `else` or `end`.
    pub end: TokenIndex,
}

/// `for name = start, limit, step do … end`
#[derive(Debug)]
pub struct NumericFor {
    /// The loop variable.
    pub name: Symbol,
    /// Its first value.
    pub start: ExprId,
    /// The bound, included.
    pub limit: ExprId,
    /// The step, if not 1.
    pub step: Option<ExprId>,
    /// The body.
    pub block: Block,
}

/// What stands between the parentheses of a function.
#[derive(Debug, Default)]
pub struct Params {
    /// Named parameters.
    pub names: Vec<Symbol>,
    /// Whether `...` follows.
    pub vararg: bool,
}

/// What precedes the `->` of a short function.
#[derive(Debug)]
pub struct ShortHead {
    /// The parameters.
    pub params: Params,
    /// The token before the first parameter.
    pub open: TokenIndex,
    /// The first token.
    pub first: TokenIndex,
}

impl ShortHead {
    /// The function with this head.
    pub fn function(self, body: Block, end: TokenIndex, tail: TokenIndex) -> Function {
        let Params { names: params, vararg } = self.params;
        Function { params, is_method: false, vararg, body, head: self.first, open: self.open, end, tail }
    }
}

/// A function's parameters and body.
#[derive(Debug)]
pub struct Function {
    /// Named parameters, `self` of a method included.
    pub params: Vec<Symbol>,
    /// Whether `self` is there because of a colon.
    pub is_method: bool,
    /// Whether it takes `...`.
    pub vararg: bool,
    /// Its statements.
    pub body: Block,
    /// The token whose line counts as the function's first: `function` of a statement, `(` otherwise.
    pub head: TokenIndex,
    /// The token before the first parameter.
    pub open: TokenIndex,
    /// The last token: `end`, or the last one of a short function's value; of the main chunk, the end of the source.
    pub end: TokenIndex,
    /// The token whose line counts as the function's last: `end`, or the one behind a short function's value.
    pub tail: TokenIndex,
}

/// A whole source text.
#[derive(Debug)]
pub struct Ast {
    exprs: Vec<Expr>,
    expr_ends: Vec<TokenIndex>,
    stats: Vec<Stat>,
    stat_spans: Vec<(TokenIndex, TokenIndex)>,
    functions: Vec<Function>,
    /// The source as a function that takes `...`.
    pub main: FunctionId,
    /// Names and strings.
    pub symbols: Symbols,
    /// The line that each token ends on.
    pub lines: Vec<u32>,
}

impl Default for Ast {
    fn default() -> Ast {
        Ast {
            exprs: Vec::new(),
            expr_ends: Vec::new(),
            stats: Vec::new(),
            stat_spans: Vec::new(),
            functions: Vec::new(),
            main: FunctionId(0),
            symbols: Symbols::default(),
            lines: Vec::new(),
        }
    }
}

impl Ast {
    /// Adds an expression whose last token is `last`.
    pub fn expr(&mut self, expr: Expr, last: TokenIndex) -> ExprId {
        self.exprs.push(expr);
        self.expr_ends.push(last);
        ExprId(self.exprs.len() as u32 - 1)
    }

    /// Adds a statement that reaches from token `first` to token `last`.
    pub fn stat(&mut self, first: TokenIndex, last: TokenIndex, stat: Stat) -> StatId {
        self.stats.push(stat);
        self.stat_spans.push((first, last));
        StatId(self.stats.len() as u32 - 1)
    }

    /// Adds a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        self.functions.push(function);
        FunctionId(self.functions.len() as u32 - 1)
    }

    /// The last token of an expression.
    pub fn last_token(&self, expr: ExprId) -> TokenIndex {
        self.expr_ends[expr.0 as usize]
    }

    /// The first and the last token of a statement.
    pub fn span(&self, stat: StatId) -> (TokenIndex, TokenIndex) {
        self.stat_spans[stat.0 as usize]
    }

    /// Whether there are functions inside a function.
    pub fn contains_functions(&self, id: FunctionId) -> bool {
        // A function is added when it ends, so the one added before it lies inside it or before it.
        let before = id.0.checked_sub(1).map(|before| &self.functions[before as usize]);
        before.is_some_and(|before| before.open > self[id].open)
    }

    /// The line that a token ends on.
    pub fn line(&self, token: TokenIndex) -> u32 {
        self.lines[token as usize]
    }

    /// The function whose declaration is a statement, now that its `function` keyword is known to be at token `head`.
    pub fn declared_at(&mut self, function: FunctionId, head: TokenIndex) -> FunctionId {
        self.functions[function.0 as usize].head = head;
        function
    }

    /// `parameters -> value`; `arrow` is the token of the `->`.
    pub fn short_function(&mut self, head: ShortHead, arrow: TokenIndex, value: ExprId) -> FunctionId {
        let end = self.last_token(value);
        let body = vec![self.stat(arrow, end, Stat::Return(vec![value]))];
        self.function(head.function(body, end, end + 1))
    }

    /// Gives a function the parameter `self`.
    pub fn make_method(&mut self, function: FunctionId) {
        let function = &mut self.functions[function.0 as usize];
        function.params.insert(0, Symbol::SELF);
        function.is_method = true;
    }
}

impl Index<ExprId> for Ast {
    type Output = Expr;
    fn index(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
}

impl Index<StatId> for Ast {
    type Output = Stat;
    fn index(&self, id: StatId) -> &Stat {
        &self.stats[id.0 as usize]
    }
}

impl Index<FunctionId> for Ast {
    type Output = Function;
    fn index(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }
}
