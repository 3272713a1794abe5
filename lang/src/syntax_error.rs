//! Syntax errors in LuaJIT's words.
//!
//! ```text
//! init.lua:7: 'end' expected (to close 'if' at line 3) near '<eof>'
//! ----------- ------------------------------------------ ----------
//! where       what                                       the token that does not fit
//! ```
//!
//! LALRPOP tells which tokens would have been right at the offending one. A parser written by hand, as LuaJIT's is, has a
//! message for each place where it looks for something; the set of right tokens identifies that place, and
//! [`complaint`] goes through the places from the most to the least particular. The stack of what is open, kept by
//! [`TokenSource`], gives the rest.

use crate::ast::TokenIndex;
use crate::chunk_name::short_name;
use crate::escape::Broken;
use crate::lexer::{LexError, Token, without_underscores};
use crate::tokens::{Opener, TokenSource};
use lalrpop_util::ParseError;
use std::fmt;

/// A source text is no program, or exceeds a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The chunk's name in its short form.
    chunk: Vec<u8>,
    /// The line that the message names.
    pub line: u32,
    /// The message behind the position.
    pub text: Vec<u8>,
    /// Whether the text might be the start of a program.
    pub at_end: bool,
}

impl SyntaxError {
    /// An error on `line` of the chunk called `chunk_name`.
    pub fn new(chunk_name: &[u8], line: u32, text: Vec<u8>) -> SyntaxError {
        SyntaxError { chunk: short_name(chunk_name), line, text, at_end: false }
    }

    /// The whole message as Lua code sees it. It holds bytes of the source, which need not be UTF-8.
    pub fn message(&self) -> Vec<u8> {
        let mut message = self.chunk.clone();
        message.extend_from_slice(format!(":{}: ", self.line).as_bytes());
        message.extend_from_slice(&self.text);
        message
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl std::error::Error for SyntaxError {}

/// The error that the parser has stopped with.
pub(crate) fn from_parser(
    error: ParseError<TokenIndex, Token, LexError>,
    tokens: &TokenSource,
    chunk_name: &[u8],
) -> SyntaxError {
    let (what, near) = match error {
        ParseError::User { error } => (lexical_complaint(error).into(), near_broken(error, tokens)),
        ParseError::UnrecognizedToken { token: (_, found, _), expected } => {
            let expected = Expected(expected);
            match plain_operator(found) {
                // The operator would have been right, the "=" behind it is not.
                Some(operator) if expected.has(operator) => ("unexpected symbol".into(), Some(b"=".to_vec())),
                _ => {
                    let what = complaint(found, &expected, tokens);
                    // Where an assignment is expected, LuaJIT takes "!=" for "!" with something behind it.
                    let is_not_equal = found == Token::BangEqual && what == "'=' expected";
                    (what, if is_not_equal { Some(b"!".to_vec()) } else { near(found, tokens) })
                }
            }
        }
        // The grammar ends with a token of its own, so that the parser neither wants for tokens nor leaves any, and every
        // token is known to it.
        ParseError::InvalidToken { .. } | ParseError::UnrecognizedEof { .. } | ParseError::ExtraToken { .. } => {
            unreachable!("the grammar ends with an explicit token")
        }
    };
    let mut text = what.into_bytes();
    text.extend_from_slice(&near_phrase(near.as_deref()));
    let mut error = SyntaxError::new(chunk_name, tokens.line(), text);
    error.at_end = near.is_some_and(|near| near == END);
    error
}

/// ` near 'token'` for the token with this number, of a source text that is known to parse.
pub(crate) fn near_token(source: &[u8], token: TokenIndex) -> Vec<u8> {
    let mut tokens = TokenSource::new(source);
    while let Some(next) = (&mut tokens).next() {
        if let Ok((index, found, _)) = next
            && index == token
        {
            return near_phrase(near(found, &tokens).as_deref());
        }
    }
    Vec::new()
}

fn near_phrase(near: Option<&[u8]>) -> Vec<u8> {
    let Some(near) = near else { return Vec::new() };
    // LuaJIT's formatter takes the token as a C string.
    let shown = near.split(|&c| c == 0).next().unwrap_or_default();
    [b" near '", shown, b"'"].concat()
}

/// How the end of the source is shown.
const END: &[u8] = b"<eof>";

/// How a token is shown; `None` for a zero byte, which LuaJIT takes for the absence of a token.
fn near(found: Token, tokens: &TokenSource) -> Option<Vec<u8>> {
    let text = tokens.text();
    Some(match found {
        Token::EndOfSource => END.to_vec(),
        Token::Unknown(0) => return None,
        Token::Unknown(c) if c.is_ascii_control() => format!("char({c})").into_bytes(),
        Token::String(symbol) => {
            // The quotes or brackets as they are, around what the string stands for.
            let quote = delimiter_length(text);
            [&text[..quote], tokens.state().symbols.text(symbol), &text[text.len() - quote..]].concat()
        }
        Token::Number(_) => without_underscores(text),
        // LuaJIT reads the operator, looks whether "=" follows, and has only read the operator when it complains.
        _ if plain_operator(found).is_some() => text[..text.len() - 1].to_vec(),
        _ => text.to_vec(),
    })
}

/// The operator of a compound assignment.
fn plain_operator(token: Token) -> Option<&'static str> {
    Some(match token {
        Token::AddAssign => "+",
        Token::SubtractAssign => "-",
        Token::MultiplyAssign => "*",
        Token::DivideAssign => "/",
        Token::ModuloAssign => "%",
        Token::ConcatAssign => "..",
        Token::AndAssign => "&",
        Token::OrAssign => "|",
        Token::ShiftLeftAssign => "<<",
        Token::ShiftRightAssign => ">>",
        Token::ShiftArithmeticAssign => "~>>",
        _ => return None,
    })
}

/// The length of the quote or long bracket that a string starts with.
fn delimiter_length(text: &[u8]) -> usize {
    match text {
        [b'[', rest @ ..] => b"[[".len() + rest.iter().take_while(|&&c| c == b'=').count(),
        _ => 1,
    }
}

fn near_broken(error: LexError, tokens: &TokenSource) -> Option<Vec<u8>> {
    Some(match error {
        LexError::String(Broken::AtEnd) | LexError::UnfinishedLongString | LexError::UnfinishedLongComment => {
            END.to_vec()
        }
        LexError::String(_) => [tokens.text(), &tokens.state().buffer].concat(),
        LexError::LongStringDelimiter => tokens.text().to_vec(),
        LexError::MalformedNumber => without_underscores(tokens.text()),
    })
}

fn lexical_complaint(error: LexError) -> &'static str {
    match error {
        LexError::String(Broken::Escape) => "invalid escape sequence",
        LexError::String(Broken::AtEnd | Broken::AtLineEnd) => "unfinished string",
        LexError::UnfinishedLongString => "unfinished long string",
        LexError::UnfinishedLongComment => "unfinished long comment",
        LexError::LongStringDelimiter => "invalid long string delimiter",
        LexError::MalformedNumber => "malformed number",
    }
}

/// The tokens that would have been right.
struct Expected(Vec<String>);

impl Expected {
    fn has(&self, token: &str) -> bool {
        self.0.iter().any(|name| name.trim_matches('"') == token)
    }

    fn is_only(&self, token: &str) -> bool {
        self.0.len() == 1 && self.has(token)
    }
}

/// What LuaJIT says of a token that does not fit.
fn complaint(found: Token, expected: &Expected, tokens: &TokenSource) -> String {
    let innermost = tokens.innermost();
    let want = |token: &str| format!("'{}' expected", token.trim_start_matches("condition "));
    let close = |token: &str| match innermost {
        Some(open) if open.line != tokens.line() => {
            format!("'{token}' expected (to close '{}' at line {})", spelling(open.opener), open.line)
        }
        _ => want(token),
    };

    if expected.is_only("<eof>") {
        return want("<eof>");
    }
    if found == Token::LeftParenOnNewLine && expected.has("(") {
        return "ambiguous syntax (function call x new statement)".into();
    }

    // Where a block can end: at its end, behind its last statement, or where the statement before is complete.
    let closer = match innermost.map(|open| open.opener) {
        None => Some("<eof>"),
        Some(Opener::Repeat) => Some("until"),
        Some(Opener::Function | Opener::If | Opener::For | Opener::While | Opener::Do) => Some("end"),
        Some(Opener::Paren | Opener::Parameters | Opener::Brace | Opener::Bracket) => None,
    };
    let statement_can_start = expected.has("local");
    let expression_can_start = expected.has("nil");
    if let Some(closer) = closer.filter(|closer| expected.has(closer)) {
        let ends_block = matches!(found, Token::End | Token::Else | Token::Elseif | Token::Until | Token::EndOfSource);
        // (Behind `continue` there might be an assignment to a variable of that name.)
        if ends_block || !(statement_can_start || expression_can_start || expected.has("=")) {
            return if closer == "<eof>" { want(closer) } else { close(closer) };
        }
    }
    if statement_can_start || expression_can_start {
        return "unexpected symbol".into();
    }
    if expected.has("}") {
        return close("}");
    }
    if expected.has("=") && expected.has("(") && expected.has(".") {
        // Behind what could be assigned to; for `goto` and `const` names would be right as well.
        return want("=");
    }
    if expected.has("name") && expected.has("(") {
        // A further target of an assignment, or what follows `?.`.
        return if expected.has("[") && found != Token::ConditionColon {
            want("<name>")
        } else {
            "unexpected symbol".into()
        };
    }

    if expected.has("...") {
        return "<name> or '...' expected".into();
    }
    if expected.has("=") && expected.has("in") {
        return "'=' or 'in' expected".into();
    }
    for token in ["then", "do", "in", "=", "::", "]", "condition :"] {
        if expected.has(token) {
            return want(token);
        }
    }
    if expected.has(")") {
        return match innermost.map(|open| open.opener) {
            Some(Opener::Parameters) => want(")"),
            _ => close(")"),
        };
    }
    if expected.has("name") {
        return want("<name>");
    }
    for token in ["->", "|"] {
        // Behind the parameters of a short function, or among them.
        if expected.is_only(token) || expected.has(token) && !expected.has("+") {
            return want(token);
        }
    }
    if expected.has(",") && (expected.has("+") || expected.is_only(",")) {
        return want(",");
    }
    if expected.has("(") && expected.has("{") {
        // A call must have come: behind `object:name`, or because the expression cannot be assigned to.
        return if expected.has(".") { "syntax error" } else { "function arguments expected" }.into();
    }
    for token in ["(", ","] {
        if expected.has(token) {
            return want(token);
        }
    }
    "syntax error".into()
}

/// How what was opened is shown.
fn spelling(opener: Opener) -> &'static str {
    match opener {
        Opener::Function => "function",
        Opener::If => "if",
        Opener::For => "for",
        Opener::While => "while",
        Opener::Do => "do",
        Opener::Repeat => "repeat",
        Opener::Paren | Opener::Parameters => "(",
        Opener::Brace => "{",
        Opener::Bracket => "[",
    }
}
