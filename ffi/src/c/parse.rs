//! Runs the generated parser, and puts its errors into LuaJIT's words.
//!
//! LALRPOP says which tokens it could have taken. What a person wants to hear is one of four things: that a declaration
//! begins with no type, that a name is missing, which bracket or semicolon should have come, or just where it broke.

use lalrpop_util::{ParseError, lalrpop_mod};

use super::{
    ast::{Ast, Attr, ExprId, Parsed},
    attribute::Attribute,
    error::{Fault, Result},
    name::{Name, Names},
    preprocess::spell,
    source::Loc,
    token::Token,
    tokens::TokenSource,
};

lalrpop_mod!(
    #[allow(clippy::all, missing_docs, unused)]
    grammar,
    "/c/grammar.rs"
);

/// What the grammar's actions need to know of attributes.
#[derive(Clone, Copy)]
pub struct AttrName<'a>(&'a Names);

impl AttrName<'_> {
    /// The attribute, unless it means nothing.
    pub(super) fn attr(self, name: Name, operand: Option<ExprId>, loc: Loc) -> Option<Attr> {
        match Attribute::named(self.0.spelling(name)) {
            Attribute::Ignored => None,
            attribute => Some(Attr { attribute, operand, loc }),
        }
    }
}

/// Parses what the source's pseudo token says. The expressions go to `ast`.
pub fn parse(mut source: TokenSource<'_, '_>, ast: &mut Ast, names: &Names) -> Result<Parsed> {
    ast.clear();
    let result = grammar::StartParser::new().parse(ast, AttrName(names), &mut source);
    result.map_err(|error| match error {
        ParseError::User { error } => error,
        ParseError::UnrecognizedToken { token: (loc, token, _), expected } => {
            explain(&source, names, loc, token, &expected)
        }
        ParseError::UnrecognizedEof { location, expected } => explain(&source, names, location, Token::Eof, &expected),
        ParseError::InvalidToken { location } | ParseError::ExtraToken { token: (location, ..) } => {
            explain(&source, names, location, Token::Eof, &[])
        }
    })
}

fn explain(source: &TokenSource<'_, '_>, names: &Names, loc: Loc, token: Token, expected: &[String]) -> Box<Fault> {
    let takes = |terminal: &str| expected.iter().any(|expected| expected.trim_matches('"') == terminal);
    let near = spell(names, source.last());
    let closer = source.closer().filter(|closer| takes(closer));
    let in_expression = takes("<number>");
    let what = if takes("<basic>") && source.wants_type() && !in_expression {
        "declaration specifier expected".to_owned()
    } else if takes("<identifier>") && !in_expression && !matches!(token, Token::Ident(_)) && !takes(",") {
        "'<identifier>' expected".to_owned()
    } else if let Some(closer) = closer.filter(|_| !in_expression) {
        format!("'{closer}' expected")
    } else if takes(";") {
        "';' expected".to_owned()
    } else if takes("<eof>") {
        "'<eof>' expected".to_owned()
    } else if let ([only], false) = (expected, in_expression) {
        format!("'{}' expected", only.trim_matches('"'))
    } else {
        "unexpected symbol".to_owned()
    };
    Box::new(Fault { loc, message: format!("{what} near '{near}'") })
}
