//! The token source: from preprocessing tokens to those of the grammar, with all that is contextual in C.
//!
//! - **Type names.** `foo * x` declares `x` if `foo` is a type, and multiplies otherwise. An identifier is a type's name when
//!   the scope says so *and* no type specifier has been seen in this specifier list, so that `typedef int foo; struct {
//!   foo foo; };` works. A list begins anew in brackets, behind a `;`, and behind a parameter's comma.
//! - **Bodies.** A `{` at the outermost level that is neither a struct's nor an initialiser's begins a function's body. It is
//!   skipped, and one token stands for it.
//! - **Ends.** A declaration ends at a `;` of the outermost level or with a body; the parser gets no token beyond it, so that
//!   its typedef is known when the next one begins. The last `;` of a text may be missing, as in LuaJIT.
//! - **Attributes.** Names inside `__attribute__((…))` are identifiers even if they are keywords, and operands of attributes
//!   that mean nothing to us are dropped, whatever tokens they hold. `[[…]]` is dropped whole.
//! - **Depth.** Brackets nest to a fixed depth, so that what walks the syntax needs no limit of its own.

use super::{
    attribute::Attribute,
    error::{Result, fault},
    lexer::Kind,
    name::{Name, Names, known},
    preprocess,
    scope::Scope,
    source::Loc,
    token::{Keywords, Token},
};
use crate::ctype::{CTypeId, Constant, Value};

const MAX_DEPTH: usize = 200;

/// What a `$` stands for.
#[derive(Clone, PartialEq, Debug)]
pub enum Param {
    /// A type.
    Type(CTypeId),
    /// An identifier.
    Name(Vec<u8>),
    /// A constant.
    Constant(Constant),
}

impl Param {
    /// An integer constant.
    pub fn int(value: i64) -> Param {
        let ctype = if i32::try_from(value).is_ok() { CTypeId::INT32 } else { CTypeId::INT64 };
        Param::Constant(Constant { ctype, value: Value::Int(value as u64) })
    }
}

/// What identifiers are, to the token source.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The spellings.
    pub names: &'a Names,
    /// C's words.
    pub keywords: &'a Keywords,
    /// What is declared.
    pub scope: &'a Scope,
    /// What `$` stands for; the names of [`Param::Name`] are interned in the second list.
    pub params: (&'a [Param], &'a [Name]),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bracket {
    Paren,
    /// The first and the second one of `__attribute__((…))`.
    Attribute,
    AttributeList,
    Square,
    Brace,
    EnumBrace,
}

/// A keyword whose braces may follow, after attributes and a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    Record,
    Enum,
}

/// What waits outside of a bracket.
#[derive(Clone, Copy, Debug)]
struct Level {
    bracket: Bracket,
    typed: bool,
    head: Option<Head>,
}

/// Where a token stood, for messages about it.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    typed: bool,
    inside: Option<Bracket>,
}

/// The place in a run of preprocessing tokens; it goes from declaration to declaration.
#[derive(Debug)]
pub struct Tokens<'t> {
    tokens: &'t [preprocess::Token],
    at: usize,
    /// The limit of `#pragma pack` here.
    pack: u8,
}

impl<'t> Tokens<'t> {
    /// Begins. The tokens end in `Eof`.
    pub fn new(tokens: &'t [preprocess::Token]) -> Self {
        Tokens { tokens, at: 0, pack: 0 }
    }

    /// Passes what is not C but for C, and says whether anything is left.
    pub fn is_at_end(&mut self) -> bool {
        self.peek().kind == Kind::Eof
    }

    fn peek(&mut self) -> preprocess::Token {
        while self.tokens[self.at].kind == Kind::Pack {
            self.pack = self.tokens[self.at].pack_limit();
            self.at += 1;
        }
        self.tokens[self.at]
    }

    fn take(&mut self) -> preprocess::Token {
        let token = self.peek();
        if token.kind != Kind::Eof {
            self.at += 1;
        }
        token
    }
}

/// The tokens of one declaration, one type or one constant.
#[derive(Debug)]
pub struct TokenSource<'s, 't> {
    tokens: &'s mut Tokens<'t>,
    words: Words<'s>,
    /// The pseudo token that has yet to come.
    want: Option<Token>,
    is_external: bool,
    levels: Vec<Level>,
    /// A type specifier has been seen in the specifier list of this level.
    typed: bool,
    head: Option<Head>,
    /// Behind the `:` of an enumeration's underlying type.
    in_enum_base: bool,
    previous: Option<Token>,
    /// The last token as it is spelled, for messages: the parser never looks further ahead.
    last: preprocess::Token,
    before_last: Snapshot,
    ended: bool,
}

impl<'s, 't> TokenSource<'s, 't> {
    /// The source of what the pseudo token says.
    pub fn new(tokens: &'s mut Tokens<'t>, words: Words<'s>, want: Token) -> Self {
        TokenSource {
            tokens,
            words,
            want: Some(want),
            is_external: want == Token::WantExternal,
            levels: Vec::new(),
            typed: false,
            head: None,
            in_enum_base: false,
            previous: None,
            last: preprocess::Token::eof(Loc::NOWHERE),
            before_last: Snapshot { typed: false, inside: None },
            ended: false,
        }
    }

    /// For messages: the last token that was given.
    pub(super) fn last(&self) -> preprocess::Token {
        self.last
    }

    /// For messages: whether a type specifier was still missing before that token.
    pub(super) fn wants_type(&self) -> bool {
        !self.before_last.typed
    }

    /// For messages: what would have closed the innermost bracket there.
    pub(super) fn closer(&self) -> Option<&'static str> {
        Some(match self.before_last.inside? {
            Bracket::Paren | Bracket::Attribute | Bracket::AttributeList => ")",
            Bracket::Square => "]",
            Bracket::Brace | Bracket::EnumBrace => "}",
        })
    }

    fn inside(&self) -> Option<Bracket> {
        self.levels.last().map(|level| level.bracket)
    }

    fn token(&mut self) -> Result<Option<(Loc, Token)>> {
        if self.ended {
            return Ok(None);
        }
        loop {
            let raw = self.tokens.take();
            let Some(token) = self.classify(raw)? else { continue };
            (self.last, self.before_last) = (raw, Snapshot { typed: self.typed, inside: self.inside() });
            self.check_specifiers(token)?;
            self.follow(token, raw.loc)?;
            self.previous = Some(token);
            return Ok(Some((raw.loc, token)));
        }
    }

    /// What a preprocessing token is to the grammar; nothing if it is to be passed over.
    fn classify(&mut self, raw: preprocess::Token) -> Result<Option<Token>> {
        Ok(Some(match raw.kind {
            Kind::Ident => return self.word(raw.name()),
            Kind::Number => Token::Number(raw.name()),
            Kind::Str => Token::Str(raw.name()),
            Kind::Char => Token::Char(raw.name()),
            Kind::RBrace => Token::Close(self.tokens.pack),
            Kind::Param => self.given(raw),
            Kind::LBracket if self.tokens.peek().kind == Kind::LBracket => {
                self.skip_balanced(Kind::LBracket, Kind::RBracket, raw.loc)?;
                return Ok(None);
            }
            Kind::Colon if self.head == Some(Head::Enum) && self.begins_type() => Token::EnumColon,
            Kind::LBrace if self.begins_body() => {
                self.skip_balanced(Kind::LBrace, Kind::RBrace, raw.loc)?;
                Token::Body
            }
            Kind::Dollar => return fault(raw.loc, "wrong number of type parameters"),
            Kind::Eof if self.is_external && self.levels.is_empty() => Token::Punct(Kind::Semi),
            Kind::Eof => Token::Eof,
            Kind::Stray if matches!(self.words.names.spelling(raw.name()).first(), Some(b'"' | b'\'')) => {
                return fault(raw.loc, "unfinished string");
            }
            kind => Token::Punct(kind),
        }))
    }

    fn word(&mut self, name: Name) -> Result<Option<Token>> {
        if self.previous == Some(Token::Declspec) {
            return Ok(Some(Token::Ident(name)));
        }
        if self.inside() == Some(Bracket::AttributeList) {
            if self.tokens.peek().kind == Kind::LParen
                && Attribute::named(self.words.names.spelling(name)) == Attribute::Ignored
            {
                let open = self.tokens.take();
                self.skip_balanced(Kind::LParen, Kind::RParen, open.loc)?;
            }
            return Ok(Some(Token::Ident(name)));
        }
        Ok(Some(match self.words.keywords.get(name) {
            Some(Token::Skip) => return Ok(None),
            Some(Token::SkipWithOperand) => {
                if self.tokens.peek().kind == Kind::LParen {
                    let open = self.tokens.take();
                    let next = self.tokens.peek();
                    if next.kind == Kind::Ident && self.words.names.spelling(next.name()) == b"align" {
                        self.open(Bracket::Paren, self.head, open.loc)?;
                        return Ok(Some(Token::Declspec));
                    }
                    self.skip_balanced(Kind::LParen, Kind::RParen, open.loc)?;
                }
                return Ok(None);
            }
            Some(Token::Atomic) if self.tokens.peek().kind != Kind::LParen => Token::Qualifier(Default::default()),
            Some(keyword) => keyword,
            None => self.identifier(name),
        }))
    }

    fn identifier(&self, name: Name) -> Token {
        let after_dot = matches!(self.previous, Some(Token::Punct(Kind::Dot | Kind::Arrow)));
        if !self.typed && !after_dot && self.words.scope.is_type(name) {
            return Token::TypeName(name);
        }
        // LuaJIT has `complex` for `_Complex`. It is one beside a floating type, and where a type must come.
        let beside_type = !self.typed || matches!(self.previous, Some(Token::Basic(_)));
        if name == known::COMPLEX && beside_type && !after_dot && !self.words.scope.is_declared(name) {
            return Token::Basic(super::ast::Basic::Complex);
        }
        Token::Ident(name)
    }

    fn given(&self, raw: preprocess::Token) -> Token {
        let (params, names) = self.words.params;
        match (&params[raw.param_index()], names[raw.param_index()]) {
            (Param::Type(id), _) => Token::GivenType(*id),
            (Param::Constant(_), _) => Token::Given(raw.param_index() as u32),
            (Param::Name(_), name) => self.identifier(name),
        }
    }

    /// Whether a `{` that comes now begins a function's body.
    fn begins_body(&self) -> bool {
        self.is_external
            && self.levels.is_empty()
            && self.head.is_none()
            && self.previous != Some(Token::Punct(Kind::Assign))
    }

    /// Whether the next token can begin a type, behind the colon of `enum e : int`.
    fn begins_type(&mut self) -> bool {
        let next = self.tokens.peek();
        next.kind == Kind::Ident
            && match self.words.keywords.get(next.name()) {
                Some(keyword) => matches!(keyword, Token::Basic(_) | Token::Qualifier(_)),
                None => self.words.scope.is_type(next.name()),
            }
    }

    /// Skips to the bracket that closes the one that was just taken.
    fn skip_balanced(&mut self, open: Kind, close: Kind, from: Loc) -> Result<()> {
        let mut depth = 1;
        while depth > 0 {
            match self.tokens.take().kind {
                Kind::Eof => return fault(from, format!("'{}' is never closed", open.spelling())),
                kind if kind == open => depth += 1,
                kind if kind == close => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Specifiers without a type among them are over: `const x;`.
    fn check_specifiers(&self, token: Token) -> Result<()> {
        use Token::*;
        let begun = matches!(self.previous, Some(Qualifier(_) | Storage(_) | Static));
        let goes_on = matches!(
            token,
            Qualifier(_)
                | Storage(_)
                | Static
                | Basic(_)
                | TypeName(_)
                | GivenType(_)
                | Struct
                | Union
                | Enum
                | Typeof
                | Atomic
                | Alignas
                | Attribute
                | Declspec
                | Punct(Kind::LParen)
        );
        if !begun || goes_on || self.typed || self.inside() == Some(Bracket::Square) {
            return Ok(());
        }
        let near = preprocess::spell(self.words.names, self.last);
        fault(self.last.loc, format!("declaration specifier expected near '{near}'"))
    }

    /// Keeps track of where we are.
    fn follow(&mut self, token: Token, loc: Loc) -> Result<()> {
        let head = self.head;
        self.in_enum_base = token == Token::EnumColon
            || self.in_enum_base && matches!(token, Token::Basic(_) | Token::TypeName(_) | Token::Qualifier(_));
        self.head = match token {
            Token::Struct | Token::Union => Some(Head::Record),
            Token::Enum => Some(Head::Enum),
            Token::Ident(_) if !matches!(self.previous, Some(Token::Ident(_))) => head,
            Token::Attribute => head,
            _ if self.in_enum_base => head,
            _ => None,
        };
        match token {
            Token::TypeName(_) | Token::GivenType(_) | Token::Basic(_) | Token::Typeof | Token::Atomic => {
                self.typed = true
            }
            Token::Struct | Token::Union | Token::Enum => self.typed = true,
            // A name behind `*` is being declared, even if it is a type's: `typedef int (*f)(void);` may come twice.
            Token::Punct(Kind::Star) => self.typed = true,
            Token::Punct(Kind::LParen) => {
                let bracket = match (self.previous, self.inside()) {
                    (Some(Token::Attribute), _) => Bracket::Attribute,
                    (_, Some(Bracket::Attribute)) => Bracket::AttributeList,
                    _ => Bracket::Paren,
                };
                self.open(bracket, head.filter(|_| bracket == Bracket::Attribute), loc)?;
            }
            Token::Punct(Kind::LBracket) => self.open(Bracket::Square, None, loc)?,
            Token::Punct(Kind::LBrace) if head == Some(Head::Enum) => {
                self.open(Bracket::EnumBrace, None, loc)?;
                self.typed = true; // what is declared there are names
            }
            Token::Punct(Kind::LBrace) => self.open(Bracket::Brace, None, loc)?,
            Token::Punct(Kind::RParen | Kind::RBracket) | Token::Close(_) => {
                if let Some(level) = self.levels.pop() {
                    (self.typed, self.head) = (level.typed, level.head);
                }
            }
            Token::Punct(Kind::Comma) if self.inside() == Some(Bracket::Paren) => self.typed = false,
            Token::Punct(Kind::Semi) => {
                self.typed = false;
                self.ended = self.is_external && self.levels.is_empty();
            }
            Token::Body | Token::Eof => self.ended = true,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, bracket: Bracket, head: Option<Head>, loc: Loc) -> Result<()> {
        if self.levels.len() == MAX_DEPTH {
            return fault(loc, "declaration has too many syntax levels");
        }
        self.levels.push(Level { bracket, typed: self.typed, head });
        self.typed = false;
        Ok(())
    }
}

impl Iterator for TokenSource<'_, '_> {
    type Item = Result<(Loc, Token, Loc)>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(want) = self.want.take() {
            let loc = self.tokens.peek().loc;
            return Some(Ok((loc, want, loc)));
        }
        self.token().transpose().map(|result| result.map(|(loc, token)| (loc, token, loc)))
    }
}
