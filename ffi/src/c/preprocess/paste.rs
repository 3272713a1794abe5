//! Filling in a macro's template: arguments, `#` and `##`, the comma before an empty rest, `__VA_OPT__`.
//!
//! `##` works on the result so far: its last token and the first one that comes are spelled end to end and lexed again.
//! An argument of no tokens that stands beside `##` leaves a placemarker, the token that vanishes when it is pasted to
//! anything (C17 6.10.3.3); those that are left over vanish at the end.

use super::{
    Preprocessor, Token,
    expand::{Argument, made},
    macros::Piece,
    spell, spelling,
};
use crate::c::{
    error::{Result, fault},
    lexer::{Kind, Lexeme, lex},
    name::Name,
};

impl Preprocessor<'_> {
    /// The tokens that a template becomes. The last argument is the rest if `variadic`.
    pub(super) fn fill_in(
        &mut self,
        pieces: &[Piece],
        arguments: &mut [Argument],
        variadic: bool,
        at: Token,
    ) -> Result<Output> {
        let mut output = Output::default();
        for piece in pieces {
            match piece {
                Piece::Token(token) => output.add(self, Token { loc: at.loc, ..*token })?,
                Piece::Param { index, flags, raw } => {
                    let argument = &mut arguments[*index];
                    let tokens = if *raw { &argument.tokens } else { self.expanded(argument)? };
                    output.add_all(self, tokens, *flags, *raw)?;
                }
                Piece::Stringify { index, flags } => {
                    let token = self.stringified(&arguments[*index].tokens, Token { flags: *flags, ..at });
                    output.add(self, token)?;
                }
                Piece::Paste => output.is_pasting = true,
                Piece::CommaRest { comma, index } => {
                    let rest = &arguments[*index];
                    if !rest.is_absent {
                        output.add(self, Token { loc: at.loc, ..*comma })?;
                        output.add_all(self, &rest.tokens, 0, false)?;
                    }
                }
                Piece::VaOpt { content, flags, stringify } => {
                    let has_rest = match arguments.last_mut() {
                        Some(rest) if variadic => !self.expanded(rest)?.is_empty(),
                        _ => false,
                    };
                    let tokens =
                        if has_rest { self.fill_in(content, arguments, variadic, at)?.tokens } else { Vec::new() };
                    if *stringify {
                        let token = self.stringified(&tokens, Token { flags: *flags, ..at });
                        output.add(self, token)?;
                    } else {
                        output.add_all(self, &tokens, *flags, true)?;
                    }
                }
            }
        }
        output.tokens.retain(|token| token.kind != Kind::Placemarker);
        Ok(output)
    }

    /// `#`: the spelling of the tokens as a string literal, one space for any white space between them.
    fn stringified(&mut self, tokens: &[Token], at: Token) -> Token {
        let mut text = vec![b'"'];
        for (index, &token) in tokens.iter().enumerate() {
            if index > 0 && token.has_space() {
                text.push(b' ');
            }
            let is_literal = matches!(token.kind, Kind::Str | Kind::Char);
            for &byte in spelling(self.names, token) {
                if is_literal && matches!(byte, b'"' | b'\\') {
                    text.push(b'\\');
                }
                text.push(byte);
            }
        }
        text.push(b'"');
        let name = self.names.intern(text);
        made(Kind::Str, name, at)
    }

    /// `##`: two tokens become one.
    fn pasted(&mut self, left: Token, right: Token) -> Result<Token> {
        match (left.kind, right.kind) {
            (Kind::Placemarker, _) => return Ok(Token { flags: right.flags & !Lexeme::SPACE | left.flags, ..right }),
            (_, Kind::Placemarker) => return Ok(left),
            _ => {}
        }
        let mut text = spelling(self.names, left).to_vec();
        text.extend_from_slice(spelling(self.names, right));
        match lex(&text).as_slice() {
            [one] if one.end as usize == text.len() && !matches!(one.kind, Kind::UnfinishedComment | Kind::Stray) => {
                let name = if one.kind.spelling().is_empty() { self.names.intern(&text) } else { Name::EMPTY };
                Ok(made(one.kind, name, left))
            }
            _ => {
                let (left_text, right_text) = (spell(self.names, left), spell(self.names, right));
                fault(left.loc, format!("pasting '{left_text}' and '{right_text}' does not give a valid token"))
            }
        }
    }
}

/// The tokens so far.
#[derive(Default)]
pub(super) struct Output {
    pub tokens: Vec<Token>,
    /// A `##` waits for its right side.
    is_pasting: bool,
    /// The next token gets a space before it, because something empty that had one stood there.
    pub owes_space: bool,
}

impl Output {
    fn add(&mut self, run: &mut Preprocessor<'_>, mut token: Token) -> Result<()> {
        if std::mem::take(&mut self.owes_space) {
            token.flags |= Lexeme::SPACE;
        }
        if std::mem::take(&mut self.is_pasting)
            && let Some(left) = self.tokens.pop()
        {
            token = run.pasted(left, token)?;
        }
        self.tokens.push(token);
        Ok(())
    }

    /// Adds an argument; the first token gets the space of the parameter that it replaces.
    fn add_all(&mut self, run: &mut Preprocessor<'_>, tokens: &[Token], flags: u8, beside_paste: bool) -> Result<()> {
        let space = flags & Lexeme::SPACE;
        match tokens.split_first() {
            Some((&first, rest)) => {
                self.add(run, Token { flags: first.flags & !Lexeme::SPACE | space, ..first })?;
                self.tokens.extend_from_slice(rest);
            }
            None if beside_paste => {
                let marker = Token { kind: Kind::Placemarker, flags: space, value: 0, loc: run.invocation };
                self.add(run, marker)?;
            }
            None => self.owes_space |= space != 0,
        }
        Ok(())
    }
}
