//! The parser: [`parse`] drives the grammar that LALRPOP has made a table of.
//!
//! ```
//! use moonwake_lang::parse::parse;
//! assert!(parse(b"return 1 + 1", b"=example").is_ok());
//! let error = parse(b"x = = 1", b"=example").unwrap_err();
//! assert_eq!(error.to_string(), "example:1: unexpected symbol near '='");
//! ```

use crate::ast::{Ast, Expr, ExprId, TokenIndex};
use crate::symbols::Symbol;
use crate::syntax_error::{self, SyntaxError};
use crate::tokens::{Opener, TokenSource};
use lalrpop_util::lalrpop_mod;

lalrpop_mod!(
    #[allow(clippy::all, clippy::pedantic, missing_docs, unused)]
    grammar
);

/// Parses a whole source text.
///
/// `chunk_name` is what `load` takes, with its `@` or `=` mark; messages show its short form. Neither the length of the source
/// nor its nesting is limited here: all stacks are on the heap.
///
/// # Errors
/// The first place where the text is no program, worded as LuaJIT words it.
pub fn parse(source: &[u8], chunk_name: &[u8]) -> Result<Ast, SyntaxError> {
    parse_to_mistake(source, chunk_name).map_err(|mistake| mistake.error)
}

/// Where a text is no program.
pub(crate) struct Mistake {
    /// What is wrong.
    pub(crate) error: SyntaxError,
    /// Where the token stands that does not fit.
    at: usize,
    /// What is open there, the innermost last.
    open: Vec<Opener>,
}

impl Mistake {
    /// Programs that begin like the text up to the mistake, if it can be completed by closing what is open.
    pub(crate) fn completions(&self, source: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let closers: String = self.open.iter().rev().map(|opener| opener.closer()).collect();
        let before = source[..self.at].to_vec();
        ["", " nil"].into_iter().map(move |operand| [&before[..], operand.as_bytes(), closers.as_bytes()].concat())
    }
}

/// [`parse`] for who wants to know about the text before a mistake.
pub(crate) fn parse_to_mistake(source: &[u8], chunk_name: &[u8]) -> Result<Ast, Box<Mistake>> {
    if source.len() >= i32::MAX as usize {
        let error = SyntaxError::new(chunk_name, 1, b"chunk has too many lines".to_vec());
        return Err(Box::new(Mistake { error, at: 0, open: Vec::new() }));
    }
    let mut ast = Ast::default();
    let mut tokens = TokenSource::new(source);
    match grammar::ChunkParser::new().parse(&mut ast, &mut tokens) {
        Ok(main) => {
            let (state, lines) = tokens.finish();
            ast.main = main;
            ast.symbols = state.symbols;
            ast.lines = lines;
            Ok(ast)
        }
        Err(error) => {
            let error = syntax_error::from_parser(error, &tokens, chunk_name);
            Err(Box::new(Mistake { error, at: tokens.start_of_last(), open: tokens.openers() }))
        }
    }
}

/// What an argument list is applied to.
#[derive(Clone, Copy)]
pub(crate) enum Callee {
    Function(ExprId),
    Method(ExprId, Symbol),
}

impl Callee {
    /// The call with these arguments.
    pub(crate) fn call(self, ast: &mut Ast, arguments: Vec<ExprId>, last: TokenIndex) -> ExprId {
        let call = match self {
            Callee::Function(function) => Expr::Call(function, arguments),
            Callee::Method(object, name) => Expr::MethodCall(object, name, arguments),
        };
        ast.expr(call, last)
    }
}

/// `list` with one more element.
pub(crate) fn push<T>(mut list: Vec<T>, element: T) -> Vec<T> {
    list.push(element);
    list
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_error_at_the_end_says_so() {
        // A prompt then asks for another line.
        for (source, at_end) in [
            ("if x then", true),
            ("x = [[a\n", true),
            ("--[[", true),
            ("f(", true),
            ("x = 'a", true),
            ("x = = 1", false),
            ("end", false),
            ("x = '<eof>' '<eof>'", false),
        ] {
            assert_eq!(parse(source.as_bytes(), b"=t").unwrap_err().at_end, at_end, "{source}");
        }
    }

    #[test]
    fn depth_has_no_limit_here() {
        for (open, close) in
            [("(", ")"), ("{", "}"), ("f(", ")"), ("function() return ", " end"), ("not ", ""), ("a ^ ", "")]
        {
            let depth = 100_000;
            let source = format!("return {}1{}", open.repeat(depth), close.repeat(depth));
            assert!(parse(source.as_bytes(), b"=t").is_ok(), "{open}");
        }
        let source = format!("{}{}", "do ".repeat(100_000), "end ".repeat(100_000));
        assert!(parse(source.as_bytes(), b"=t").is_ok());
    }
}
