//! Directives: lines that begin with `#`.
//!
//! `#if` groups that are not taken are skipped by walking over the lexemes, looking at those that begin a line only.
//!
//! A file is *guarded* when its first directive is `#ifndef X`, the `#endif` that ends it is the file's last token, and
//! it has no `#else`. The next `#include` of it, with X defined, does not open it.

use std::sync::Arc;

use super::{
    File, Preprocessor, Token, intern_lexeme,
    macros::{self, Body, Dynamic, Piece},
    spell,
};
use crate::c::{
    error::{Result, fault},
    headers::{Header, Request},
    lexer::{Kind, Lexeme},
    literal::{self, Number},
    name::{Name, known},
    source::{Loc, Origin, Text},
};

/// An `#if` that waits for its `#endif`.
#[derive(Debug)]
pub(super) struct Conditional {
    pub loc: Loc,
    pub directive: &'static str,
    /// One of its groups was taken, so the later ones are not.
    taken: bool,
    /// Its `#else` has been seen.
    had_else: bool,
    /// What it would guard, if it is the first thing in its file.
    guards: Option<Name>,
}

impl Preprocessor<'_> {
    /// Obeys the directive whose `#` comes next. A `#pragma pack` gives a token.
    pub(super) fn directive(&mut self) -> Result<Option<Token>> {
        let (line, raw) = self.take_line()?;
        let word = line[1];
        match (word.kind, word.name()) {
            (Kind::Eof, _) => {}
            (Kind::Number, _) => self.renumber(&line[1..])?, // a line marker: `# 12 "file" 1`
            (Kind::Ident, name) => match name {
                known::DEFINE => self.define(&line[2..])?,
                known::UNDEF => {
                    let name = self.macro_name(line[2])?;
                    self.macros.undefine(name);
                }
                known::INCLUDE | known::IMPORT => self.include(&line[1..], &raw, false)?,
                known::INCLUDE_NEXT => self.include(&line[1..], &raw, true)?,
                known::IF => {
                    let guards = self.guard_of_if(&line[2..]);
                    let taken = self.condition(&line[2..])?;
                    self.open_conditional("if", word.loc, taken, guards)?;
                }
                known::IFDEF => {
                    let name = self.macro_name(line[2])?;
                    self.open_conditional("ifdef", word.loc, self.macros.get(name).is_some(), None)?;
                }
                known::IFNDEF => {
                    let name = self.macro_name(line[2])?;
                    let guards = self.is_first_in_file().then_some(name);
                    self.open_conditional("ifndef", word.loc, self.macros.get(name).is_none(), guards)?;
                }
                known::ELIF | known::ELIFDEF | known::ELIFNDEF | known::ELSE => self.leave_group(&line[1..])?,
                known::ENDIF => self.close_conditional(word.loc)?,
                known::ERROR => {
                    let text = raw.rest(&self.names.text(word.name()));
                    return fault(word.loc, format!("#error {text}"));
                }
                known::LINE => {
                    let tokens = self.expand_all(&line[2..line.len() - 1])?;
                    self.renumber(&[&tokens[..], &line[line.len() - 1..]].concat())?;
                }
                known::PRAGMA => return self.pragma(&line[2..]),
                known::WARNING | known::IDENT | known::SCCS | known::ASSERT | known::UNASSERT => {}
                _ => return self.invalid(word),
            },
            _ => return self.invalid(word),
        }
        Ok(None)
    }

    fn invalid<T>(&self, word: Token) -> Result<T> {
        fault(word.loc, format!("invalid preprocessing directive #{}", spell(self.names, word)))
    }

    /// Takes the tokens of the line that comes next, with `Eof` at the end.
    fn take_line(&mut self) -> Result<(Vec<Token>, RawLine)> {
        let file = self.files.last_mut().expect("a directive stands in a file");
        let lexemes = &file.text.lexemes[file.next..];
        let length = 1 + lexemes[1..].iter().take_while(|lexeme| !lexeme.is_first()).count();
        let (first, last) = (lexemes[0], lexemes[length - 1]);
        file.next += length;
        let raw = RawLine { text: Arc::clone(&file.text), start: first.start, end: last.end };
        let mut tokens = Vec::with_capacity(length + 1);
        for &lexeme in &raw.text.lexemes[file.next - length..file.next] {
            tokens.push(intern_lexeme(self.names, &raw.text, file.base, lexeme));
        }
        tokens.push(Token::eof(Loc(file.base + last.end)));
        if last.kind == Kind::UnfinishedComment {
            return fault(tokens[length - 1].loc, "unfinished comment");
        }
        Ok((tokens, raw))
    }

    /// The tokens of a line that is not in a file, with `Eof` at the end.
    pub(super) fn lex_line(&mut self, line: String, loc: Loc) -> Vec<Token> {
        let text = Text::new(line.into_bytes());
        let lexemes = text.lexemes.iter();
        let mut tokens: Vec<Token> =
            lexemes.map(|&lexeme| Token { loc, ..intern_lexeme(self.names, &text, 0, lexeme) }).collect();
        tokens.push(Token::eof(loc));
        tokens
    }

    fn macro_name(&self, token: Token) -> Result<Name> {
        match token.kind {
            Kind::Ident => Ok(token.name()),
            _ => fault(token.loc, format!("macro name expected near '{}'", spell(self.names, token))),
        }
    }

    fn define(&mut self, line: &[Token]) -> Result<()> {
        let mut definition = macros::parse_definition(self.names, line)?;
        match &mut definition.body {
            Body::Plain(tokens) => {
                for token in tokens {
                    *token = self.admit(*token)?.homeless();
                }
            }
            Body::Template(pieces) => {
                for piece in pieces {
                    if let Piece::Token(token) = piece {
                        *token = self.admit(*token)?.homeless();
                    }
                }
            }
            Body::Dynamic(_) => {}
        }
        if let Some(id) = self.macros.get(definition.name)
            && let Body::Dynamic(Dynamic::InConditions) = self.macros.definition(id).body
        {
            return Ok(()); // headers define `__has_include(x) 0` for compilers that have none
        }
        self.macros.define(definition);
        Ok(())
    }

    // ------------------------------------------------------------------------------------------- includes

    fn include(&mut self, line: &[Token], raw: &RawLine, next: bool) -> Result<()> {
        let (directive, operand) = (line[0], line[1]);
        let (name, quoted) = match operand.kind {
            Kind::Str => (self.unquoted(operand), true),
            Kind::Lt => match raw.bracketed() {
                Some(name) => (name, false),
                None => return fault(operand.loc, "missing '>' after the name of a header"),
            },
            _ => {
                let expanded = self.expand_all(&line[1..line.len() - 1])?;
                self.header_name(&expanded, operand)?
            }
        };
        match self.find_header(&name, quoted, next, operand.loc)? {
            None => fault(operand.loc, format!("'{name}': no such file among the headers")),
            Some(Header { text: None, .. }) => Ok(()),
            Some(Header { path, depth, text: Some(text) }) => {
                let origin = Origin::Header(path.to_string_lossy().into());
                self.enter(text, origin, path, depth, directive.loc)
            }
        }
    }

    /// The text between the quotes of `"x.h"`, which knows no escapes.
    fn unquoted(&self, token: Token) -> String {
        self.names.text(token.name()).trim_matches('"').to_owned()
    }

    /// A header's name out of a macro: a string, or the tokens from `<` to `>` spelled end to end.
    pub(super) fn header_name(&self, tokens: &[Token], at: Token) -> Result<(String, bool)> {
        match tokens {
            [name, ..] if name.kind == Kind::Str => Ok((self.unquoted(*name), true)),
            [open, rest @ ..] if open.kind == Kind::Lt => {
                let Some(close) = rest.iter().position(|token| token.kind == Kind::Gt) else {
                    return fault(at.loc, "missing '>' after the name of a header");
                };
                let mut name = String::new();
                for (index, &token) in rest[..close].iter().enumerate() {
                    name.push_str(if index > 0 && token.has_space() { " " } else { "" });
                    name.push_str(&spell(self.names, token));
                }
                Ok((name, false))
            }
            _ => fault(at.loc, "#include expects \"FILENAME\" or <FILENAME>"),
        }
    }

    pub(super) fn find_header(&mut self, name: &str, quoted: bool, next: bool, loc: Loc) -> Result<Option<Header>> {
        let file = self.files.last().expect("an #include stands in a file");
        let beside = if quoted && !next { file.path.parent() } else { None };
        let skip = if next { file.depth } else { 0 };
        let macros = &*self.macros;
        let found = self.headers.find(Request { name, beside, skip }, |guard| macros.get(guard).is_some());
        found.or_else(|error| fault(loc, format!("cannot read '{name}': {error}")))
    }

    // --------------------------------------------------------------------------------------- conditionals

    fn file(&mut self) -> &mut File {
        self.files.last_mut().expect("a directive stands in a file")
    }

    /// Whether the line that was just taken is the first of its file.
    fn is_first_in_file(&mut self) -> bool {
        let file = self.file();
        file.text.lexemes[1..].iter().take_while(|lexeme| !lexeme.is_first()).count() + 1 == file.next
    }

    /// `#if !defined X` and `#if !defined(X)` guard like `#ifndef X`.
    fn guard_of_if(&mut self, condition: &[Token]) -> Option<Name> {
        let kinds: Vec<Kind> = condition.iter().map(|token| token.kind).collect();
        let name = match kinds.as_slice() {
            [Kind::Bang, Kind::Ident, Kind::Ident, Kind::Eof] => condition[2],
            [Kind::Bang, Kind::Ident, Kind::LParen, Kind::Ident, Kind::RParen, Kind::Eof] => condition[3],
            _ => return None,
        };
        (condition[1].is(known::DEFINED) && self.is_first_in_file()).then_some(name.name())
    }

    fn open_conditional(&mut self, directive: &'static str, loc: Loc, taken: bool, guards: Option<Name>) -> Result<()> {
        self.file().conditionals.push(Conditional { loc, directive, taken, had_else: false, guards });
        if taken { Ok(()) } else { self.skip_groups() }
    }

    /// At an `#elif` or `#else` behind a group that was taken.
    fn leave_group(&mut self, line: &[Token]) -> Result<()> {
        self.check_group(line[0])?;
        self.skip_groups()
    }

    /// Checks that an `#elif` or `#else` may stand where it stands.
    fn check_group(&mut self, word: Token) -> Result<()> {
        let text = self.names.text(word.name()).into_owned();
        let Some(open) = self.file().conditionals.last_mut() else {
            return fault(word.loc, format!("#{text} without #if"));
        };
        if open.had_else {
            return fault(word.loc, format!("#{text} after #else"));
        }
        open.had_else = word.is(known::ELSE);
        open.guards = None;
        Ok(())
    }

    fn close_conditional(&mut self, loc: Loc) -> Result<()> {
        let file = self.file();
        let Some(open) = file.conditionals.pop() else { return fault(loc, "#endif without #if") };
        if open.guards.is_some() && file.next == file.text.lexemes.len() {
            file.guard = open.guards;
        }
        Ok(())
    }

    /// Skips groups until one is to be taken, or the `#endif` is passed.
    fn skip_groups(&mut self) -> Result<()> {
        let mut nested = 0;
        loop {
            let file = self.files.last_mut().expect("a directive stands in a file");
            let lexemes = &file.text.lexemes;
            let is_directive = |l: &Lexeme| l.is_first() && l.kind == Kind::Hash;
            let Some(ahead) = lexemes[file.next..].iter().position(is_directive) else {
                file.next = lexemes.len();
                return Ok(()); // the end of the file will find the #if open
            };
            file.next += ahead;
            let word = lexemes.get(file.next + 1).filter(|word| !word.is_first());
            let word: &[u8] = word.map_or(b"", |&word| file.text.slice(word));
            match word {
                b"if" | b"ifdef" | b"ifndef" => nested += 1,
                b"endif" if nested > 0 => nested -= 1,
                b"endif" => {
                    let (line, _) = self.take_line()?;
                    return self.close_conditional(line[1].loc);
                }
                b"else" | b"elif" | b"elifdef" | b"elifndef" if nested == 0 => {
                    let (line, _) = self.take_line()?;
                    self.check_group(line[1])?;
                    if self.takes_group(&line)? {
                        return Ok(());
                    }
                    continue;
                }
                _ => {}
            }
            self.file().next += 1;
        }
    }

    /// Whether the group behind an `#elif` or `#else` is the one to take.
    fn takes_group(&mut self, line: &[Token]) -> Result<bool> {
        if self.file().conditionals.last().is_none_or(|open| open.taken) {
            return Ok(false);
        }
        let taken = match line[1].name() {
            known::ELIF => self.condition(&line[2..])?,
            known::ELIFDEF => self.macros.get(self.macro_name(line[2])?).is_some(),
            known::ELIFNDEF => self.macros.get(self.macro_name(line[2])?).is_none(),
            _ => true,
        };
        if let Some(open) = self.file().conditionals.last_mut() {
            open.taken = taken;
        }
        Ok(taken)
    }

    // ------------------------------------------------------------------------------------- lines, pragmas

    /// `#line number ["file"]`
    fn renumber(&mut self, line: &[Token]) -> Result<()> {
        let digits = self.names.text(line[0].name());
        let Some(number) = digits.parse::<u32>().ok().filter(|_| line[0].kind == Kind::Number) else {
            return fault(line[0].loc, format!("line number expected near '{}'", spell(self.names, line[0])));
        };
        let file = line.get(1).filter(|token| token.kind == Kind::Str).map(|&token| self.unquoted(token).into());
        self.map.renumber(line[0].loc, number, file);
        Ok(())
    }

    /// Obeys a pragma, given what stands behind the word, with `Eof` at the end. Unknown ones mean nothing to us.
    pub(super) fn pragma(&mut self, line: &[Token]) -> Result<Option<Token>> {
        let word = line[0];
        if word.kind != Kind::Ident {
            return Ok(None);
        }
        match word.name() {
            known::ONCE => {
                let path = self.file().path.clone();
                if self.files.len() > 1 {
                    self.headers.set_once(&path);
                }
            }
            known::PACK => {
                let (operands, end) = (&line[1..line.len() - 1], line[line.len() - 1]);
                let mut operands = self.expand_all(operands)?;
                operands.push(end);
                return self.pragma_pack(&operands).map(Some);
            }
            known::PUSH_MACRO | known::POP_MACRO => {
                if let [_, open, name, ..] = line
                    && open.kind == Kind::LParen
                    && name.kind == Kind::Str
                {
                    let text = self.unquoted(*name);
                    let name = self.names.intern(text);
                    match word.name() {
                        known::PUSH_MACRO => self.macros.push(name),
                        _ => self.macros.pop(name),
                    }
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// `pack ( [ push | pop ] [ , name ] [ , n ] )`: the limit in force from here on.
    fn pragma_pack(&mut self, operands: &[Token]) -> Result<Token> {
        let malformed = |token: Token| fault(token.loc, "malformed '#pragma pack'");
        let [open, inner @ .., close, end] = operands else { return malformed(operands[0]) };
        if open.kind != Kind::LParen || close.kind != Kind::RParen {
            return malformed(*open);
        }
        let mut limit = if inner.is_empty() { Some(0) } else { None };
        for &token in inner {
            match token.kind {
                Kind::Comma => {}
                Kind::Ident if token.name() == known::PUSH => self.pack.push(self.pack_limit),
                Kind::Ident if token.name() == known::POP => self.pack_limit = self.pack.pop().unwrap_or(0),
                Kind::Ident => {} // a pushed limit may have a name
                Kind::Number => match literal::number(self.names.spelling(token.name())) {
                    Some(Number::Int(int)) if matches!(int.value(), 0 | 1 | 2 | 4 | 8 | 16) => {
                        limit = Some(int.value() as u8);
                    }
                    _ => return malformed(token),
                },
                _ => return malformed(token),
            }
        }
        self.pack_limit = limit.unwrap_or(self.pack_limit);
        Ok(Token { kind: Kind::Pack, flags: 0, value: self.pack_limit.into(), loc: end.loc })
    }
}

/// The bytes of a directive's line.
struct RawLine {
    text: Arc<Text>,
    start: u32,
    end: u32,
}

impl RawLine {
    /// What stands between `<` and `>`. The line is looked at as bytes, for `<sys//x.h>` holds a comment as tokens do.
    fn bracketed(&self) -> Option<String> {
        let line = self.text.bytes[self.start as usize..].split(|&b| b == b'\n').next()?;
        let open = line.iter().position(|&b| b == b'<')?;
        let length = line[open..].iter().position(|&b| b == b'>')?;
        Some(String::from_utf8_lossy(&line[open + 1..open + length]).into_owned())
    }

    /// What stands behind the directive's word.
    fn rest(&self, word: &str) -> String {
        let line = String::from_utf8_lossy(&self.text.bytes[self.start as usize..self.end as usize]);
        line.split_once(word).map_or("", |(_, rest)| rest.trim()).to_owned()
    }
}
