//! Preprocessing tokens: spelling only, by logos.
//!
//! C decides what an identifier *is* in three later places: the preprocessor asks whether it is a macro, the token source
//! (`tokens.rs`) whether it is a keyword or a type's name, the semantic pass what it denotes. Nothing of that is known
//! here; a `Lexeme` is a kind and a place.
//!
//! A text is lexed whole, before anything looks at it. Then a skipped `#if` group is a walk over an array, peeking for a
//! macro's "(" is an index, and a file that is included several times (`stddef.h` is, four times by `stdio.h`) is lexed
//! once.
//!
//! - A line is not a token: the first token of each line carries [`Lexeme::FIRST`], so a directive is the tokens from a
//!   `#` that has the mark up to the next token that has it. A newline inside a comment does not count.
//! - A text is bytes: comments, strings and names can hold any encoding, or none.
//! - Line splices are gone before logos runs (see `source.rs`): one can stand inside any token.
//! - A stray quote is a token (`#error don't` is legal in a group that is skipped), so it is an error only to the parser.

use logos::{Logos, Skip};

macro_rules! kinds {
    ($($name:ident $spelling:tt $(or $digraph:tt)? ;)*) => {
        /// What a preprocessing token is.
        #[derive(Logos, Clone, Copy, PartialEq, Eq, Debug)]
        #[logos(utf8 = false, skip r"[ \t\r\x0b\x0c]+")]
        #[allow(missing_docs)]
        pub enum Kind {
            #[regex(r"(?-u)[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*")]
            Ident,
            /// A pp-number: wider than C's numbers, as the standard has it, so that `0x1p-3` and `1..2` are one token.
            #[regex(r"\.?[0-9]([eEpP][+-]|[0-9A-Za-z_.])*")]
            Number,
            #[regex(r#"(?-u)(L|u8|u|U)?"([^"\\\n]|\\[^\n])*""#)]
            Str,
            #[regex(r"(?-u)(L|u|U)?'([^'\\\n]|\\[^\n])*'")]
            Char,
            #[token("\n")]
            Newline,
            #[regex(r"(?-u)//[^\n]*", |_| Skip, allow_greedy = true)]
            #[token("/*", block_comment)]
            UnfinishedComment,
            /// LuaJIT's place for a parameter of a parameterised type.
            #[token("$")]
            Dollar,
            /// A quote without its partner, up to the end of the line, or a character that C has no use for.
            #[regex(r"(?-u)'([^'\\\n]|\\[^\n])*")]
            #[regex(r#"(?-u)"([^"\\\n]|\\[^\n])*"#)]
            Stray,
            $(#[token($spelling)] $(#[token($digraph)])? $name,)*

            // What only the preprocessor makes:
            /// The nothing that an empty argument of `##` stands for.
            Placemarker,
            /// The new limit of `#pragma pack`.
            Pack,
            /// A parameter of the text as a whole: what `$` became.
            Param,
            /// No more tokens.
            Eof,
        }

        impl Kind {
            /// The spelling of a punctuator; empty for kinds that have many.
            pub fn spelling(self) -> &'static str {
                match self {
                    $(Kind::$name => $spelling,)*
                    Kind::Dollar => "$",
                    _ => "",
                }
            }
        }
    };
}

kinds! {
    LBrace "{" or "<%"; RBrace "}" or "%>"; LBracket "[" or "<:"; RBracket "]" or ":>"; LParen "("; RParen ")";
    Hash "#" or "%:"; HashHash "##" or "%:%:";
    Semi ";"; Comma ","; Colon ":"; Question "?"; Ellipsis "..."; Dot "."; Arrow "->"; Assign "=";
    Star "*"; Plus "+"; Minus "-"; Slash "/"; Percent "%"; Amp "&"; Pipe "|"; Caret "^"; Tilde "~"; Bang "!";
    Shl "<<"; Shr ">>"; Lt "<"; Gt ">"; Le "<="; Ge ">="; EqEq "=="; Ne "!="; AndAnd "&&"; OrOr "||";
    PlusPlus "++"; MinusMinus "--";
    StarAssign "*="; SlashAssign "/="; PercentAssign "%="; PlusAssign "+="; MinusAssign "-=";
    ShlAssign "<<="; ShrAssign ">>="; AmpAssign "&="; PipeAssign "|="; CaretAssign "^=";
}

fn block_comment(lexer: &mut logos::Lexer<'_, Kind>) -> logos::Filter<()> {
    let rest = lexer.remainder();
    match rest.windows(2).position(|pair| pair == b"*/") {
        Some(length) => {
            lexer.bump(length + 2);
            logos::Filter::Skip
        }
        None => {
            lexer.bump(rest.len());
            logos::Filter::Emit(())
        }
    }
}

/// A token as it stands in its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lexeme {
    /// What it is.
    pub kind: Kind,
    /// `SPACE` and `FIRST`.
    pub flags: u8,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset behind its last byte.
    pub end: u32,
}

impl Lexeme {
    /// White space, a comment or a new line stands before it.
    pub const SPACE: u8 = 1;
    /// It is the first of its line.
    pub const FIRST: u8 = 2;

    /// Whether it is the first token of a line.
    pub fn is_first(self) -> bool {
        self.flags & Lexeme::FIRST != 0
    }
}

/// All tokens of a text whose splices are gone.
pub fn lex(text: &[u8]) -> Vec<Lexeme> {
    let mut lexemes = Vec::with_capacity(text.len() / 8);
    let mut lexer = Kind::lexer(text);
    let mut first = Lexeme::FIRST;
    let mut end_of_last = usize::MAX;
    while let Some(result) = lexer.next() {
        let kind = match result {
            Ok(Kind::Newline) => {
                first = Lexeme::FIRST;
                continue;
            }
            Ok(kind) => kind,
            Err(()) => Kind::Stray,
        };
        let span = lexer.span();
        let space = if span.start != end_of_last || first != 0 { Lexeme::SPACE } else { 0 };
        lexemes.push(Lexeme { kind, flags: space | first, start: span.start as u32, end: span.end as u32 });
        end_of_last = span.end;
        first = 0;
    }
    lexemes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Vec<(Kind, &str)> {
        lex(text.as_bytes()).iter().map(|l| (l.kind, &text[l.start as usize..l.end as usize])).collect()
    }

    #[test]
    fn the_longest_token_wins() {
        use Kind::*;
        assert_eq!(
            spelled("a+++b...->>>=%:%:"),
            [
                (Ident, "a"),
                (PlusPlus, "++"),
                (Plus, "+"),
                (Ident, "b"),
                (Ellipsis, "..."),
                (Arrow, "->"),
                (ShrAssign, ">>="),
                (HashHash, "%:%:")
            ]
        );
    }

    #[test]
    fn a_preprocessing_number_is_wide() {
        for text in ["0x1p-3f", "1.5e+10", ".5", "1..2", "0xeULL", "1e+1_x", "08"] {
            assert_eq!(spelled(text), [(Kind::Number, text)]);
        }
        assert_eq!(spelled("0xe-1").len(), 1, "as in C, `0xe-1` is one preprocessing number");
        assert_eq!(spelled("0xf-1").len(), 3);
    }

    #[test]
    fn stray_quotes_and_comments() {
        use Kind::*;
        assert_eq!(
            spelled("don't /* \"x\\\"y\"\n'a\\'' /* ' \n \" */ // x'\n@"),
            [(Ident, "don"), (Stray, "'t /* \"x\\\"y\""), (Char, "'a\\''"), (Stray, "@")]
        );
        assert_eq!(spelled("a /* b"), [(Ident, "a"), (UnfinishedComment, "/* b")]);
        assert_eq!(spelled("a /**/ b /***/ c /*/*/ d").len(), 4);
    }

    #[test]
    fn lines_and_spaces_are_marks() {
        let marks: Vec<u8> = lex(b"a b+\n  # /* \n */ x\r\n\ny").iter().map(|l| l.flags).collect();
        let (space, both) = (Lexeme::SPACE, Lexeme::SPACE | Lexeme::FIRST);
        assert_eq!(marks, [both, space, 0, both, space, both]);
    }
}
