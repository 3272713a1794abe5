//! Functions written in Rust: how the interpreter calls them, and what they may do.
//!
//! A native function gets a [`Call`]: its arguments stand on the Lua stack, where the collector sees them, and its results are
//! written there too. It says what happens next by the [`Outcome`] it returns. Because the interpreter uses no native
//! stack between Lua functions, a native that wants to call a Lua function *as its last act* returns [`Outcome::TailCall`]
//! and leaves; that is how `pcall`, `coroutine.resume` and the like stay transparent to yields. A native that needs a
//! result of a Lua function uses [`Vm::call`](super::Vm::call), which nests an interpreter, and through which a coroutine cannot yield.
//!
//! **Invariant:** between two calls into Lua a native runs without a safe point, so it may hold any `Gc` in a local.

#![allow(unsafe_code)]

use super::Vm;
use super::error::{Error, LuaResult};
use crate::object::{Cdata, Coroutine, Function, Gc, Str, Table, Userdata};
use crate::value::Value;

/// What a native function returns.
pub type NativeResult = Result<Outcome, Error>;

/// A native function.
pub type NativeFn = fn(&mut Call<'_>) -> NativeResult;

/// A native function and its name; one static per library function. The JIT knows functions by its address.
pub struct NativeFunction {
    /// Name for tracebacks and error messages, as `table.insert`; empty for a function of the host's that is none of the library.
    pub name: &'static str,
    /// The code.
    pub function: NativeFn,
}

impl Gc<Function> {
    /// The name of a native function, as `table.insert`; `None` for one written in Lua.
    pub fn native_name(self) -> Option<&'static str> {
        // SAFETY: natives are made with the address of a static `NativeFunction`.
        self.is_native().then(|| unsafe { (*self.native()).name })
    }

    /// The native function that this is.
    #[inline(always)]
    pub fn native(self) -> *const NativeFunction {
        self.native_word().cast()
    }
}

/// What happens after a native function has run.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It returns `count` values, which start at the frame's place `first`.
    Return {
        /// Place of the first result, counted from the first argument.
        first: u32,
        /// Number of results.
        count: u32,
    },
    /// It is replaced by a call of the value at place `function`, whose `count` arguments follow that place.
    TailCall {
        /// Place of the function, counted from the first argument.
        function: u32,
        /// Number of arguments behind it.
        count: u32,
    },
    /// `pcall`: calls argument 0 with the others, and catches errors.
    ProtectedCall,
    /// `xpcall`: calls argument 0 with the arguments from 2 on; argument 1 handles errors.
    ProtectedCallWithHandler,
    /// Runs this coroutine with `count` values that start at place `first`.
    Resume {
        /// The coroutine.
        coroutine: Gc<Coroutine>,
        /// Place of the first value.
        first: u32,
        /// Number of values.
        count: u32,
        /// Whether errors pass through (`coroutine.wrap`) or are returned (`coroutine.resume`).
        wrap: bool,
    },
    /// Suspends the running coroutine; its resumer receives `count` values that start at place `first`.
    Yield {
        /// Place of the first value.
        first: u32,
        /// Number of values.
        count: u32,
    },
}

/// A running native function: the virtual machine and the function's arguments.
///
/// The two numbers are apart: side by side, they would be read together for the outcome right after one was written, for which the
/// processor waits.
#[repr(C)]
pub struct Call<'a> {
    pub(super) count: usize,
    /// The virtual machine.
    pub vm: &'a mut Vm,
    pub(super) pushed: usize,
}

#[allow(clippy::len_without_is_empty)]
impl<'a> Call<'a> {
    /// Number of arguments.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Argument `i`, counted from 0; nil when there are fewer.
    #[inline(always)]
    pub fn arg(&self, i: usize) -> Value {
        if i < self.count { self.place(i) } else { Value::NIL }
    }

    /// Argument `i`, if it is there (it may be nil).
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Value> {
        (i < self.count).then(|| self.place(i))
    }

    /// The arguments.
    pub fn args(&self) -> &[Value] {
        // SAFETY: the arguments are `count` initialised values from `base` on, and the stack does not move while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.base(), self.count) }
    }

    /// The frame's base. Read anew each time, since a call into Lua can move the stack.
    #[inline(always)]
    fn base(&self) -> *mut Value {
        self.vm.current.base.get()
    }

    #[inline(always)]
    fn place(&self, i: usize) -> Value {
        // SAFETY: `i` is below `count + pushed`, and that many values stand at the base.
        unsafe { *self.base().add(i) }
    }

    /// The function that runs.
    pub fn function(&self) -> Gc<Function> {
        // SAFETY: a frame's function stands two places below its base.
        unsafe { *self.base().sub(2) }.as_function().expect("a frame belongs to a function")
    }

    /// Upvalue `i` of the function that runs.
    pub fn upvalue(&self, i: usize) -> Value {
        // SAFETY: a native function's upvalue is a value.
        unsafe { *self.function().native_upvalue(i) }
    }

    /// Changes upvalue `i` of the function that runs.
    pub fn set_upvalue(&mut self, i: usize, value: Value) {
        let function = self.function();
        // SAFETY: a native function's upvalue is a place for a value.
        unsafe { *function.native_upvalue(i) = value };
        self.vm.heap.barrier(function.header(), value);
    }

    // ------------------------------------------------------------------------------------------ checked arguments

    /// Argument `i`, which must be given, though it may be nil.
    pub fn any(&mut self, i: usize) -> LuaResult<Value> {
        match self.get(i) {
            Some(value) => Ok(value),
            None => Err(self.arg_error(i, "value expected")),
        }
    }

    /// Argument `i` as a number; a string that reads as one is converted.
    #[inline]
    pub fn number(&mut self, i: usize) -> LuaResult<f64> {
        let value = self.arg(i);
        match value.to_number() {
            Some(n) => Ok(n),
            None => self.number_from_other(i, value),
        }
    }

    #[cold]
    fn number_from_other(&mut self, i: usize, value: Value) -> LuaResult<f64> {
        match self.vm.to_number(value) {
            Some(n) => Ok(n),
            None => Err(self.type_error(i, "number")),
        }
    }

    /// Argument `i` as a whole number of 64 bits, truncated; the smallest one when it does not fit, as C on this processor has it.
    #[inline]
    pub fn integer(&mut self, i: usize) -> LuaResult<i64> {
        let n = self.number(i)?;
        let whole = n as i64;
        let saturated = whole == i64::MAX && n >= 9223372036854775808.0;
        Ok(if saturated || n.is_nan() { i64::MIN } else { whole })
    }

    /// Argument `i` as a whole number of 32 bits, truncated; the smallest one when it does not fit, as LuaJIT has it.
    #[inline]
    pub fn int32(&mut self, i: usize) -> LuaResult<i32> {
        let n = self.number(i)?;
        let whole = n as i32;
        let saturated = whole == i32::MAX && n >= 2147483648.0;
        Ok(if saturated || n.is_nan() { i32::MIN } else { whole })
    }

    /// Argument `i` as a whole number of 32 bits, or `default` when it is nil or not given.
    #[inline]
    pub fn int32_or(&mut self, i: usize, default: i32) -> LuaResult<i32> {
        if self.arg(i).is_nil() { Ok(default) } else { self.int32(i) }
    }

    /// The bytes of argument `i`, a string or a number; valid until the next safe point.
    #[inline]
    pub fn bytes<'s>(&mut self, i: usize) -> LuaResult<&'s [u8]> {
        Ok(self.string(i)?.bytes())
    }

    /// Replaces argument `i`.
    pub fn set_arg(&mut self, i: usize, value: Value) {
        assert!(i < self.count, "only an argument that was given can be replaced");
        // SAFETY: place `i` is an argument.
        unsafe { *self.base().add(i) = value };
    }

    /// Argument `i` as a number, or `default` when it is nil or not given.
    pub fn number_or(&mut self, i: usize, default: f64) -> LuaResult<f64> {
        if self.arg(i).is_nil() { Ok(default) } else { self.number(i) }
    }

    /// Argument `i` as a whole number, or `default` when it is nil or not given.
    pub fn integer_or(&mut self, i: usize, default: i64) -> LuaResult<i64> {
        if self.arg(i).is_nil() { Ok(default) } else { self.integer(i) }
    }

    /// Argument `i` as a string; a number is converted.
    #[inline]
    pub fn string(&mut self, i: usize) -> LuaResult<Gc<Str>> {
        let value = self.arg(i);
        if let Some(s) = value.as_str() {
            return Ok(s);
        }
        if let Some(n) = value.to_number() {
            let s = self.vm.number_to_string(n);
            if i < self.count {
                // SAFETY: place `i` is an argument. The converted string replaces it, so that it stays reachable.
                unsafe { *self.base().add(i) = Value::from(s) };
            }
            return Ok(s);
        }
        Err(self.type_error(i, "string"))
    }

    /// Argument `i` as a string, or `None` when it is nil or not given.
    pub fn string_or_none(&mut self, i: usize) -> LuaResult<Option<Gc<Str>>> {
        if self.arg(i).is_nil() { Ok(None) } else { self.string(i).map(Some) }
    }

    /// Argument `i`, which must be a table.
    #[inline]
    pub fn table(&mut self, i: usize) -> LuaResult<Gc<Table>> {
        match self.arg(i).as_table() {
            Some(t) => Ok(t),
            None => Err(self.type_error(i, "table")),
        }
    }

    /// Argument `i`, which must be a function.
    pub fn callable(&mut self, i: usize) -> LuaResult<Gc<Function>> {
        match self.arg(i).as_function() {
            Some(f) => Ok(f),
            None => Err(self.type_error(i, "function")),
        }
    }

    /// Argument `i`, which must be a coroutine.
    pub fn coroutine(&mut self, i: usize) -> LuaResult<Gc<Coroutine>> {
        match self.arg(i).as_coroutine() {
            Some(c) => Ok(c),
            None => Err(self.arg_error(i, "coroutine expected")),
        }
    }

    /// Argument `i`, which must be a cdata.
    pub fn cdata(&mut self, i: usize) -> LuaResult<Gc<Cdata>> {
        match self.arg(i).as_cdata() {
            Some(c) => Ok(c),
            None => Err(self.type_error(i, "cdata")),
        }
    }

    /// Argument `i`, which must be a full userdata.
    pub fn userdata(&mut self, i: usize) -> LuaResult<Gc<Userdata>> {
        match self.arg(i).as_userdata() {
            Some(u) => Ok(u),
            None => Err(self.type_error(i, "userdata")),
        }
    }

    /// Argument `i` as the index of one of `options`; `default` stands for an argument that is nil or not given.
    pub fn option(&mut self, i: usize, default: Option<&str>, options: &[&str]) -> LuaResult<usize> {
        let name = match (self.string_or_none(i)?, default) {
            (Some(s), _) => s.bytes().to_vec(),
            (None, Some(default)) => default.as_bytes().to_vec(),
            (None, None) => self.string(i)?.bytes().to_vec(),
        };
        match options.iter().position(|o| o.as_bytes() == name) {
            Some(at) => Ok(at),
            None => Err(self.arg_error(i, &format!("invalid option '{}'", String::from_utf8_lossy(&name)))),
        }
    }

    // ------------------------------------------------------------------------------------------ results

    /// Puts a value behind the arguments and what was pushed before; it becomes part of what [`Call::pushed`] returns.
    pub fn push(&mut self, value: Value) {
        let at = self.count + self.pushed;
        let base = self.vm.ensure_native_stack(self.base(), at + 1);
        // SAFETY: the stack has room for `at + 1` values from the base on.
        unsafe { *base.add(at) = value };
        self.pushed += 1;
        self.vm.current.base.set(base);
        self.vm.current.top.set(base.wrapping_add(at + 1));
    }

    /// The first value that was pushed; nil when there is none.
    pub fn first_pushed(&self) -> Value {
        if self.pushed > 0 { self.place(self.count) } else { Value::NIL }
    }

    /// Number of values pushed so far.
    pub fn pushed_count(&self) -> usize {
        self.pushed
    }

    /// Returns everything that was pushed.
    pub fn pushed(&mut self) -> NativeResult {
        Ok(Outcome::Return { first: self.count as u32, count: self.pushed as u32 })
    }

    /// Returns nothing.
    pub fn none(&mut self) -> NativeResult {
        Ok(Outcome::Return { first: 0, count: 0 })
    }

    /// Returns one value.
    #[inline]
    pub fn one(&mut self, value: impl Into<Value>) -> NativeResult {
        // SAFETY: a native frame always has room for more values than its arguments; see `ensure_native_stack`.
        unsafe { *self.base() = value.into() };
        Ok(Outcome::Return { first: 0, count: 1 })
    }

    /// Returns these values.
    pub fn values(&mut self, values: &[Value]) -> NativeResult {
        self.pushed = 0;
        for &value in values {
            self.push(value);
        }
        self.pushed()
    }

    /// Returns the arguments from `i` on.
    pub fn args_from(&mut self, i: usize) -> NativeResult {
        let first = i.min(self.count);
        Ok(Outcome::Return { first: first as u32, count: (self.count - first) as u32 })
    }

    /// Calls `function` with `args` in place of this function, whose results become this function's.
    pub fn tail_call(&mut self, function: Value, args: &[Value]) -> NativeResult {
        let place = (self.count + self.pushed) as u32;
        self.push(function);
        for &arg in args {
            self.push(arg);
        }
        Ok(Outcome::TailCall { function: place, count: args.len() as u32 })
    }

    // ------------------------------------------------------------------------------------------ errors

    /// An error with this message, with the position of the caller in front.
    #[cold]
    pub fn error(&mut self, message: impl AsRef<[u8]>) -> Error {
        self.vm.error_at_level(1, message.as_ref())
    }

    /// "bad argument #i to 'f' (message)".
    #[cold]
    pub fn arg_error(&mut self, i: usize, message: &str) -> Error {
        self.vm.argument_error(i, message)
    }

    /// "bad argument #i to 'f' (expected expected, got …)".
    #[cold]
    pub fn type_error(&mut self, i: usize, expected: &str) -> Error {
        let got = match self.get(i) {
            None => "no value".to_owned(),
            Some(value) => self.vm.type_name_of(value),
        };
        self.arg_error(i, &format!("{expected} expected, got {got}"))
    }

    /// The same for functions that LuaJIT writes in Lua, where an argument that is not given is nil.
    #[cold]
    pub fn type_error_or_nil(&mut self, i: usize, expected: &str) -> Error {
        let got = self.vm.type_name_of(self.arg(i));
        self.arg_error(i, &format!("{expected} expected, got {got}"))
    }
}
