//! From bytes to tokens: spelling only, with logos.
//!
//! A token carries its value (a [`Symbol`] for names and strings, a [`Number`]), so nothing behind the lexer sees source
//! text again but to word an error. What depends on the tokens around, such as which bracket closes which, is the business of
//! [`crate::tokens`].
//!
//! Any byte that begins no token is one of its own ([`Token::Unknown`]): which message it leads to is the parser's to say.
//!
//! Reference: Lua 5.1 manual §2.1. Like LuaJIT, any byte above 127 is a letter.

use crate::escape::{self, Broken};
use crate::number::{self, Number};
use crate::symbols::{Symbol, Symbols};
use logos::{FilterResult, Lexer, Logos, Skip};

/// What the lexer keeps while it goes.
#[derive(Default)]
pub struct LexState {
    /// Line ends passed so far.
    pub line_ends: u32,
    /// Names and strings met so far.
    pub symbols: Symbols,
    /// The string being read; kept after an error, whose message shows it.
    pub buffer: Vec<u8>,
}

/// Why the text at some place is no token. The message of each is in [`crate::syntax_error`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LexError {
    /// A quoted string that the line or the source ends in, or whose escape is wrong.
    String(Broken),
    /// `[[` without `]]`.
    UnfinishedLongString,
    /// `--[[` without `]]`.
    UnfinishedLongComment,
    /// `[=` without a second bracket.
    LongStringDelimiter,
    /// A number that is none.
    #[default]
    MalformedNumber,
}

/// A token of the language.
#[allow(missing_docs)] // each is what its spelling says
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(utf8 = false, extras = LexState, error = LexError, skip r"[ \t\x0b\x0c]+")]
pub enum Token {
    #[token("and")]
    #[token("&&")]
    And,
    #[token("break")]
    Break,
    #[token("const")]
    Const,
    #[token("continue")]
    Continue,
    #[token("do")]
    Do,
    #[token("else")]
    Else,
    #[token("elseif")]
    Elseif,
    #[token("end")]
    End,
    #[token("false")]
    False,
    #[token("for")]
    For,
    #[token("function")]
    Function,
    #[token("goto")]
    Goto,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("local")]
    Local,
    #[token("nil")]
    Nil,
    #[token("not")]
    #[token("!")]
    Not,
    #[token("or")]
    Or,
    #[token("repeat")]
    Repeat,
    #[token("return")]
    Return,
    #[token("then")]
    Then,
    #[token("true")]
    True,
    #[token("until")]
    Until,
    #[token("while")]
    While,

    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("^")]
    Caret,
    #[token("#")]
    Hash,
    #[token("==")]
    Equal,
    #[token("~=")]
    NotEqual,
    /// Another `~=`, which is no assignment though.
    #[token("!=")]
    BangEqual,
    #[token("<=")]
    LessEqual,
    #[token(">=")]
    GreaterEqual,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("&")]
    Ampersand,
    #[token("|")]
    Bar,
    /// Another `or`, and the parameters of a short function that has none.
    #[token("||")]
    DoubleBar,
    #[token("~")]
    Tilde,
    #[token("<<")]
    ShiftLeft,
    #[token(">>")]
    ShiftRight,
    #[token("~>>")]
    ShiftArithmetic,
    #[token("?")]
    Question,
    #[token("??")]
    Coalesce,
    #[token("?.")]
    Safe,
    #[token("->")]
    Arrow,
    #[token("=")]
    Assign,
    #[token("+=")]
    AddAssign,
    #[token("-=")]
    SubtractAssign,
    #[token("*=")]
    MultiplyAssign,
    #[token("/=")]
    DivideAssign,
    #[token("%=")]
    ModuloAssign,
    #[token("..=")]
    ConcatAssign,
    #[token("&=")]
    AndAssign,
    #[token("|=")]
    OrAssign,
    #[token("<<=")]
    ShiftLeftAssign,
    #[token(">>=")]
    ShiftRightAssign,
    #[token("~>>=")]
    ShiftArithmeticAssign,
    #[token("(")]
    LeftParen,
    /// A `(` on a later line than the token before it; [`crate::tokens`] makes it.
    LeftParenOnNewLine,
    #[token(")")]
    RightParen,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("::")]
    DoubleColon,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    /// The `:` of a conditional expression; [`crate::tokens`] makes it.
    ConditionColon,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("..")]
    Concat,
    #[token("...")]
    Ellipsis,

    #[regex(r"(?-u)[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*", name)]
    Name(Symbol),
    #[regex(r"\.?[0-9]", number)]
    Number(Number),
    #[regex("[\"']", quoted_string)]
    #[regex(r"\[=*\[", long_string)]
    #[regex(r"\[=+", |_| Err(LexError::LongStringDelimiter))]
    String(Symbol),

    /// The end of the source; [`crate::tokens`] makes it.
    EndOfSource,
    /// A byte that begins no token.
    #[regex(r"(?s-u:.)", |lexer| lexer.slice()[0], priority = 0)]
    Unknown(u8),

    #[doc(hidden)]
    #[regex(r"\n\r?|\r\n?", |lexer| { lexer.extras.line_ends += 1; Skip })]
    #[token("--", comment)]
    Skipped,
}

fn name(lexer: &mut Lexer<Token>) -> Symbol {
    let text = lexer.slice();
    lexer.extras.symbols.intern(text)
}

/// Takes all that could belong to a number, then asks what it is worth: `3x` is one malformed number, not two tokens.
fn number(lexer: &mut Lexer<Token>) -> Result<Number, LexError> {
    let rest = lexer.remainder();
    let hexadecimal = lexer.slice() == b"0" && matches!(rest.first(), Some(b'x' | b'X'));
    let exponent_mark = if hexadecimal { b'p' } else { b'e' };
    let mut before = 0;
    let length = rest.iter().position(|&c| {
        let sign_of_exponent = matches!(c, b'+' | b'-') && before | 0x20 == exponent_mark;
        before = if c == b'_' { before } else { c };
        !(c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80 || c == b'.' || sign_of_exponent)
    });
    lexer.bump(length.unwrap_or(rest.len()));
    let text = lexer.slice();
    let value = if text.contains(&b'_') { number::literal(&without_underscores(text)) } else { number::literal(text) };
    value.ok_or(LexError::MalformedNumber)
}

/// The digits of a number: underscores may stand anywhere behind the first one.
pub(crate) fn without_underscores(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|&c| c != b'_').collect()
}

fn quoted_string(lexer: &mut Lexer<Token>) -> Result<Symbol, LexError> {
    let quote = lexer.slice()[0];
    let rest = lexer.remainder();
    let state = &mut lexer.extras;
    state.buffer.clear();
    match escape::read_quoted(rest, quote, &mut state.buffer) {
        Ok(read) => {
            state.line_ends += read.lines;
            let symbol = state.symbols.intern(&state.buffer);
            lexer.bump(read.bytes);
            Ok(symbol)
        }
        Err((broken, lines)) => {
            state.line_ends += lines;
            Err(LexError::String(broken))
        }
    }
}

fn long_string(lexer: &mut Lexer<Token>) -> Result<Symbol, LexError> {
    let level = lexer.slice().len() - b"[[".len();
    let rest = lexer.remainder();
    let state = &mut lexer.extras;
    state.buffer.clear();
    match escape::read_long(rest, level, Some(&mut state.buffer)) {
        Ok(read) => {
            state.line_ends += read.lines;
            let symbol = state.symbols.intern(&state.buffer);
            lexer.bump(read.bytes);
            Ok(symbol)
        }
        Err(lines) => {
            state.line_ends += lines;
            Err(LexError::UnfinishedLongString)
        }
    }
}

/// `--` up to the end of the line, or `--[[` up to its closing bracket.
fn comment(lexer: &mut Lexer<Token>) -> FilterResult<(), LexError> {
    let rest = lexer.remainder();
    if let Some(level) = long_bracket(rest) {
        let opening = level + b"[[".len();
        return match escape::read_long(&rest[opening..], level, None) {
            Ok(read) => {
                lexer.extras.line_ends += read.lines;
                lexer.bump(opening + read.bytes);
                FilterResult::Skip
            }
            Err(lines) => {
                lexer.extras.line_ends += lines;
                FilterResult::Error(LexError::UnfinishedLongComment)
            }
        };
    }
    lexer.bump(rest.iter().position(|c| matches!(c, b'\n' | b'\r')).unwrap_or(rest.len()));
    FilterResult::Skip
}

/// The level of the long bracket that `text` starts with.
fn long_bracket(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|&&c| c == b'=').count();
    (rest.get(level) == Some(&b'[')).then_some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &[u8]) -> Vec<Result<Token, LexError>> {
        Token::lexer(source).collect()
    }

    /// The tokens of a source without errors, in an abbreviated form.
    fn spell(source: &[u8]) -> String {
        let mut lexer = Token::lexer(source);
        let mut out = Vec::new();
        while let Some(token) = lexer.next() {
            let text = |symbol| String::from_utf8_lossy(lexer.extras.symbols.text(symbol));
            out.push(match token {
                Ok(Token::Name(symbol)) => format!("name {}", text(symbol)),
                Ok(Token::String(symbol)) => format!("{:?}", text(symbol)),
                Ok(Token::Number(Number::Double(n))) => n.to_string(),
                Ok(token) => format!("{token:?}"),
                Err(error) => format!("!{error:?}"),
            });
        }
        out.join(" ")
    }

    #[test]
    fn words_and_names() {
        assert_eq!(spell(b"end ends _end end_ e"), "End name ends name _end name end_ name e");
        assert_eq!(spell("größe \u{1f319}=1".as_bytes()), "name größe name \u{1f319} Assign 1");
        assert_eq!(spell(b"nil3 and2"), "name nil3 name and2");
    }

    #[test]
    fn the_longest_token_wins() {
        assert_eq!(
            spell(b"a..b...c.d:e::f"),
            "name a Concat name b Ellipsis name c Dot name d Colon name e DoubleColon name f"
        );
        assert_eq!(spell(b"==~=<=>=<>="), "Equal NotEqual LessEqual GreaterEqual Less GreaterEqual");
        assert_eq!(
            spell(b"!=!??.?a~>>=~>>~=>>=<<-->"),
            "BangEqual Not Coalesce Dot Question name a ShiftArithmeticAssign \
                    ShiftArithmetic NotEqual ShiftRightAssign ShiftLeft"
        );
        assert_eq!(spell(b"a[b[[c]]]"), "name a LeftBracket name b \"c\" RightBracket");
        assert_eq!(spell(b"===~@"), "Equal Assign Tilde Unknown(64)");
    }

    #[test]
    fn numbers_end_where_no_number_goes_on() {
        assert_eq!(spell(b"3-2 1e+5 1e-x"), "3 Minus 2 100000 !MalformedNumber");
        assert_eq!(spell(b"0x1e+1"), "30 Plus 1");
        assert_eq!(spell(b".5.6"), "!MalformedNumber");
        assert_eq!(spell(b"a.5"), "name a 0.5");
        assert_eq!(spell(b"1..2"), "!MalformedNumber");
        assert_eq!(spell(b"1 ..2"), "1 Concat 2");
        assert_eq!(spell(b"1_000_ 0x_f_f 1e_+5 _1 1_x"), "1000 255 100000 name _1 !MalformedNumber");
    }

    #[test]
    fn comments_are_skipped() {
        assert_eq!(spell(b"a--b\nc--[[d\n]]e--[==[ ]] ]==]f--[=g\r\rh--"), "name a name c name e name f name h");
        assert_eq!(tokens(b"--[[ ]")[0], Err(LexError::UnfinishedLongComment));
    }

    #[test]
    fn broken_tokens() {
        assert_eq!(tokens(b"[=="), [Err(LexError::LongStringDelimiter)]);
        assert_eq!(tokens(b"[==[ ]]")[0], Err(LexError::UnfinishedLongString));
        assert_eq!(tokens(b"'a\n")[0], Err(LexError::String(Broken::AtLineEnd)));
        assert_eq!(tokens(b"'a")[0], Err(LexError::String(Broken::AtEnd)));
        assert_eq!(tokens(b"'\\q'")[0], Err(LexError::String(Broken::Escape)));
        assert_eq!(tokens(b"\0@"), [Ok(Token::Unknown(0)), Ok(Token::Unknown(b'@'))]);
    }

    #[test]
    fn every_kind_of_line_end_counts_once() {
        for (source, line_ends) in
            [(&b"a\nb\r\nc\n\rd\re"[..], 4), (b"\n\n\r\r\n\r", 4), (b"'\\\n\\z\r\n'[[\n\n]]--[[\r\r]]", 6)]
        {
            let mut lexer = Token::lexer(source);
            while lexer.next().is_some() {}
            assert_eq!(lexer.extras.line_ends, line_ends, "{source:?}");
        }
    }
}
