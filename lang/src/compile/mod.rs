//! The compiler: from the syntax tree to register bytecode, one pass over each function.
//!
//! Reading order: [`operand`] (what an expression's result may be before it is in a register), [`function`] (the function
//! being compiled: code, registers, constants), [`jumps`] (lists of jumps whose target is not known yet), [`scope`] (locals and
//! upvalues), [`labels`] (goto and break); then the tree: [`expr`], [`operators`], [`fold`], [`call`], [`table`], and [`stat`],
//! [`assign`], [`loops`].
//!
//! The code is that of a classic one-pass Lua compiler, because what such a compiler does shows: operands of locals are not
//! copied (`x + f()` sees what `f` did to `x`), targets are assigned from right to left, and a limit is reported at a certain
//! token. The tree buys what one pass cannot have: table constructors are sized and laid out before the first instruction.
//!
//! **Lines.** Every instruction bears the line of the last token that a one-pass compiler would have read when emitting it, as
//! in LuaJIT; error messages and hooks show these lines. [`Compiler::at`] moves that *cursor*. A limit that is exceeded is
//! reported on the line of the token behind the cursor.
//!
//! **Invariant:** recursion is at most [`MAX_LEVELS`] deep; chains that a program may make long, such as `a.b.c…`, `1+1+1…` or
//! `elseif`, are walked by loops.
//!
//! Reference: R. Ierusalimschy, L. H. de Figueiredo, W. Celes, "The Implementation of Lua 5.0" (2005).

mod assign;
mod call;
mod expr;
mod fold;
mod function;
mod jumps;
mod labels;
mod loops;
mod operand;
mod operators;
mod scope;
mod stat;
mod table;
#[cfg(test)]
mod tests;

use crate::ast::{Ast, Function, FunctionId, TokenIndex};
use crate::bytecode::{Op, Prototype};
use crate::parse::{Mistake, parse, parse_to_mistake};
use crate::symbols::Symbol;
use crate::syntax_error::{SyntaxError, near_token};
use function::FunctionState;
use std::rc::Rc;

/// Nested constructs beyond which a chunk has "too many syntax levels".
const MAX_LEVELS: u32 = 200;

/// Why a program cannot be compiled.
#[derive(Debug)]
struct Complaint {
    what: String,
    /// The token whose line the message bears.
    token: TokenIndex,
    /// Whether the message shows that token.
    near: bool,
}

/// A result of compilation; the error is boxed because it is rare.
type Result<T> = std::result::Result<T, Box<Complaint>>;

/// Compiles a source text to the prototype of its main function.
///
/// `chunk_name` is what `load` takes, with its `@` or `=` mark.
///
/// # Errors
/// The text is no program, or a program that exceeds a limit of the virtual machine. The message is LuaJIT's.
///
/// ```
/// let main = moonwake_lang::compile::compile(b"return 6 * 7", b"=example").unwrap();
/// assert!(main.vararg);
/// ```
pub fn compile(source: &[u8], chunk_name: &[u8]) -> std::result::Result<Prototype, SyntaxError> {
    let ast = parse_to_mistake(source, chunk_name)
        .map_err(|mistake| limit_before(&mistake, source, chunk_name).unwrap_or(mistake.error))?;
    compile_ast(&ast, chunk_name).map_err(|complaint| complaint.in_words(&ast, source, chunk_name))
}

/// The limit that is exceeded before a mistake: a compiler of one pass, as LuaJIT's is, complains of that.
fn limit_before(mistake: &Mistake, source: &[u8], chunk_name: &[u8]) -> Option<SyntaxError> {
    mistake.completions(source).find_map(|text| {
        let ast = parse(&text, chunk_name).ok()?;
        let complaint = compile_ast(&ast, chunk_name).err().filter(|complaint| complaint.is_of_limit())?;
        Some(complaint.in_words(&ast, &text, chunk_name))
    })
}

impl Complaint {
    /// Whether it is about a limit, which is noticed as soon as it is exceeded, unlike a label that is missing.
    fn is_of_limit(&self) -> bool {
        self.what.contains(" has more than ") || self.what.contains(" too ")
    }

    fn in_words(self, ast: &Ast, source: &[u8], chunk_name: &[u8]) -> SyntaxError {
        let mut text = self.what.into_bytes();
        if self.near {
            text.extend_from_slice(&near_token(source, self.token));
        }
        SyntaxError::new(chunk_name, ast.line(self.token), text)
    }
}

fn compile_ast(ast: &Ast, chunk_name: &[u8]) -> Result<Prototype> {
    let mut compiler = Compiler {
        ast,
        chunk_name: chunk_name.into(),
        function: FunctionState::new(ast, ast.main),
        enclosing: Vec::new(),
        level: 0,
        has_constants: false,
        strings: vec![None; ast.symbols.len()],
    };
    compiler.function.emit_entry();
    compiler.body(ast.main)
}

/// The state of a compilation.
struct Compiler<'a> {
    ast: &'a Ast,
    chunk_name: Rc<[u8]>,
    /// The function being compiled.
    function: FunctionState<'a>,
    /// Those around it, the main chunk first.
    enclosing: Vec<FunctionState<'a>>,
    /// How deep the constructs being compiled are nested.
    level: u32,
    /// Whether the chunk declares any `const`.
    has_constants: bool,
    /// The strings of symbols that prototypes refer to, made once each.
    strings: Vec<Option<Rc<[u8]>>>,
}

impl<'a> Compiler<'a> {
    /// Moves the cursor to `token`: it is the last one that a one-pass compiler would have read.
    fn at(&mut self, token: TokenIndex) {
        self.function.at(token);
    }

    /// Runs `compile` one level deeper.
    fn nested<T>(&mut self, compile: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.level += 1;
        if self.level >= MAX_LEVELS {
            return Err(self.function.complaint("chunk has too many syntax levels".into()));
        }
        let result = compile(self)?;
        self.level -= 1;
        Ok(result)
    }

    /// Compiles the body of the current function, whose entry has been emitted, and takes the function off.
    fn body(&mut self, id: FunctionId) -> Result<Prototype> {
        let function = &self.ast[id];
        self.enter_scope(false);
        self.parameters(function)?;
        self.statements(&function.body, Some(function.end))?;
        // A main chunk ends with the last token before the end of the text: that one is not read before the return is emitted.
        let last_read = if id == self.ast.main { function.end.saturating_sub(1) } else { function.end };
        self.at(last_read);
        if self.function.can_fall_off() {
            self.close_before_return();
            self.function.emit_d(Op::RETURN0, 0, 0);
        }
        self.leave_scope()?;
        self.emit_closing_exits();
        let parent = self.enclosing.pop();
        let done = match parent {
            Some(parent) => std::mem::replace(&mut self.function, parent),
            None => std::mem::replace(&mut self.function, FunctionState::new(self.ast, self.ast.main)),
        };
        Ok(done.finish(self))
    }

    fn parameters(&mut self, function: &Function) -> Result<()> {
        let implied = usize::from(function.is_method);
        for (index, &name) in function.params.iter().enumerate() {
            // The names alternate with commas.
            if let Some(index) = index.checked_sub(implied) {
                self.at(function.open + 1 + 2 * index as TokenIndex);
            }
            self.declare(name)?;
        }
        self.function.reserve(function.params.len())?;
        self.activate();
        Ok(())
    }

    /// Compiles a function inside the current one; gives its number among the children.
    fn child(&mut self, id: FunctionId) -> Result<u16> {
        let function = &self.ast[id];
        let parent = std::mem::replace(&mut self.function, FunctionState::new(self.ast, id));
        self.enclosing.push(parent);
        self.at(function.open);
        self.function.emit_entry();
        let prototype = self.body(id)?;
        self.at(function.end);
        self.function.add_child(prototype)
    }

    /// The bytes of a symbol, shared between all prototypes of the chunk.
    fn string(&mut self, symbol: Symbol) -> Rc<[u8]> {
        let text = self.ast.symbols.text(symbol);
        self.strings[symbol.index()].get_or_insert_with(|| text.into()).clone()
    }
}
