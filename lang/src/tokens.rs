//! Between lexer and parser: everything about a token that depends on the tokens before it.
//!
//! [`TokenSource`] numbers the tokens and notes the line of each, keeps the stack of brackets and blocks that are open (the
//! messages of syntax errors tell what would have to be closed, and where it was opened), tells a `(` that begins a line from
//! others, and the `:` of a conditional expression from that of a method call. It also removes what may precede the first
//! token: a byte order mark and a line that begins with `#`.
//!
//! A token is *accepted* when the parser asks for the next one: a parser that reads one token ahead has then taken the last
//! but one. So on an error the stack is that of the tokens before the offending one.

use crate::ast::TokenIndex;
use crate::escape::line_end;
use crate::lexer::{LexError, LexState, Token};
use logos::{Lexer, Logos};

/// What has been opened and must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// `function`, closed by `end`.
    Function,
    /// `if`, closed by `end`.
    If,
    /// `for`, closed by `end`.
    For,
    /// `while`, closed by `end`.
    While,
    /// `do` on its own, closed by `end`.
    Do,
    /// `repeat`, closed by `until`.
    Repeat,
    /// `(` around an expression or arguments.
    Paren,
    /// `(` around parameters.
    Parameters,
    /// `{`
    Brace,
    /// `[`
    Bracket,
}

impl Opener {
    /// What closes it, whatever stood inside.
    pub(crate) fn closer(self) -> &'static str {
        match self {
            Opener::Function | Opener::If | Opener::For | Opener::While | Opener::Do => " end",
            Opener::Repeat => " until nil",
            Opener::Paren | Opener::Parameters => ")",
            Opener::Brace => "}",
            Opener::Bracket => "]",
        }
    }
}

/// An entry of the stack of what is open.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// What it is.
    pub opener: Opener,
    /// The line that counts as its own.
    pub line: u32,
    /// What is still to come before the block begins.
    head: Head,
    /// What [`TokenSource::conditional`] was around it.
    conditional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// `while` and `for` before their `do`.
    Do,
    /// A function statement, whose line is that of `function`, before its parameters.
    Statement,
    /// Another function, whose line is that of `(`, before its parameters.
    Other,
    /// Nothing.
    Complete,
}

/// The tokens of a source text, as the parser takes them.
pub struct TokenSource<'s> {
    lexer: Lexer<'s, Token>,
    /// The last token handed out, not yet accepted.
    ahead: Option<Token>,
    /// The last token accepted.
    before: Token,
    open: Vec<Open>,
    /// Whether the next `:` belongs to a `?`. As in LuaJIT, that is so up to the first `:`, whatever stands between.
    conditional: bool,
    lines: Vec<u32>,
    first_line: u32,
    /// Bytes that were removed before the first token.
    header: usize,
}

impl<'s> TokenSource<'s> {
    /// Prepares to read `source`.
    pub fn new(source: &'s [u8]) -> TokenSource<'s> {
        let (body, first_line) = skip_header(source);
        TokenSource {
            lexer: Token::lexer(body),
            ahead: None,
            before: Token::Semicolon,
            open: Vec::new(),
            conditional: false,
            lines: Vec::with_capacity(body.len() / 4),
            first_line,
            header: source.len() - body.len(),
        }
    }

    /// The line that has been read to.
    pub fn line(&self) -> u32 {
        self.first_line + self.lexer.extras.line_ends
    }

    /// The text of the last token that was read, and of a broken one what was taken of it.
    pub fn text(&self) -> &'s [u8] {
        self.lexer.slice()
    }

    /// Where the last token that was read begins in the source text.
    pub(crate) fn start_of_last(&self) -> usize {
        self.header + self.lexer.span().start
    }

    /// What is open before the last token that was read, the innermost last.
    pub(crate) fn openers(&self) -> Vec<Opener> {
        self.open.iter().map(|open| open.opener).collect()
    }

    /// The lexer's state: symbols and the string read last.
    pub fn state(&self) -> &LexState {
        &self.lexer.extras
    }

    /// The innermost bracket or block that is open before the last token that was read.
    pub fn innermost(&self) -> Option<Open> {
        self.open.last().copied()
    }

    /// The lexer's state and the line of each token.
    pub fn finish(self) -> (LexState, Vec<u32>) {
        (self.lexer.extras, self.lines)
    }

    /// Records what a token that the parser took opens or closes.
    fn accept(&mut self, token: Token, line: u32) {
        let top = self.open.last_mut();
        match token {
            Token::Function if self.before == Token::Local => self.push(Opener::Function, line, Head::Other),
            // A function statement until a "(" shows that it is none, or a name that it is.
            Token::Function => self.push(Opener::Function, line, Head::Statement),
            Token::While => self.push(Opener::While, line, Head::Do),
            Token::For => self.push(Opener::For, line, Head::Do),
            Token::Do => match top {
                Some(open) if open.head == Head::Do => open.head = Head::Complete,
                _ => self.push(Opener::Do, line, Head::Complete),
            },
            Token::LeftParen | Token::LeftParenOnNewLine => match top {
                Some(open) if matches!(open.head, Head::Statement | Head::Other) => {
                    if open.head == Head::Other || self.before == Token::Function {
                        open.line = line;
                    }
                    open.head = Head::Complete;
                    self.push(Opener::Parameters, line, Head::Complete);
                }
                _ => self.push(Opener::Paren, line, Head::Complete),
            },
            Token::If => self.push(Opener::If, line, Head::Complete),
            Token::Repeat => self.push(Opener::Repeat, line, Head::Complete),
            Token::LeftBrace => self.push(Opener::Brace, line, Head::Complete),
            Token::LeftBracket => self.push(Opener::Bracket, line, Head::Complete),
            Token::End | Token::Until | Token::RightParen | Token::RightBrace | Token::RightBracket => {
                self.conditional = self.open.pop().is_some_and(|open| open.conditional);
            }
            Token::Question => self.conditional = true,
            Token::ConditionColon => self.conditional = false,
            _ => {}
        }
        self.before = token;
    }

    fn push(&mut self, opener: Opener, line: u32, head: Head) {
        let conditional = std::mem::replace(&mut self.conditional, false);
        self.open.push(Open { opener, line, head, conditional });
    }
}

impl Iterator for &mut TokenSource<'_> {
    type Item = Result<(TokenIndex, Token, TokenIndex), LexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line_before = self.lines.last().copied();
        match self.ahead.take() {
            Some(Token::EndOfSource) => return None,
            Some(token) => self.accept(token, line_before.unwrap_or_default()),
            None => {}
        }
        let token = match self.lexer.next() {
            Some(Ok(token)) => token,
            Some(Err(error)) => return Some(Err(error)),
            None => Token::EndOfSource,
        };
        let line = self.line();
        let token = match token {
            Token::LeftParen if line_before.is_some_and(|before| before != line) => Token::LeftParenOnNewLine,
            Token::Colon if self.conditional => Token::ConditionColon,
            token => token,
        };
        let index = self.lines.len() as TokenIndex;
        self.lines.push(line);
        self.ahead = Some(token);
        Some(Ok((index, token, index + 1)))
    }
}

/// Removes a UTF-8 byte order mark and then a first line that begins with `#`. Also gives the line that is first then.
fn skip_header(source: &[u8]) -> (&[u8], u32) {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    if source.first() != Some(&b'#') {
        return (source, 1);
    }
    match source.iter().position(|c| matches!(c, b'\n' | b'\r')) {
        Some(end) => (&source[end + line_end(&source[end..])..], 2),
        None => (&[], 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is open when each token has been read, from the outside in.
    fn nesting(source: &str) -> Vec<String> {
        let mut tokens = TokenSource::new(source.as_bytes());
        let mut out = Vec::new();
        while let Some(token) = (&mut tokens).next() {
            assert!(token.is_ok());
            out.push(tokens.open.iter().map(|o| format!("{:?}@{}", o.opener, o.line)).collect::<Vec<_>>().join(" "));
        }
        out
    }

    #[test]
    fn blocks_and_brackets_are_tracked() {
        let open = nesting("while\nx do\nif (y) then { [1]=2 } end end");
        assert_eq!(open.last().unwrap(), "");
        assert_eq!(open[2], "While@1");
        assert_eq!(open[5], "While@1 If@3 Paren@3");
        assert_eq!(open[10], "While@1 If@3 Brace@3 Bracket@3");
    }

    #[test]
    fn a_function_counts_from_its_keyword_or_from_its_parenthesis() {
        assert_eq!(nesting("function\nf\n(").last().unwrap(), "Function@1 Parameters@3");
        assert_eq!(nesting("x = function\n(").last().unwrap(), "Function@2 Parameters@2");
        assert_eq!(nesting("local function\nf\n(").last().unwrap(), "Function@3 Parameters@3");
    }

    #[test]
    fn a_parenthesis_knows_whether_it_begins_a_line() {
        let mut tokens = TokenSource::new(b"( a (\n(\n'\\\n' (");
        let all: Vec<Token> = (&mut tokens).map(|token| token.unwrap().1).collect();
        use Token::*;
        assert!(matches!(
            all[..],
            [LeftParen, Name(_), LeftParen, LeftParenOnNewLine, String(_), LeftParen, EndOfSource]
        ));
    }

    #[test]
    fn a_header_is_no_part_of_the_program() {
        for (source, line, rest) in [
            (&b"#!/usr/bin/moonwake\nx"[..], 2, &b"x"[..]),
            (b"#\r\nx", 2, b"x"),
            (b"#", 1, b""),
            (b"\xef\xbb\xbfx", 1, b"x"),
            (b"\xef\xbb\xbf#\n#", 2, b"#"),
            (b"\xef\xbbx", 1, b"\xef\xbbx"),
        ] {
            assert_eq!(skip_header(source), (rest, line));
        }
    }
}
