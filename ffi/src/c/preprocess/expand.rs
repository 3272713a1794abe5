//! Macro expansion.
//!
//! The tokens of an expansion are pushed as a *context* and read again from there, which finds the macros inside them.
//! While a context is on the stack its macro is disabled: an identifier that names it is "painted" and stays an
//! identifier for ever, also when it is later read where the macro is enabled again.
//!
//! ```text
//!     #define f(x) x + f(x)
//!     f(1)          contexts: [1 + f(1)] of f: the inner f is painted, the result is 1 + f(1)
//!     f(f)(1)       the argument f, not followed by "(", stays; behind the first expansion it meets (1), painted by then
//! ```
//!
//! A context is popped only when the next token is asked for. So a function-like macro whose name is the last token of a
//! context is looked at again together with what follows, with the macro of that context enabled, as gcc does it (the
//! standard leaves it open).

use std::sync::Arc;

use super::{
    Preprocessor, Token,
    macros::{Body, Dynamic, Macro, MacroId, Params},
    paste::Output,
};
use crate::c::{
    error::{Result, fault},
    lexer::{Kind, Lexeme},
    name::{Name, known},
    source::Loc,
};

const MAX_EXPANDED: usize = 8_000_000;
const MAX_ARGUMENT_DEPTH: usize = 256;

/// A run of tokens that is read before the file is read on.
#[derive(Debug)]
pub(super) struct Context {
    /// Where its tokens are in the stack of tokens.
    start: usize,
    next: usize,
    end: usize,
    /// The macro that is disabled meanwhile.
    of: Option<MacroId>,
    /// Its end is the end of all tokens: an argument, or the line of a directive.
    pub(super) is_barrier: bool,
    /// The token behind it has a space before it, whatever it says itself.
    owes_space: bool,
}

impl Context {
    #[inline]
    pub(super) fn take(&mut self, stack: &[Token]) -> Option<Token> {
        let token = *stack[..self.end].get(self.next)?;
        self.next += 1;
        Some(token)
    }
}

impl Preprocessor<'_> {
    /// The next token, with macros expanded.
    pub(super) fn next(&mut self) -> Result<Token> {
        loop {
            let token = self.take()?;
            if token.kind != Kind::Ident || token.flags & Token::PAINTED != 0 {
                return Ok(token);
            }
            if self.in_condition
                && let Some(value) = self.condition_operator(token)?
            {
                return Ok(value);
            }
            let Some(id) = self.macros.get(token.name()) else {
                if token.is(known::PRAGMA_OPERATOR) {
                    if let Some(token) = self.pragma_operator(token)? {
                        return Ok(token);
                    }
                    continue;
                }
                return Ok(token);
            };
            if self.is_disabled(id) {
                return Ok(paint(token));
            }
            if !self.expand(token, id)? {
                return Ok(token);
            }
        }
    }

    /// Expands tokens that stand for themselves: an argument, or the rest of a directive.
    pub(super) fn expand_all(&mut self, tokens: &[Token]) -> Result<Vec<Token>> {
        self.push_context(tokens, None, true)?;
        let mut expanded = Vec::with_capacity(tokens.len());
        loop {
            let token = self.next()?;
            if token.kind == Kind::Eof {
                break;
            }
            expanded.push(token);
        }
        self.pop_context();
        self.owes_space = false;
        Ok(expanded)
    }

    /// Pushes tokens to be read next.
    pub(super) fn push_context(&mut self, tokens: &[Token], of: Option<MacroId>, is_barrier: bool) -> Result<()> {
        let start = self.stack.len();
        self.stack.extend_from_slice(tokens);
        self.open_context(start, of, is_barrier)
    }

    /// Makes a context of the tokens from `start` up to the top of the stack.
    fn open_context(&mut self, start: usize, of: Option<MacroId>, is_barrier: bool) -> Result<()> {
        let end = self.stack.len();
        self.expanded_tokens += end - start;
        if self.expanded_tokens > MAX_EXPANDED {
            return fault(self.invocation, "macro expansion is too large");
        }
        if let Some(id) = of {
            if id.index() >= self.disabled.len() {
                self.disabled.resize(id.index() + 64, false);
            }
            self.disabled[id.index()] = true;
        }
        self.contexts.push(Context { start, next: start, end, of, is_barrier, owes_space: false });
        Ok(())
    }

    pub(super) fn pop_context(&mut self) {
        if let Some(context) = self.contexts.pop() {
            self.stack.truncate(context.start);
            self.owes_space |= context.owes_space;
            if let Some(id) = context.of {
                self.disabled[id.index()] = false;
            }
        }
    }

    fn is_disabled(&self, id: MacroId) -> bool {
        self.disabled.get(id.index()).copied().unwrap_or(false)
    }

    /// Replaces the use of a macro by its tokens. Says false if it is none: a function-like macro without arguments.
    fn expand(&mut self, at: Token, id: MacroId) -> Result<bool> {
        if self.contexts.is_empty() {
            self.invocation = at.loc;
        }
        let definition = Arc::clone(self.macros.definition(id));
        match (&definition.params, &definition.body) {
            (None, Body::Plain(body)) => self.push_body(body, at, id)?,
            (None, Body::Dynamic(dynamic)) => {
                let token = self.dynamic(*dynamic, at)?;
                self.push_context(&[token], None, false)?;
            }
            (None, Body::Template(pieces)) => {
                let output = self.fill_in(pieces, &mut [], false, at)?;
                self.push_expansion(output, at, id)?;
            }
            (Some(params), body) => {
                if !self.takes_paren()? {
                    return Ok(false);
                }
                let mut arguments = self.arguments(&definition, params, at)?;
                match body {
                    Body::Plain(body) => self.push_body(body, at, id)?,
                    Body::Template(pieces) => {
                        let output = self.fill_in(pieces, &mut arguments, params.variadic, at)?;
                        self.push_expansion(output, at, id)?;
                    }
                    Body::Dynamic(_) => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    fn push_body(&mut self, body: &[Token], at: Token, id: MacroId) -> Result<()> {
        let start = self.stack.len();
        self.stack.extend(body.iter().map(|&token| Token { loc: at.loc, ..token }));
        self.finish_expansion(start, false, at, id)
    }

    fn push_expansion(&mut self, output: Output, at: Token, id: MacroId) -> Result<()> {
        let start = self.stack.len();
        self.stack.extend(output.tokens);
        self.finish_expansion(start, output.owes_space, at, id)
    }

    /// The first token has a space before it if the macro's name had; what comes after it inherits the space of
    /// something empty at the end.
    fn finish_expansion(&mut self, start: usize, mut owes_space: bool, at: Token, id: MacroId) -> Result<()> {
        match self.stack.get_mut(start) {
            Some(first) => first.flags = first.flags & !Lexeme::SPACE | at.flags & Lexeme::SPACE,
            None => owes_space |= at.has_space(),
        }
        self.open_context(start, Some(id), false)?;
        if let Some(context) = self.contexts.last_mut() {
            context.owes_space = owes_space;
        }
        Ok(())
    }

    /// Takes the "(" of a macro's arguments if it comes next. The end of a file or a directive is not looked behind.
    fn takes_paren(&mut self) -> Result<bool> {
        while let Some(context) = self.contexts.last_mut() {
            match context.take(&self.stack) {
                Some(token) if token.kind == Kind::LParen => {
                    self.owes_space = false;
                    return Ok(true);
                }
                Some(_) => {
                    context.next -= 1;
                    return Ok(false);
                }
                None if context.is_barrier => return Ok(false),
                None => self.pop_context(),
            }
        }
        let Some(file) = self.files.last_mut() else { return Ok(false) };
        let found = file.text.lexemes.get(file.next).is_some_and(|lexeme| lexeme.kind == Kind::LParen);
        file.next += usize::from(found);
        Ok(found)
    }

    /// Reads arguments up to the ")". Commas inside parentheses belong to the argument.
    fn arguments(&mut self, of: &Macro, params: &Params, at: Token) -> Result<Vec<Argument>> {
        let outer = std::mem::replace(&mut self.in_arguments, true);
        let mut arguments = vec![Argument::default()];
        let mut depth = 0;
        loop {
            let token = self.take()?;
            let is_rest = params.variadic && arguments.len() == params.names.len();
            match token.kind {
                Kind::Eof => {
                    let name = self.names.text(of.name);
                    return fault(at.loc, format!("unterminated argument list invoking macro '{name}'"));
                }
                Kind::LParen => depth += 1,
                Kind::RParen if depth == 0 => break,
                Kind::RParen => depth -= 1,
                Kind::Comma if depth == 0 && !is_rest => {
                    arguments.push(Argument::default());
                    continue;
                }
                _ => {}
            }
            let painted =
                token.kind == Kind::Ident && self.macros.get(token.name()).is_some_and(|id| self.is_disabled(id));
            let argument = arguments.last_mut().expect("there is always one");
            argument.tokens.push(if painted { paint(token) } else { token });
        }
        self.in_arguments = outer;

        let (expected, given) = (params.names.len(), arguments.len());
        if expected == 0 && given == 1 && arguments[0].tokens.is_empty() {
            arguments.clear();
        } else if params.variadic && given + 1 == expected {
            arguments.push(Argument { is_absent: true, ..Argument::default() });
        } else if params.variadic && expected == 1 && arguments[0].tokens.is_empty() {
            arguments[0].is_absent = true;
        } else if given != expected {
            let name = self.names.text(of.name);
            return fault(
                at.loc,
                match given < expected {
                    true => format!("macro '{name}' requires {expected} arguments, but only {given} given"),
                    false => format!("macro '{name}' passed {given} arguments, but takes just {expected}"),
                },
            );
        }
        Ok(arguments)
    }

    /// The argument expanded, as if it were all the text there is; computed when first asked for.
    pub(super) fn expanded<'a>(&mut self, argument: &'a mut Argument) -> Result<&'a [Token]> {
        if argument.expanded.is_none() {
            if self.argument_depth == MAX_ARGUMENT_DEPTH {
                return fault(self.invocation, "macro arguments nest too deeply");
            }
            self.argument_depth += 1;
            argument.expanded = Some(self.expand_all(&argument.tokens)?);
            self.argument_depth -= 1;
        }
        Ok(argument.expanded.as_deref().unwrap_or_default())
    }

    fn dynamic(&mut self, dynamic: Dynamic, at: Token) -> Result<Token> {
        let number = |n: u32| (Kind::Number, n.to_string());
        let quoted = |text: &str| (Kind::Str, format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
        let here = self.map.position(at.loc);
        let (kind, text) = match dynamic {
            Dynamic::Line => number(here.map_or(0, |position| position.line)),
            Dynamic::File => quoted(here.as_ref().map_or("", |position| position.origin.name())),
            Dynamic::BaseFile => {
                let outermost = self.map.include_chain(at.loc).pop().or(here);
                quoted(outermost.as_ref().map_or("", |position| position.origin.name()))
            }
            Dynamic::IncludeLevel => number(self.files.len() as u32 - 1),
            Dynamic::Counter => {
                self.macros.counter += 1;
                number(self.macros.counter - 1)
            }
            Dynamic::Unknown(text) => (Kind::Str, text.into()),
            Dynamic::InConditions => {
                let name = self.names.text(at.name());
                return fault(at.loc, format!("'{name}' is only for preprocessing conditions"));
            }
        };
        let name = self.names.intern(text);
        Ok(Token { kind, value: name.0, ..at })
    }

    /// Obeys `_Pragma("text")`.
    fn pragma_operator(&mut self, at: Token) -> Result<Option<Token>> {
        let wrong = |loc: Loc| fault(loc, "_Pragma takes a parenthesized string literal");
        if !self.takes_paren()? {
            return wrong(at.loc);
        }
        let (text, close) = (self.take()?, self.take()?);
        if text.kind != Kind::Str || close.kind != Kind::RParen {
            return wrong(text.loc);
        }
        let literal = self.names.text(text.name()).into_owned();
        let inner = &literal[literal.find('"').map_or(0, |quote| quote + 1)..literal.len() - 1];
        let tokens = self.lex_line(inner.replace("\\\"", "\"").replace("\\\\", "\\"), at.loc);
        self.pragma(&tokens)
    }
}

/// What a macro was given for one parameter.
#[derive(Debug, Default)]
pub(super) struct Argument {
    /// As it was written.
    pub tokens: Vec<Token>,
    /// Not even written: the rest of a variadic macro that was called without the comma before it.
    pub is_absent: bool,
    expanded: Option<Vec<Token>>,
}

fn paint(token: Token) -> Token {
    Token { flags: token.flags | Token::PAINTED, ..token }
}

/// A token that the preprocessor makes up.
pub(super) fn made(kind: Kind, name: Name, at: Token) -> Token {
    Token { kind, flags: at.flags & Lexeme::SPACE, value: name.0, loc: at.loc }
}
