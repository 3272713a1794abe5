//! Macro definitions: what `#define` leaves behind.
//!
//! A body without parameters and `##` is a plain list of tokens, which expansion copies. Any other body is a *template*,
//! compiled once, here, from tokens to [`Piece`]s, so that expansion decides nothing twice:
//!
//! ```text
//!     #define LOG(fmt, ...)  log_ ## fmt(#fmt, ##__VA_ARGS__)
//!     pieces: Token log_, Paste, Param 0, Token (, Stringify 0, CommaRest 1, Token )
//! ```

use std::sync::Arc;

use super::{Token, spell};
use crate::c::{
    error::{Result, fault},
    journal::NameMap,
    lexer::Kind,
    name::{Name, Names, known},
    source::Loc,
};

/// The number of a definition. A definition outlives its `#undef`, since an expansion may be under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MacroId(u32);

impl MacroId {
    /// A dense index for tables by definition.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A definition.
#[derive(Debug)]
pub struct Macro {
    /// What it is called.
    pub name: Name,
    /// The parameters of a function-like macro.
    pub params: Option<Params>,
    /// What it stands for.
    pub body: Body,
}

/// The parameters of a function-like macro.
#[derive(Debug)]
pub struct Params {
    /// Their names; the last one is `__VA_ARGS__`, or its GNU name, if `variadic`.
    pub names: Vec<Name>,
    /// Whether the last one takes all the rest.
    pub variadic: bool,
}

/// What a macro stands for.
#[derive(Debug)]
pub enum Body {
    /// These tokens.
    Plain(Vec<Token>),
    /// Tokens with places to fill in.
    Template(Vec<Piece>),
    /// Something that the preprocessor computes when asked.
    Dynamic(Dynamic),
}

/// A macro whose value depends on where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Dynamic {
    File,
    BaseFile,
    Line,
    IncludeLevel,
    Counter,
    /// `__DATE__` and its like: gcc's text for a clock that it cannot read, so that a run can be repeated.
    Unknown(&'static str),
    /// Defined, so that `#ifdef __has_include` says so, but of use in conditions only.
    InConditions,
}

const DYNAMIC: &[(&str, Dynamic)] = &[
    ("__FILE__", Dynamic::File),
    ("__BASE_FILE__", Dynamic::BaseFile),
    ("__LINE__", Dynamic::Line),
    ("__INCLUDE_LEVEL__", Dynamic::IncludeLevel),
    ("__COUNTER__", Dynamic::Counter),
    ("__DATE__", Dynamic::Unknown("\"??? ?? ????\"")),
    ("__TIME__", Dynamic::Unknown("\"??:??:??\"")),
    ("__TIMESTAMP__", Dynamic::Unknown("\"??? ??? ?? ??:??:?? ????\"")),
    ("__has_include", Dynamic::InConditions),
    ("__has_include_next", Dynamic::InConditions),
    ("__has_attribute", Dynamic::InConditions),
    ("__has_cpp_attribute", Dynamic::InConditions),
    ("__has_c_attribute", Dynamic::InConditions),
    ("__has_builtin", Dynamic::InConditions),
];

/// A step of filling in a template.
#[derive(Debug)]
pub enum Piece {
    /// This token.
    Token(Token),
    /// The argument, expanded, or as it was written when `##` is beside it.
    Param {
        /// Which one.
        index: usize,
        /// Marks of the token that stood for it in the body.
        flags: u8,
        /// Whether `##` is beside it.
        raw: bool,
    },
    /// `#param`: the argument as a string.
    Stringify {
        /// Which one.
        index: usize,
        /// Marks of the `#`.
        flags: u8,
    },
    /// `##`: the last token so far and the next one become one.
    Paste,
    /// GNU's `, ## rest`: a comma and the rest, or nothing when the call has no argument for it.
    CommaRest {
        /// The comma.
        comma: Token,
        /// Which parameter takes the rest.
        index: usize,
    },
    /// `__VA_OPT__(…)`: its content if there is a rest.
    VaOpt {
        /// The content.
        content: Vec<Piece>,
        /// Marks of the word, or of the `#` before it.
        flags: u8,
        /// Whether `#` stood before it.
        stringify: bool,
    },
}

/// All definitions.
#[derive(Debug, Default)]
pub struct Macros {
    definitions: Vec<Arc<Macro>>,
    by_name: NameMap<MacroId>,
    /// `#pragma push_macro`: the definitions put aside.
    pushed: Vec<(Name, Option<MacroId>)>,
    /// How many definitions were there at the last commit.
    committed: usize,
    /// The next value of `__COUNTER__`.
    pub counter: u32,
}

impl Macros {
    /// The dynamic macros only.
    pub fn new(names: &mut Names) -> Self {
        let mut macros = Macros::default();
        for &(name, dynamic) in DYNAMIC {
            let name = names.intern(name);
            macros.define(Macro { name, params: None, body: Body::Dynamic(dynamic) });
        }
        macros.commit();
        macros
    }

    /// The definition that a name has now.
    #[inline]
    pub fn get(&self, name: Name) -> Option<MacroId> {
        self.by_name.get(name)
    }

    /// A definition.
    pub fn definition(&self, id: MacroId) -> &Arc<Macro> {
        &self.definitions[id.index()]
    }

    /// Gives a name its definition. A different one replaces it, as in gcc, where that is a warning.
    pub fn define(&mut self, definition: Macro) {
        let id = MacroId(self.definitions.len() as u32);
        self.by_name.set(definition.name, Some(id));
        self.definitions.push(Arc::new(definition));
    }

    /// Obeys `#undef`.
    pub fn undefine(&mut self, name: Name) {
        if self.get(name).is_some() {
            self.by_name.set(name, None);
        }
    }

    /// Obeys `#pragma push_macro`.
    pub fn push(&mut self, name: Name) {
        self.pushed.push((name, self.get(name)));
    }

    /// Obeys `#pragma pop_macro`.
    pub fn pop(&mut self, name: Name) {
        if let Some(at) = self.pushed.iter().rposition(|pushed| pushed.0 == name) {
            let (_, id) = self.pushed.remove(at);
            self.by_name.set(name, id);
        }
    }

    /// Every macro that is defined now.
    pub fn iter(&self) -> impl Iterator<Item = &Macro> + '_ {
        self.by_name.iter().map(|(_, id)| &*self.definitions[id.index()])
    }

    /// Makes everything since the last commit permanent.
    pub fn commit(&mut self) {
        self.by_name.commit();
        self.pushed.clear();
        self.committed = self.definitions.len();
    }

    /// Undoes everything since the last commit.
    pub fn roll_back(&mut self) {
        self.by_name.roll_back();
        self.pushed.clear();
        self.definitions.truncate(self.committed);
    }
}

/// Reads what stands behind `#define`: the tokens of the line, and at the end one [`Kind::Eof`].
pub fn parse_definition(names: &Names, line: &[Token]) -> Result<Macro> {
    let (&head, rest) = line.split_first().expect("a line ends in Eof");
    if head.kind != Kind::Ident {
        let message =
            if head.kind == Kind::Eof { "no macro name given in #define" } else { "macro names must be identifiers" };
        return fault(head.loc, message);
    }
    if matches!(head.name(), known::DEFINED | known::VA_ARGS | known::VA_OPT) {
        return fault(head.loc, format!("'{}' cannot be used as a macro name", names.text(head.name())));
    }
    let is_function = rest[0].kind == Kind::LParen && !rest[0].has_space();
    let (params, body) = if is_function {
        let (params, body) = parse_params(names, &rest[1..])?;
        (Some(params), body)
    } else {
        (None, rest)
    };
    let body = &body[..body.len() - 1];
    let special = |t: &Token| {
        t.kind == Kind::HashHash
            || params
                .as_ref()
                .is_some_and(|p| t.kind == Kind::Hash || p.index_of(*t).is_some() || p.variadic && is_va_opt(*t))
    };
    let body = if body.iter().any(special) {
        if let Some(t) = [body[0], body[body.len() - 1]].iter().find(|t| t.kind == Kind::HashHash) {
            return fault(t.loc, "'##' cannot appear at either end of a macro expansion");
        }
        Body::Template(Compiler { names, params: params.as_ref() }.pieces(body)?)
    } else {
        Body::Plain(body.to_vec())
    };
    Ok(Macro { name: head.name(), params, body })
}

fn is_va_opt(token: Token) -> bool {
    token.kind == Kind::Ident && token.name() == known::VA_OPT
}

impl Params {
    fn index_of(&self, token: Token) -> Option<usize> {
        if token.kind != Kind::Ident {
            return None;
        }
        self.names.iter().position(|&name| name == token.name())
    }
}

/// `params = [ ident { "," ident } ] [ "," ] [ "..." | ident "..." ] ")"`
fn parse_params<'t>(names: &Names, line: &'t [Token]) -> Result<(Params, &'t [Token])> {
    let mut params = Params { names: Vec::new(), variadic: false };
    let mut at = 0;
    if line[0].kind == Kind::RParen {
        return Ok((params, &line[1..]));
    }
    loop {
        let token = line[at];
        match token.kind {
            Kind::Ident if params.names.contains(&token.name()) => {
                return fault(token.loc, format!("duplicate macro parameter '{}'", names.text(token.name())));
            }
            Kind::Ident => {
                params.names.push(token.name());
                if line[at + 1].kind == Kind::Ellipsis {
                    params.variadic = true;
                    at += 1;
                }
            }
            Kind::Ellipsis => {
                params.names.push(known::VA_ARGS);
                params.variadic = true;
            }
            _ => return fault(token.loc, format!("parameter name expected near '{}'", spell(names, token))),
        }
        let separator = line[at + 1];
        match separator.kind {
            Kind::RParen => return Ok((params, &line[at + 2..])),
            Kind::Comma if !params.variadic => at += 2,
            _ => return fault(separator.loc, format!("')' expected near '{}'", spell(names, separator))),
        }
    }
}

struct Compiler<'a> {
    names: &'a Names,
    params: Option<&'a Params>,
}

impl Compiler<'_> {
    fn pieces(&self, body: &[Token]) -> Result<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(body.len());
        let is_paste = |at: usize| body.get(at).is_some_and(|t| t.kind == Kind::HashHash);
        let mut at = 0;
        while at < body.len() {
            let token = body[at];
            let raw = at > 0 && is_paste(at - 1) || is_paste(at + 1);
            at += 1;
            let param = self.params.and_then(|params| params.index_of(token));
            pieces.push(match token.kind {
                Kind::HashHash => Piece::Paste,
                Kind::Hash if self.params.is_some() => {
                    let operand = body.get(at).copied();
                    let index = operand.and_then(|operand| self.params?.index_of(operand));
                    match (index, operand) {
                        (Some(index), _) => {
                            at += 1;
                            Piece::Stringify { index, flags: token.flags }
                        }
                        (None, Some(operand)) if self.takes_va_opt(operand) => {
                            self.va_opt(body, &mut at, token, true)?
                        }
                        _ => return fault(token.loc, "'#' is not followed by a macro parameter"),
                    }
                }
                Kind::Comma if is_paste(at) && body.get(at + 1).is_some_and(|&t| self.is_rest(t)) => {
                    at += 2;
                    Piece::CommaRest { comma: token, index: self.rest() }
                }
                _ if self.takes_va_opt(token) => {
                    at -= 1;
                    self.va_opt(body, &mut at, token, false)?
                }
                _ => match param {
                    Some(index) => Piece::Param { index, flags: token.flags, raw },
                    None => Piece::Token(token),
                },
            });
        }
        Ok(pieces)
    }

    fn takes_va_opt(&self, token: Token) -> bool {
        is_va_opt(token) && self.params.is_some_and(|params| params.variadic)
    }

    fn rest(&self) -> usize {
        self.params.map_or(0, |params| params.names.len() - 1)
    }

    fn is_rest(&self, token: Token) -> bool {
        self.params.is_some_and(|params| params.variadic && params.index_of(token) == Some(params.names.len() - 1))
    }

    /// Compiles `__VA_OPT__(…)`, which begins at `at`, and moves `at` behind it.
    fn va_opt(&self, body: &[Token], at: &mut usize, mark: Token, stringify: bool) -> Result<Piece> {
        let open = *at + 1;
        let mut depth = 0;
        for (index, token) in body.iter().enumerate().skip(open) {
            match token.kind {
                Kind::LParen => depth += 1,
                Kind::RParen => depth -= 1,
                Kind::Ident if depth > 0 && token.name() == known::VA_OPT => {
                    return fault(token.loc, "__VA_OPT__ may not appear in a __VA_OPT__");
                }
                _ => {}
            }
            if depth == 0 {
                if index == open {
                    break; // no parenthesis
                }
                *at = index + 1;
                let content = &body[open + 1..index];
                if let Some(t) =
                    [content.first(), content.last()].into_iter().flatten().find(|t| t.kind == Kind::HashHash)
                {
                    return fault(t.loc, "'##' cannot appear at either end of __VA_OPT__");
                }
                return Ok(Piece::VaOpt { content: self.pieces(content)?, flags: mark.flags, stringify });
            }
        }
        let word = body[*at];
        fault(word.loc, format!("unterminated {}", self.names.text(word.name())))
    }
}

impl Token {
    /// Where a definition's token came from does not matter once it is defined: expansions are placed at their use.
    pub(super) fn homeless(self) -> Token {
        Token { loc: Loc::NOWHERE, ..self }
    }
}
