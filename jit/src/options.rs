//! What can be tuned: the parameters and passes of `-O`, with LuaJIT's names, defaults and spellings.
//!
//! ```text
//!   -O3  -O0                 a level: all passes, or none
//!   -O+fold  -O-loop         one pass on or off
//!   -Ohotloop=10,hotexit=2   parameters
//! ```

use crate::opt::Passes;

macro_rules! define_limits {
    ($($name:ident = $default:literal, $doc:literal;)*) => {
        /// The parameters of recording and of traces' lives.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct Limits { $(#[doc = $doc] pub $name: i32,)* }

        impl Limits {
            /// LuaJIT's defaults, save for `hotexit`: exits are cheaper here, and traces dearer.
            pub const DEFAULT: Limits = Limits { $($name: $default,)* };
            /// The names of all parameters.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Sets a parameter by its name; false when there is none of this name.
            pub fn set(&mut self, name: &str, value: i32) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}
define_limits! {
    maxtrace = 1000, "traces there may be; one more flushes them all";
    maxrecord = 4000, "IR instructions of one trace";
    maxirconst = 500, "constants of one trace";
    maxside = 100, "side traces of one root trace";
    maxsnap = 500, "snapshots of one trace";
    minstitch = 0, "instructions before a trace may end at what cannot be recorded";
    hotloop = 56, "turns after which a loop is recorded; a function, after twice as many calls";
    hotexit = 6000, "times that an exit is taken before a side trace is recorded: in that time the trace is compiled";
    tryside = 4, "attempts to record a side trace";
    instunroll = 4, "turns of a loop whose types change that are recorded";
    loopunroll = 15, "turns of inner loops that a trace unrolls";
    callunroll = 3, "times that a function is inlined into itself";
    recunroll = 2, "times that the function a trace begins in is inlined into itself";
    sizemcode = 64, "size of a piece of code memory in KB";
    maxmcode = 40960, "size of all code memory in KB";
}

/// Everything that `-O` sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The parameters.
    pub limits: Limits,
    /// The passes.
    pub passes: Passes,
}

impl Options {
    /// Everything on, with the default parameters.
    pub const DEFAULT: Options = Options { limits: Limits::DEFAULT, passes: Passes::ALL };

    /// Applies the text behind one `-O`, several settings separated by commas.
    ///
    /// # Errors
    /// With a message when a setting is unknown.
    pub fn apply(&mut self, text: &str) -> Result<(), String> {
        for setting in text.split(',') {
            let setting = setting.trim();
            if !self.apply_one(setting) {
                return Err(format!("unknown or malformed optimization flag '{setting}'"));
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, setting: &str) -> bool {
        if let Some((name, value)) = setting.split_once('=') {
            if !value.bytes().all(|c| c.is_ascii_digit()) {
                return false;
            }
            // No digits are 0, as in LuaJIT.
            let value = value.bytes().fold(0i32, |n, c| n.saturating_mul(10).saturating_add(i32::from(c - b'0')));
            return self.limits.set(name, value);
        }
        if setting.is_empty() {
            self.passes = Passes::ALL;
            return true;
        }
        if let &[digit @ b'0'..=b'9'] = setting.as_bytes() {
            self.passes = level_passes(digit - b'0');
            return true;
        }
        let (on, name) = match setting.as_bytes()[0] {
            b'+' => (true, &setting[1..]),
            b'-' => (false, &setting[1..]),
            _ => match setting.strip_prefix("no") {
                Some(name) => (false, name.strip_prefix('-').unwrap_or(name)),
                None => (true, setting),
            },
        };
        // `loop` is LuaJIT's name for peeling, `fwd` for forwarding; its other passes are parts of ours.
        match name {
            "loop" => self.passes.set("peel", on),
            "fwd" => self.passes.set("forward", on),
            "narrow" | "abc" | "fuse" => true,
            // A multiplication and an addition may be one rounding less; that they are is for nobody to rely on.
            "fma" => true,
            name => self.passes.set(name, on),
        }
    }
}

/// The passes of an optimisation level.
fn level_passes(level: u8) -> Passes {
    match level {
        0 => Passes::NONE,
        1 => Passes { fold: true, cse: true, dce: true, ..Passes::NONE },
        2 => Passes { peel: true, ..level_passes(1) },
        _ => Passes::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_spelled_as_in_luajit() {
        let mut options = Options::DEFAULT;
        options.apply("hotloop=10,-loop,+fold,hotexit=2").expect("they are known");
        assert_eq!((options.limits.hotloop, options.limits.hotexit), (10, 2));
        assert!(!options.passes.peel && options.passes.fold);
        options.apply("0").expect("a level");
        assert_eq!(options.passes, Passes::NONE);
        options.apply("3").expect("a level");
        assert_eq!(options.passes, Passes::ALL);
        options.apply("nocse,no-dce").expect("other spellings");
        assert!(!options.passes.cse && !options.passes.dce);
        options.apply("hotloop=").expect("no digits are 0");
        assert_eq!(options.limits.hotloop, 0);
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        for bad in ["blah", "hotloop", "hotloop=x", "hotloop=-1", "=", "+", "10", "33"] {
            assert!(Options::DEFAULT.clone().apply(bad).is_err(), "{bad}");
        }
    }
}
