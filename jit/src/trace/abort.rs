//! Why a recording ends without a trace: the one table of reasons.
//!
//! An abort is an ordinary event: the program goes on in the interpreter, the place where the recording began waits longer before the next
//! try, and after some tries it is left alone ([`super::penalty`]). `-jv` prints the reason with the place, `--stats` counts
//! both. The texts are LuaJIT's where it has the reason, since that is what people search for.

use moonwake_lang::bytecode::Op;

macro_rules! define_reasons {
    ($($name:ident, $text:literal $(about $about:ident)?, $doc:literal;)*) => {
        /// A reason to abort a recording.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Reason { $(#[doc = $doc] $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// What is printed for it.
            pub const fn text(self) -> &'static str {
                match self { $(Reason::$name => $text,)* }
            }

            /// Whether what it is about is said, too.
            pub const fn is_about_something(self) -> bool {
                match self { $(Reason::$name => define_reasons!(@about $($about)?),)* }
            }
        }
    };
    (@about) => { false };
    (@about $about:ident) => { true };
}
define_reasons! {
    // Limits.
    TraceTooLong, "trace too long", "more instructions than `maxrecord` allows";
    TraceTooDeep, "trace too deep", "inlined calls go beyond what a frame's slots may span";
    TooManySnapshots, "too many snapshots", "more than `maxsnap` allows";
    LoopUnroll, "loop unroll limit reached", "an inner loop was unrolled too often";
    CallUnroll, "call unroll limit reached", "a function was inlined into itself too often";
    IndexLoop, "looping index lookup", "a chain of `__index` or `__newindex` is too long";

    // Control flow.
    LeavesLoop, "leaving loop in root trace", "the loop whose recording began here ended instead of turning";
    InnerLoop, "inner loop in root trace", "another loop was entered: it should be compiled first, and get this one as a side trace";
    ReturnToNative, "NYI: return to lower frame", "a function returned to where a trace cannot follow: to Rust or to another coroutine";
    ShortFunction, "function too short", "entering a trace takes longer than the function: it is only compiled where it is inlined";
    Unforeseen, "error thrown or hook called during recording", "the interpreter did something other than what was recorded";
    GuardFails, "guard would always fail", "what was recorded contradicts itself and can never run";
    Unstable, "persistent type instability", "a loop's values keep changing their types from turn to turn";
    Retry, "retry recording", "the recording should begin anew";

    // What is not recorded.
    NyiBytecode, "NYI: bytecode" about operation, "this operation is not recorded";
    NyiNative, "NYI: FastFunc" about function, "this library function is not recorded";
    NyiMetamethod, "NYI: metamethod", "a metamethod of this kind is not recorded";
    NyiVarargs, "NYI: varargs", "the number of multiple results is not known";
    BadType, "bad argument type", "the operation is going to throw an error";
    StoreNilKey, "store with nil or NaN key", "the store is going to throw an error";
    JitOff, "JIT compilation disabled for function", "`jit.off` was called for it";
    NyiConversion, "unsupported C type conversion", "a C value is converted in a way that is not recorded";
    NyiCType, "unsupported C type", "a C value of this type is not recorded";
    NyiCCall, "unsupported C function type", "a C function of this kind is not called from traces";

    // After recording.
    Compilation, "failed to generate machine code" about message, "the backend refused the trace";
    OnlyLink, "nothing to compile", "a side trace leads to where its exit may lead directly: to another trace, or on in the interpreter";
    Flushed, "trace flushed", "traces were flushed while this one was recorded";
}

/// An abort: the reason, and what it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Abort {
    /// The reason.
    pub reason: Reason,
    /// The operation, function or message that it is about.
    pub about: String,
}

impl Abort {
    /// An abort that is about nothing in particular.
    pub fn new(reason: Reason) -> Abort {
        Abort { reason, about: String::new() }
    }

    /// An abort about something.
    pub fn about(reason: Reason, what: impl Into<String>) -> Abort {
        Abort { reason, about: what.into() }
    }

    /// An abort for an operation that is not recorded.
    pub fn operation(op: Op) -> Abort {
        Abort::about(Reason::NyiBytecode, format!("{op:?}"))
    }
}

impl From<Reason> for Abort {
    fn from(reason: Reason) -> Abort {
        Abort::new(reason)
    }
}

impl From<crate::opt::Never> for Abort {
    fn from(_: crate::opt::Never) -> Abort {
        Abort::new(Reason::GuardFails)
    }
}

impl std::fmt::Display for Abort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason.text())?;
        if self.about.is_empty() { Ok(()) } else { write!(f, " {}", self.about) }
    }
}

/// The result of recording something.
pub type Rec<T> = Result<T, Abort>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_apart_by_their_texts() {
        for (n, reason) in Reason::ALL.iter().enumerate() {
            assert!(Reason::ALL[..n].iter().all(|other| other.text() != reason.text()), "{reason:?}");
        }
    }

    #[test]
    fn what_it_is_about_follows_the_reason() {
        assert_eq!(Abort::operation(Op::CLOSE).to_string(), "NYI: bytecode CLOSE");
        assert_eq!(Abort::new(Reason::InnerLoop).to_string(), "inner loop in root trace");
    }
}
