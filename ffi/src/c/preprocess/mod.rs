//! The preprocessor (C17 6.10, with the GNU extensions that headers use): text in, tokens out.
//!
//! ```text
//!     Text (lexed)         files: a stack, the innermost include on top
//!        | take_from_file  obeys directives, skips the groups of #if (directive.rs, condition.rs)
//!        v
//!     contexts             a stack of token runs: macro bodies, arguments, tokens put back
//!        | take            the next token, unexpanded
//!        v
//!     next                 expands macros (expand.rs; # and ## in paste.rs)
//! ```
//!
//! Read in this order: this file, `macros.rs` (what a definition is), `expand.rs`, `paste.rs`, `directive.rs`,
//! `condition.rs`.
//!
//! A run preprocesses one text to its end, before the parser sees any of it. Its state (macros, guards) lives on in
//! [`Macros`] and [`Headers`], for the next `cdef` and for macros as constants.
//!
//! Limits, each with a clear error: 200 nested includes, 256 nested macro arguments, 8 million tokens out of macros, 256 MB
//! of text. Without them ten lines can ask for the age of the universe.

mod condition;
mod directive;
mod expand;
pub mod macros;
mod paste;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{directive::Conditional, expand::Context, macros::Macros};
use super::{
    error::{Result, fault},
    headers::{HeaderFiles, Headers},
    lexer::{Kind, Lexeme},
    name::{Name, Names},
    source::{Loc, Origin, SourceMap, Text},
};

/// A preprocessing token on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// `Lexeme::SPACE`, and `PAINTED`.
    flags: u8,
    /// The number of its name; for `Pack` the limit in bytes, for `Param` the parameter's index.
    value: u32,
    /// Where it came from; for the tokens of a macro's body, where the macro was used.
    pub loc: Loc,
}

impl Token {
    /// An identifier that was met inside its own expansion: it will never be expanded ("blue paint").
    const PAINTED: u8 = 4;

    /// A token spelled by a name, or by its kind if it is a punctuator.
    pub fn new(kind: Kind, name: Name, loc: Loc) -> Token {
        Token { kind, flags: 0, value: name.0, loc }
    }

    /// The end of the tokens.
    pub fn eof(loc: Loc) -> Token {
        Token::new(Kind::Eof, Name::EMPTY, loc)
    }

    /// The spelling of an identifier or a literal.
    pub fn name(self) -> Name {
        Name(self.value)
    }

    /// The limit, in bytes, that a `Pack` sets for the alignment of members; 0 for none.
    pub fn pack_limit(self) -> u8 {
        self.value as u8
    }

    /// Which parameter of the text a `Param` stands for.
    pub fn param_index(self) -> usize {
        self.value as usize
    }

    fn has_space(self) -> bool {
        self.flags & Lexeme::SPACE != 0
    }

    fn is(self, name: Name) -> bool {
        self.kind == Kind::Ident && self.name() == name
    }
}

/// A token as text, for messages and for `#`.
pub fn spell(names: &Names, token: Token) -> Cow<'_, str> {
    match token.kind {
        Kind::Eof => "<eof>".into(),
        Kind::Param => "$".into(),
        Kind::Stray if let [byte @ (0..32 | 127)] = spelling(names, token) => format!("char({byte})").into(),
        _ => String::from_utf8_lossy(spelling(names, token)),
    }
}

fn spelling(names: &Names, token: Token) -> &[u8] {
    match token.kind.spelling() {
        "" if matches!(token.kind, Kind::Ident | Kind::Number | Kind::Str | Kind::Char | Kind::Stray) => {
            names.spelling(token.name())
        }
        fixed => fixed.as_bytes(),
    }
}

const MAX_INCLUDES: usize = 200;
const MAX_TEXT: usize = 256 << 20;

/// A text that is being read.
#[derive(Debug)]
struct File {
    text: Arc<Text>,
    /// The number of its first byte.
    base: u32,
    /// Index of the next lexeme.
    next: usize,
    /// The `#if`s that are open, with all they know.
    conditionals: Vec<Conditional>,
    /// Its path; empty for pasted text.
    path: PathBuf,
    /// See [`super::headers::Header::depth`].
    depth: usize,
    /// A macro that may turn out to guard the whole file.
    guard: Option<Name>,
}

/// A run and its state.
#[derive(Debug)]
struct Preprocessor<'u> {
    names: &'u mut Names,
    macros: &'u mut Macros,
    headers: &'u mut Headers,
    /// How many parameters (`$`) the text takes from its caller, and how many it has taken.
    params: usize,
    params_taken: usize,
    map: SourceMap,
    files: Vec<File>,
    text_read: usize,
    contexts: Vec<Context>,
    /// The tokens of all contexts, the innermost last.
    stack: Vec<Token>,
    /// For each definition whether it is being expanded.
    disabled: Vec<bool>,
    /// The next token has a space before it, since something empty that had one stood there.
    owes_space: bool,
    expanded_tokens: usize,
    argument_depth: usize,
    /// Inside the arguments of a macro: the file may not end there.
    in_arguments: bool,
    /// Inside `#if`: `defined` and its like are operators.
    in_condition: bool,
    /// Where the outermost macro that is being expanded was used, for messages.
    invocation: Loc,
    pack: Vec<u8>,
    pack_limit: u8,
}

/// What outlives a run: names, macros, and what is known of headers.
#[derive(Debug)]
pub struct Environment {
    /// All spellings.
    pub names: Names,
    /// All macros.
    pub macros: Macros,
    /// Where headers are, and which need no second look.
    pub headers: Headers,
}

/// A text to preprocess.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The bytes.
    pub text: &'a [u8],
    /// What messages and `__FILE__` call it.
    pub name: &'a str,
    /// Where its `"…"` headers are looked for first.
    pub folder: &'a Path,
    /// How many parameters `$` may stand for.
    pub params: usize,
}

impl<'a> Source<'a> {
    /// A text without parameters, in the current folder.
    pub fn pasted(text: &'a (impl AsRef<[u8]> + ?Sized), name: &'a str) -> Self {
        Source { text: text.as_ref(), name, folder: Path::new(""), params: 0 }
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Preprocessed {
    /// The tokens, and at the end one [`Kind::Eof`].
    pub tokens: Vec<Token>,
    /// How many `$` were met.
    pub params_taken: usize,
}

const PREDEFINED: &str = include_str!("../builtin/x86_64-linux-gnu.h");

impl Environment {
    /// The predefined macros, and headers from the given files.
    pub fn new(files: Box<dyn HeaderFiles>) -> Self {
        let mut names = Names::new();
        let macros = Macros::new(&mut names);
        let mut environment = Environment { names, macros, headers: Headers::new(files) };
        let predefined = Source::pasted(PREDEFINED, "<predefined>");
        environment.preprocess(predefined, &mut SourceMap::default()).expect("the predefined macros are well-formed");
        environment.commit();
        environment
    }

    /// Preprocesses a text whole. The map, which the caller needs most after an error, is filled in either case.
    ///
    /// What the text defines stays until [`Self::roll_back`]; the caller does one of commit and roll back.
    pub fn preprocess(&mut self, source: Source<'_>, map: &mut SourceMap) -> Result<Preprocessed> {
        let mut run = Preprocessor {
            names: &mut self.names,
            macros: &mut self.macros,
            headers: &mut self.headers,
            params: source.params,
            params_taken: 0,
            map: std::mem::take(map),
            files: Vec::new(),
            text_read: 0,
            contexts: Vec::new(),
            stack: Vec::new(),
            disabled: Vec::new(),
            owes_space: false,
            expanded_tokens: 0,
            argument_depth: 0,
            in_arguments: false,
            in_condition: false,
            invocation: Loc::NOWHERE,
            pack: Vec::new(),
            pack_limit: 0,
        };
        let result = run.run(source);
        *map = run.map;
        result
    }

    /// Makes what was defined since the last commit permanent.
    pub fn commit(&mut self) {
        self.macros.commit();
        self.headers.commit();
    }

    /// Undoes it.
    pub fn roll_back(&mut self) {
        self.macros.roll_back();
        self.headers.roll_back();
    }
}

impl Preprocessor<'_> {
    fn run(&mut self, source: Source<'_>) -> Result<Preprocessed> {
        // A path that ends in a file, so that its parent is the folder where "…" looks first.
        let path = source.folder.join("-");
        let text = Arc::new(Text::new(source.text.to_vec()));
        self.enter(text, Origin::Pasted(source.name.into()), path, 0, Loc::NOWHERE)?;
        let mut tokens = Vec::new();
        loop {
            let token = self.next()?;
            tokens.push(token);
            if token.kind == Kind::Eof {
                return Ok(Preprocessed { tokens, params_taken: self.params_taken });
            }
        }
    }

    /// Begins to read a text.
    fn enter(&mut self, text: Arc<Text>, origin: Origin, path: PathBuf, depth: usize, from: Loc) -> Result<()> {
        self.text_read += text.bytes.len();
        if self.files.len() > MAX_INCLUDES {
            return fault(from, "#include nests too deeply");
        }
        if self.text_read > MAX_TEXT {
            return fault(from, "too much text is included");
        }
        let Some(base) = self.map.enter(Arc::clone(&text), origin, from) else {
            return fault(from, "too much text is included");
        };
        self.files.push(File { text, base, next: 0, conditionals: Vec::new(), path, depth, guard: None });
        Ok(())
    }

    /// The next token, unexpanded: from the innermost context that has one, else from the files.
    fn take(&mut self) -> Result<Token> {
        while let Some(context) = self.contexts.last_mut() {
            if let Some(token) = context.take(&self.stack) {
                return Ok(self.with_owed_space(token));
            }
            if context.is_barrier {
                return Ok(Token::eof(self.invocation));
            }
            self.pop_context();
        }
        let token = self.take_from_file()?;
        Ok(self.with_owed_space(token))
    }

    fn with_owed_space(&mut self, token: Token) -> Token {
        let space = if std::mem::take(&mut self.owes_space) { Lexeme::SPACE } else { 0 };
        Token { flags: token.flags | space, ..token }
    }

    fn take_from_file(&mut self) -> Result<Token> {
        loop {
            let Some(file) = self.files.last_mut() else { return Ok(Token::eof(Loc::NOWHERE)) };
            let Some(&lexeme) = file.text.lexemes.get(file.next) else {
                let end = Token::eof(Loc(file.base + file.text.bytes.len() as u32));
                if let Some(open) = file.conditionals.last() {
                    return fault(open.loc, format!("unterminated #{}", open.directive));
                }
                if self.files.len() == 1 || self.in_arguments {
                    return Ok(end);
                }
                self.leave_file();
                continue;
            };
            if lexeme.kind == Kind::Hash && lexeme.is_first() {
                if let Some(token) = self.directive()? {
                    return Ok(token);
                }
                continue;
            }
            file.next += 1;
            let token = intern_lexeme(self.names, &file.text, file.base, lexeme);
            return self.admit(token);
        }
    }

    /// Checks what only the preprocessor can, and turns `$` into the parameter that it stands for.
    fn admit(&mut self, token: Token) -> Result<Token> {
        match token.kind {
            Kind::UnfinishedComment => fault(token.loc, "unfinished comment"),
            Kind::Dollar if self.files.len() == 1 && self.params > 0 => {
                if self.params_taken == self.params {
                    return fault(token.loc, "wrong number of type parameters");
                }
                self.params_taken += 1;
                Ok(Token { kind: Kind::Param, value: self.params_taken as u32 - 1, ..token })
            }
            _ => Ok(token),
        }
    }

    /// Ends an included file, and notes its guard if all of it stood inside one.
    fn leave_file(&mut self) {
        if let Some(File { path, guard: Some(guard), .. }) = self.files.pop() {
            self.headers.set_guard(&path, guard);
        }
    }
}

/// The token of a lexeme.
fn intern_lexeme(names: &mut Names, text: &Text, base: u32, lexeme: Lexeme) -> Token {
    let name = match lexeme.kind {
        Kind::Ident | Kind::Number | Kind::Str | Kind::Char | Kind::Stray => names.intern(text.slice(lexeme)),
        _ => Name::EMPTY,
    };
    let flags = lexeme.flags & Lexeme::SPACE;
    Token { kind: lexeme.kind, flags, value: name.0, loc: Loc(base + lexeme.start) }
}
