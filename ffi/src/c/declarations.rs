//! Everything that a program has declared so far: the C half as the rest of the program sees it.
//!
//! ```
//! use moonwake_ffi::c::{declarations::Declarations, preprocess::Source, scope::Entity};
//!
//! let mut c = Declarations::new();
//! c.cdef(Source::pasted("#define N 4\nstruct point { double x, y; } *points(int count);", "example"), &[])?;
//! let array = c.parse_type("struct point[N]", &[])?;
//! assert_eq!(c.types().size_of(array), Some(64));
//! assert!(matches!(c.lookup("points")?, Some(Entity::Function { .. })));
//! assert!(matches!(c.lookup("N")?, Some(Entity::Constant(_))));
//! # Ok::<(), moonwake_ffi::c::error::CError>(())
//! ```
//!
//! A `cdef` is all or nothing: one that fails leaves every table as it was.
//!
//! A macro without parameters is a constant when what it expands to is one; this is found out when it is asked for, since
//! most of the thousands that a header brings never are. One that expands to a name is that name (`#define gzopen
//! gzopen64`). A macro with parameters can be called with constants.

use std::{collections::HashMap, path::PathBuf};

use super::{
    ast::{Ast, Parsed},
    declare::Declarer,
    error::{CError, Result, fault},
    headers::{HeaderFiles, SystemHeaders},
    lexer::Kind,
    name::{Name, Names},
    parse::parse,
    preprocess::{Environment, Preprocessed, Source, macros::Macros},
    scope::{Entity, Scope},
    source::{Loc, SourceMap},
    token::{Keywords, Token},
    tokens::{Param, TokenSource, Tokens, Words},
};
use crate::ctype::{CTypeId, CTypes, Constant, Length, Value};

const PREDECLARED: &str = include_str!("builtin/types.h");

/// All declarations.
#[derive(Debug)]
pub struct Declarations {
    environment: Environment,
    keywords: Keywords,
    types: CTypes,
    scope: Scope,
    /// What macros turned out to be, since the last `cdef`.
    macro_values: HashMap<Name, Entity>,
}

impl Default for Declarations {
    fn default() -> Self {
        Declarations::new()
    }
}

impl Declarations {
    /// The predeclared names, and headers from the file system.
    pub fn new() -> Self {
        Declarations::with_headers(Box::new(SystemHeaders))
    }

    /// The predeclared names, and headers from the given files.
    pub fn with_headers(files: Box<dyn HeaderFiles>) -> Self {
        let mut environment = Environment::new(files);
        let keywords = Keywords::new(&mut environment.names);
        let mut declarations = Declarations {
            environment,
            keywords,
            types: CTypes::new(),
            scope: Scope::default(),
            macro_values: HashMap::new(),
        };
        declarations.cdef(Source::pasted(PREDECLARED, "<predeclared>"), &[]).expect("the predeclared names are C");
        declarations
    }

    /// Appends a folder to those where headers are searched before the system's.
    pub fn add_include_folder(&mut self, folder: impl Into<PathBuf>) {
        self.environment.headers.add_folder(folder.into());
    }

    /// The spellings of names.
    pub fn names(&self) -> &Names {
        &self.environment.names
    }

    /// The types.
    pub fn types(&self) -> &CTypes {
        &self.types
    }

    /// The types, to derive others from them.
    pub fn types_mut(&mut self) -> &mut CTypes {
        &mut self.types
    }

    /// What names denote, macros aside.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The name of a spelling.
    pub fn intern(&mut self, spelling: impl AsRef<[u8]>) -> Name {
        self.environment.names.intern(spelling)
    }

    /// A type as LuaJIT prints it.
    pub fn print(&self, id: CTypeId) -> String {
        self.types.print(id, &self.environment.names)
    }

    /// Declares what a text declares. `$` in it stands for the parameters, in order.
    pub fn cdef(&mut self, source: Source<'_>, params: &[Param]) -> Result<(), CError> {
        let mut map = SourceMap::default();
        let result = self.declare_all(source, params, &mut map);
        self.macro_values.clear();
        self.conclude(result, &map, false)
    }

    /// The type that a text names, such as `int (*)[3]`. An unknown tag in it is an error, as in LuaJIT.
    pub fn parse_type(&mut self, text: impl AsRef<[u8]>, params: &[Param]) -> Result<CTypeId, CError> {
        let mut map = SourceMap::default();
        let result = self.type_in(Source::pasted(&text, "type"), params, &mut map);
        self.conclude(result, &map, true)
    }

    /// What a name denotes: a declaration, or a macro that is a constant or another name. An error says that the name is
    /// a macro, and why it has no value.
    pub fn lookup(&mut self, name: impl AsRef<[u8]>) -> Result<Option<Entity>, CError> {
        let Some(name) = self.environment.names.find(name) else { return Ok(None) };
        self.lookup_name(name)
    }

    /// The same for a name that is interned.
    pub fn lookup_name(&mut self, name: Name) -> Result<Option<Entity>, CError> {
        let is_constant =
            self.environment.macros.get(name).is_some_and(|id| self.environment.macros.definition(id).params.is_none());
        if !is_constant {
            return Ok(self.scope.get(name));
        }
        if let Some(&known) = self.macro_values.get(&name) {
            return Ok(Some(known));
        }
        let text = self.names().spelling(name).to_vec();
        match (self.evaluate(&text, &[]), self.scope.get(name)) {
            (Ok(entity), _) => {
                self.macro_values.insert(name, entity);
                Ok(Some(entity))
            }
            (Err(_), Some(entity)) => Ok(Some(entity)),
            (Err(error), None) => Err(self.no_value(name, error)),
        }
    }

    /// All macros.
    pub fn macros(&self) -> &Macros {
        &self.environment.macros
    }

    /// How many parameters a macro takes, if it is one that takes parameters, and whether it takes more.
    pub fn macro_arity(&self, name: Name) -> Option<(usize, bool)> {
        let definition = self.environment.macros.definition(self.environment.macros.get(name)?);
        definition.params.as_ref().map(|params| (params.names.len() - usize::from(params.variadic), params.variadic))
    }

    /// A string as a constant, to call a macro with.
    pub fn string_constant(&mut self, bytes: impl AsRef<[u8]>) -> Constant {
        let length = Length::Known(bytes.as_ref().len() as u64 + 1);
        let ctype = self.types.array_of(CTypeId::INT8, length).expect("memory holds no string that is too long");
        Constant { ctype, value: Value::String(self.intern(bytes)) }
    }

    /// The value of a macro with parameters, called with constants.
    pub fn call_macro(&mut self, name: Name, arguments: &[Constant]) -> Result<Constant, CError> {
        let mut text = self.names().spelling(name).to_vec();
        text.push(b'(');
        text.extend_from_slice(vec!["$"; arguments.len()].join(",").as_bytes());
        text.push(b')');
        let params: Vec<Param> = arguments.iter().map(|&argument| Param::Constant(argument)).collect();
        match self.evaluate(&text, &params) {
            Ok(Entity::Constant(constant)) => Ok(constant),
            Ok(_) => Err(self.no_value(name, CError::placeless("it is no expression"))),
            Err(error) => Err(self.no_value(name, error)),
        }
    }

    fn no_value(&self, name: Name, why: CError) -> CError {
        CError::placeless(format!("macro '{}' has no constant value: {}", self.names().text(name), why.message))
    }

    // ----------------------------------------------------------------------------------------- inside

    /// Ends a transaction.
    fn conclude<T>(&mut self, result: Result<T>, map: &SourceMap, terse: bool) -> Result<T, CError> {
        if result.is_ok() {
            self.environment.commit();
            self.types.commit();
            self.scope.commit();
        } else {
            self.environment.roll_back();
            self.types.roll_back();
            self.scope.roll_back();
        }
        result.map_err(|fault| CError::new(*fault, map, terse))
    }

    fn preprocess(
        &mut self,
        source: Source<'_>,
        params: &[Param],
        map: &mut SourceMap,
    ) -> Result<(Preprocessed, Vec<Name>)> {
        // What a failure takes back starts here: types that operations on values made since the last text stay.
        self.types.commit();
        let output = self.environment.preprocess(Source { params: params.len(), ..source }, map)?;
        if output.params_taken < params.len() {
            return fault(Loc::NOWHERE, "wrong number of type parameters");
        }
        let names = params.iter().map(|param| match param {
            Param::Name(spelling) => self.environment.names.intern(spelling),
            _ => Name::EMPTY,
        });
        let names = names.collect();
        Ok((output, names))
    }

    fn parse(
        &self,
        tokens: &mut Tokens<'_>,
        params: (&[Param], &[Name]),
        want: Token,
        ast: &mut Ast,
    ) -> Result<Parsed> {
        let names = &self.environment.names;
        let words = Words { names, keywords: &self.keywords, scope: &self.scope, params };
        parse(TokenSource::new(tokens, words, want), ast, names)
    }

    fn declarer<'a>(&'a mut self, ast: &'a Ast, params: &'a [Param], implicit_tags: bool) -> Declarer<'a> {
        Declarer {
            names: &mut self.environment.names,
            types: &mut self.types,
            scope: &mut self.scope,
            ast,
            params,
            implicit_tags,
            depth: 0,
        }
    }

    fn declare_all(&mut self, source: Source<'_>, params: &[Param], map: &mut SourceMap) -> Result<()> {
        let (output, names) = self.preprocess(source, params, map)?;
        let mut tokens = Tokens::new(&output.tokens);
        let mut ast = Ast::default();
        while !tokens.is_at_end() {
            if let Parsed::External(external) =
                self.parse(&mut tokens, (params, &names), Token::WantExternal, &mut ast)?
            {
                self.declarer(&ast, params, true).external(&external)?;
            }
        }
        Ok(())
    }

    fn type_in(&mut self, source: Source<'_>, params: &[Param], map: &mut SourceMap) -> Result<CTypeId> {
        let (output, names) = self.preprocess(source, params, map)?;
        let mut tokens = Tokens::new(&output.tokens);
        let mut ast = Ast::default();
        match self.parse(&mut tokens, (params, &names), Token::WantType, &mut ast)? {
            Parsed::Type(name) => self.declarer(&ast, params, false).type_name(&name),
            _ => fault(Loc::NOWHERE, "declaration specifier expected"),
        }
    }

    /// What an expression is: a constant, or what a lone name denotes.
    fn evaluate(&mut self, text: &[u8], params: &[Param]) -> Result<Entity, CError> {
        let mut map = SourceMap::default();
        let result = self.entity_in(Source::pasted(text, "macro"), params, &mut map);
        self.conclude(result, &map, true)
    }

    fn entity_in(&mut self, source: Source<'_>, params: &[Param], map: &mut SourceMap) -> Result<Entity> {
        let output = self.environment.preprocess(Source { params: params.len(), ..source }, map)?;
        if let [only, _] = output.tokens[..]
            && only.kind == Kind::Ident
            && let Some(entity) = self.scope.get(only.name())
        {
            return Ok(entity);
        }
        let names = vec![Name::EMPTY; params.len()];
        let mut tokens = Tokens::new(&output.tokens);
        let mut ast = Ast::default();
        match self.parse(&mut tokens, (params, &names), Token::WantConstant, &mut ast)? {
            Parsed::Constant(expr) => self.declarer(&ast, params, false).constant(expr).map(Entity::Constant),
            _ => fault(Loc::NOWHERE, "unexpected symbol"),
        }
    }
}
