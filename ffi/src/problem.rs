//! What goes wrong between Lua and C, in LuaJIT's words.
//!
//! Scripts match on these texts, so each is written once, here. A [`Problem`] does not know yet where it will be reported: as an error of the
//! line that runs, or as "bad argument #2 to 'f' (…)".

/// An error's text, without position and function name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem(pub String);

/// The result of what may meet a problem.
pub type Outcome<T> = Result<T, Problem>;

/// Problems whose text is always the same.
macro_rules! fixed_problems {
    ($($name:ident = $text:literal;)*) => {
        impl Problem {
            $(
                #[doc = concat!("\"", $text, "\"")]
                #[cold]
                pub fn $name() -> Problem {
                    Problem($text.to_owned())
                }
            )*
        }
    };
}

fixed_problems! {
    unknown_size = "size of C type is unknown or too large";
    alignment = "alignment of C type is too large";
    constant_location = "attempt to write to constant location";
    invalid_ctype = "invalid C type";
    argument_count = "wrong number of arguments for function call";
    bad_callback = "bad callback";
    too_many_callbacks = "too many callbacks";
    uncallable_signature = "NYI: cannot call this C function (yet)";
    protected_metatable = "cannot change a protected metatable";
    type_parameters = "wrong number of type parameters";
    string_overflow = "string length overflow";
    null_pointer = "NULL pointer";
    value_expected = "value expected";
    other_thread = "callback from another thread";
}

impl Problem {
    /// A value that cannot become one of this type.
    #[cold]
    pub fn cannot_convert(from: &str, to: &str) -> Problem {
        Problem(format!("cannot convert '{from}' to '{to}'"))
    }

    /// More values than an object has places.
    #[cold]
    pub fn too_many_initializers(ctype: &str) -> Problem {
        Problem(format!("too many initializers for '{ctype}'"))
    }

    /// A name that a type does not have.
    #[cold]
    pub fn no_member(ctype: &str, member: &str) -> Problem {
        Problem(format!("'{ctype}' has no member named '{member}'"))
    }

    /// A key of a kind that a type cannot be indexed with.
    #[cold]
    pub fn cannot_be_indexed(ctype: &str, key: &str) -> Problem {
        Problem(format!("'{ctype}' cannot be indexed with '{key}'"))
    }

    /// A call of something that is no function.
    #[cold]
    pub fn not_callable(ctype: &str) -> Problem {
        Problem(format!("'{ctype}' is not callable"))
    }

    /// A metamethod that only the type's author could have defined.
    #[cold]
    pub fn no_metamethod(ctype: &str, event: &str) -> Problem {
        Problem(format!("'{ctype}' has no '{event}' metamethod"))
    }

    /// Arithmetic that is not defined for these operands.
    #[cold]
    pub fn arithmetic(left: &str, right: &str) -> Problem {
        Problem(format!("attempt to perform arithmetic on '{left}' and '{right}'"))
    }

    /// An ordering that is not defined for these operands.
    #[cold]
    pub fn comparison(left: &str, right: &str) -> Problem {
        Problem(format!("attempt to compare '{left}' with '{right}'"))
    }

    /// A concatenation; none is defined.
    #[cold]
    pub fn concatenation(left: &str, right: &str) -> Problem {
        Problem(format!("attempt to concatenate '{left}' and '{right}'"))
    }

    /// A length; none is defined.
    #[cold]
    pub fn length(ctype: &str) -> Problem {
        Problem(format!("attempt to get length of '{ctype}'"))
    }

    /// A symbol of a library that no `cdef` has declared.
    #[cold]
    pub fn undeclared_symbol(name: &str) -> Problem {
        Problem(format!("missing declaration for symbol '{name}'"))
    }
}
