//! The virtual machine: what all parts of a running program share.
//!
//! Reading order: [`frame`] (how calls lie on the stack), [`interp`] (the handlers), [`native`] (functions in Rust), [`coroutine`], then
//! the rest by need. [`access`] has indexing and operators, [`stack`] room on the stack, [`debug`] and [`messages`] what a person
//! is told, [`tracer`] what a JIT hooks into.
//!
//! **Invariant:** no mutable state outside a [`Vm`]; machines on different threads know nothing of each other.

pub mod access;
pub mod compiled;
pub mod coroutine;
pub mod debug;
pub mod error;
pub mod frame;
pub mod hook;
pub mod interp;
pub mod messages;
pub mod native;
pub(crate) mod native_numbers;
mod native_stack;
pub mod safepoint;
pub mod stack;
pub mod ticker;
pub mod traceback;
pub mod tracer;
pub mod written_in_lua;

use crate::gc::Heap;
use crate::object::{Coroutine, Function, Gc, Proto, Table, proto_flags};
use crate::stdlib::jit::events::Events;
use crate::stdlib::math::random::Random;
use crate::trace_state::{EnterTrace, TraceState};
use crate::value::{Tag, Value};
use error::{Error, LuaResult};
use frame::{Link, LinkKind};
use interp::dispatch::{Handler, Pending, Table as Handlers};
use native::NativeFunction;
use stack::FIRST_STACK_SIZE;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use tracer::Tracer;

/// Number of hot counts; loops and functions share them by address.
pub const HOT_COUNTS: usize = 64;
/// Nesting of runs that Rust code may start without asking how much native stack is left.
const SAFE_RUN_DEPTH: u32 = 100;

/// What becomes of an error in a function that Rust code calls.
#[derive(Clone, Copy)]
enum Catch {
    /// It goes on through the caller; an `xpcall` further down has handled it where it was thrown.
    Nothing,
    /// It ends at the caller.
    Errors,
    /// It ends at the caller, and this handles it.
    WithHandler(Value),
}

/// A virtual machine.
#[repr(C)]
pub struct Vm {
    /// What compiled traces read and write; at offset 0, where they expect it.
    pub trace: TraceState,
    table: Handlers,
    hot_counts: [u16; HOT_COUNTS],
    /// What a hot count is set to: twice the number of turns after which a loop is hot, less one.
    pub hot_loop_count: u16,
    /// The running coroutine. Its `base`, `top` and `pc` are those of the running function whenever Rust code outside the
    /// interpreter runs.
    pub current: Gc<Coroutine>,
    trace_code: Vec<*const u8>,
    enter_trace: Option<EnterTrace>,
    /// The function `next`, which the generic loop knows.
    pub next_function: Value,
    /// The iterator of `ipairs`, which it knows, too.
    pub(crate) ipairs_step: Value,
    /// Where objects live.
    pub heap: Heap,
    main: Gc<Coroutine>,
    registry: Gc<Table>,
    type_metatables: [Option<Gc<Table>>; access::TYPE_COUNT],
    memory_message: Value,
    pending: Pending,
    pending_error: Option<Error>,
    /// An error that the handler of the `xpcall` which will catch it has seen. Handlers are called where an error is thrown, even if Rust
    /// code stands between there and the `xpcall`; the error then passes through that.
    handled_error: Option<Value>,
    /// What a callback under compiled code threw; raised when the trace has left.
    deferred_error: Option<Error>,
    /// What the last native function returned, if that was not plain values.
    outcome: native::NativeResult,
    /// Arguments for the metamethod that is about to be called.
    metamethod_args: [Value; 3],
    looked_up: [Value; 2],
    store_problem: access::StoreProblem,
    run_depth: u32,
    /// How many coroutines wait for one that they resumed.
    resume_depth: u32,
    /// A native runs that compiled code called directly, which must not call Lua.
    serves_trace: bool,
    native_stack: native_stack::NativeStack,
    /// Coroutines whose stacks callbacks under compiled traces ran on, to be used again.
    idle_callback_stacks: Vec<Gc<Coroutine>>,
    recording: bool,
    /// Whether a finaliser runs.
    finalising: bool,
    hooked: bool,
    hook: hook::Hook,
    /// Who is told what happens in the machine.
    pub(crate) events: Events,
    tick_action: Option<ticker::TickAction>,
    tracer: Option<Box<dyn Tracer>>,
    /// Debug functions have been at variables ([`Vm::rebind_variables`]).
    pub variables_rebound: bool,
    text_buffer: Vec<u8>,
    /// The generator of `math.random`.
    pub random: Random,
    extensions: HashMap<TypeId, Box<dyn Any>, BuildHasherDefault<TypeIdHasher>>,
}

/// A type's id is a hash already.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }
}

impl Vm {
    /// A machine with an empty environment.
    #[allow(unsafe_code)]
    pub fn new() -> Box<Vm> {
        let mut heap = Heap::new();
        let globals = heap.new_table(0, 64);
        let registry = heap.new_table(0, 8);
        let main = heap.new_coroutine(FIRST_STACK_SIZE, Some(globals));
        let memory_message = Value::from(heap.intern(b"not enough memory"));
        let mut vm = Box::new(Vm {
            trace: TraceState::new(),
            table: interp::PLAIN_TABLE,
            hot_counts: [u16::MAX >> 1; HOT_COUNTS],
            hot_loop_count: 111,
            current: main,
            trace_code: Vec::new(),
            enter_trace: None,
            next_function: Value::NIL,
            ipairs_step: Value::NIL,
            heap,
            main,
            registry,
            type_metatables: [None; access::TYPE_COUNT],
            memory_message,
            pending: Pending::NONE,
            pending_error: None,
            handled_error: None,
            deferred_error: None,
            outcome: Ok(native::Outcome::Return { first: 0, count: 0 }),
            metamethod_args: [Value::NIL; 3],
            looked_up: [Value::NIL; 2],
            store_problem: access::StoreProblem::NilKey,
            run_depth: 0,
            resume_depth: 0,
            serves_trace: false,
            native_stack: native_stack::NativeStack::default(),
            idle_callback_stacks: Vec::new(),
            recording: false,
            finalising: false,
            hooked: false,
            hook: hook::Hook::default(),
            events: Events::default(),
            tick_action: None,
            tracer: None,
            variables_rebound: false,
            text_buffer: Vec::new(),
            random: Random::default(),
            extensions: HashMap::default(),
        });
        vm.reset_hot_counts();
        // SAFETY: the machine is boxed and drops the heap with itself.
        unsafe { vm.heap.share_poll_word(&raw const vm.trace.poll) };
        vm.prepare_main_stack();
        vm
    }

    #[allow(unsafe_code)]
    fn prepare_main_stack(&mut self) {
        let main = self.main;
        stack::reserve_behind_limit(main);
        main.set_status(coroutine::Status::Running);
        let stack = main.stack.get();
        // SAFETY: the new stack has room for more than two values. A frame that nothing returns from lies at its bottom.
        unsafe {
            *stack = Value::NIL;
            *stack.add(1) = Link::typed(LinkKind::Entry, 0).as_value();
            main.base.set(stack.add(2));
            main.top.set(stack.add(2));
        }
        self.trace.stack_limit.set(main.stack_limit.get());
    }

    /// The running coroutine.
    #[inline(always)]
    pub fn running(&self) -> Gc<Coroutine> {
        self.current
    }

    /// The global environment of the main coroutine.
    pub fn globals(&self) -> Gc<Table> {
        Gc::from_ptr(self.main.env.get())
    }

    /// Changes the global environment of the main coroutine (`setfenv(0, t)` there).
    pub fn set_globals(&mut self, table: Gc<Table>) {
        self.main.env.set(table.as_ptr());
    }

    /// The global environment of the running coroutine.
    pub fn current_globals(&self) -> Gc<Table> {
        Gc::from_ptr(self.current.env.get())
    }

    /// Changes the global environment of the running coroutine.
    pub fn set_current_globals(&mut self, table: Gc<Table>) {
        self.current.env.set(table.as_ptr());
        self.heap.barrier_always(self.current.header());
    }

    /// The coroutine that the program started in.
    pub fn main_coroutine(&self) -> Gc<Coroutine> {
        self.main
    }

    /// A table for values that Rust code keeps.
    pub fn registry(&self) -> Gc<Table> {
        self.registry
    }

    /// The state that a library keeps in this machine, made on first use.
    pub fn extension<T: Any + Default>(&mut self) -> &mut T {
        let any = self.extensions.entry(TypeId::of::<T>()).or_insert_with(|| Box::<T>::default());
        any.downcast_mut().expect("extensions are stored under their own type")
    }

    /// Takes a library's state out of the machine, to use both; put it back with [`Vm::put_extension`].
    pub fn take_extension<T: Any>(&mut self) -> Option<Box<T>> {
        self.extensions.remove(&TypeId::of::<T>())?.downcast().ok()
    }

    /// Puts a library's state back.
    pub fn put_extension<T: Any>(&mut self, state: Box<T>) {
        self.extensions.insert(TypeId::of::<T>(), state);
    }

    // ------------------------------------------------------------------------------------------------ functions

    /// A function value for a native function, in the global environment.
    pub fn new_native(&mut self, native: &'static NativeFunction, upvalues: &[Value]) -> Gc<Function> {
        let env = self.globals();
        self.heap.new_function_native(std::ptr::from_ref(native).cast(), env, upvalues)
    }

    /// A function of a compiled chunk, in the global environment of the running coroutine.
    pub fn instantiate(&mut self, prototype: crate::bytecode::Prototype) -> Gc<Function> {
        let proto = self.heap.load(&std::rc::Rc::new(prototype));
        let env = Gc::from_ptr(self.current.env.get());
        let count = proto.source().upvalues.len();
        let upvalues: Vec<_> = (0..count).map(|_| self.heap.new_upvalue_closed(Value::NIL)).collect();
        self.heap.new_function_lua(proto, env, &upvalues)
    }

    /// The same for a chunk of the standard library: it and the functions in it are reported as native.
    pub fn instantiate_builtin(&mut self, prototype: crate::bytecode::Prototype) -> Gc<Function> {
        fn mark(proto: Gc<Proto>) {
            proto.flags.set(proto.flags.get() | proto_flags::BUILTIN);
            proto.children().iter().copied().for_each(mark);
        }
        let function = self.instantiate(prototype);
        mark(Gc::from_ptr(function.proto));
        function
    }

    /// Changes the environment of a function (`setfenv`).
    pub fn set_function_environment(&mut self, function: Gc<Function>, environment: Gc<Table>) {
        function.env.set(environment);
        self.heap.barrier_always(function.header());
    }

    // ----------------------------------------------------------------------------------------------------- calls

    /// Calls a function, or any value with `__call`, and returns its results.
    ///
    /// A safe point: `Gc`s that no root holds do not survive it, except through the arguments. The results stand on the
    /// stack no longer when this returns.
    ///
    /// # Errors
    /// What the function throws.
    pub fn call(&mut self, f: Value, args: &[Value]) -> LuaResult<Vec<Value>> {
        self.call_inside(f, args, Catch::Nothing)
    }

    /// The same for a caller that does not pass errors on: no `xpcall` around it handles them.
    ///
    /// # Errors
    /// What the function throws.
    pub fn call_protected(&mut self, f: Value, args: &[Value]) -> LuaResult<Vec<Value>> {
        self.call_inside(f, args, Catch::Errors)
    }

    /// The same for what C calls back: a recording under way does not see it, and goes on when it has returned.
    ///
    /// # Errors
    /// What the function throws.
    pub fn call_back(&mut self, f: Value, args: &[Value]) -> LuaResult<Vec<Value>> {
        let recording = self.recording;
        self.set_recording(false);
        let results = self.call(f, args);
        self.set_recording(recording);
        results
    }

    /// The same with an error handler, which is called with the error where it is thrown (`xpcall`); what it returns is the error.
    ///
    /// # Errors
    /// What the handler returns for what the function throws.
    pub fn call_with_handler(&mut self, f: Value, args: &[Value], handler: Value) -> LuaResult<Vec<Value>> {
        self.call_inside(f, args, Catch::WithHandler(handler))
    }

    /// Whether an error that is thrown (again) has been handled. It is asked once.
    fn take_handled(&mut self, error: Error) -> bool {
        self.handled_error.take() == Some(error.value)
    }

    #[allow(unsafe_code)]
    fn call_inside(&mut self, f: Value, args: &[Value], catch: Catch) -> LuaResult<Vec<Value>> {
        self.handled_error = None;
        if self.run_depth >= SAFE_RUN_DEPTH && !self.native_stack.has_room() {
            return Err(self.error_at_level(1, b"C stack overflow"));
        }
        if self.serves_trace {
            // The trace leaves, and the native is called again from where it may call Lua.
            return Err(self.plain_error("a native called by compiled code calls Lua"));
        }
        if self.trace.in_trace.get() {
            return self.on_callback_stack(|vm| vm.call_inside(f, args, catch));
        }
        let coroutine = self.current;
        let (base_before, pc_before) = (coroutine.base.get(), coroutine.pc.get());
        let stack_before = coroutine.stack.get();
        let base_offset = base_before as usize - stack_before as usize;
        let top_offset = coroutine.top.get() as usize - stack_before as usize;
        let extra = match catch {
            Catch::Nothing => 0,
            Catch::Errors => 2,
            Catch::WithHandler(_) => 3,
        };
        let top = self.ensure_native_stack(coroutine.top.get(), args.len() + 3 + extra);
        let base = coroutine.stack.get().wrapping_byte_add(base_offset);
        // SAFETY: room was made for the frame and its arguments; the entry frame leads back here, since nothing unwinds past it.
        let results = unsafe {
            *top = Value(pc_before as u64);
            let mut place = top.add(1);
            *place.add(1) = Link::typed(LinkKind::Entry, place.add(2).offset_from(base) as usize).as_value();
            match catch {
                Catch::Nothing => {
                    *place = f;
                    place = place.add(2);
                }
                Catch::Errors => {
                    // pcall's own frame, below the function.
                    *place = Value::NIL;
                    *place.add(2) = f;
                    *place.add(3) = Link::typed(LinkKind::ProtectedCall, 2).as_value();
                    place = place.add(4);
                }
                Catch::WithHandler(handler) => {
                    // xpcall's own frame: handler at its base, below the function.
                    *place = Value::NIL;
                    *place.add(2) = handler;
                    *place.add(3) = f;
                    *place.add(4) = Link::typed(LinkKind::ProtectedCallWithHandler, 3).as_value();
                    place = place.add(5);
                }
            }
            for (i, &arg) in args.iter().enumerate() {
                *place.add(i) = arg;
            }
            self.run_depth += 1;
            let vm = std::ptr::from_mut(self);
            interp::calls::run_function(vm, place, args.len());
            self.run_depth -= 1;
            if self.run_depth == 0 {
                self.native_stack.forget_thread();
            }
            match self.pending_error.take() {
                Some(error) => Err(error),
                None => {
                    let count = self.trace.multiple_results.get() as usize;
                    let first = self.current.top.get().sub(count);
                    Ok(std::slice::from_raw_parts(first, count).to_vec())
                }
            }
        };
        let stack = coroutine.stack.get();
        debug_assert!(self.current == coroutine);
        coroutine.base.set(stack.wrapping_byte_add(base_offset));
        coroutine.top.set(stack.wrapping_byte_add(top_offset));
        coroutine.pc.set(pc_before);
        match (results, catch) {
            (Ok(mut values), Catch::Errors | Catch::WithHandler(_)) => {
                let ok = !values[0].is_falsy();
                if ok {
                    values.remove(0);
                    Ok(values)
                } else {
                    Err(Error::new(values.get(1).copied().unwrap_or(Value::NIL)))
                }
            }
            (results, _) => results,
        }
    }

    // ------------------------------------------------------------------------------------------------ compiled traces

    /// Attaches a tracer. `enter` runs a trace from the interpreter.
    pub fn attach_tracer(&mut self, tracer: Box<dyn Tracer>, enter: EnterTrace) {
        self.tracer = Some(tracer);
        self.enter_trace = Some(enter);
    }

    /// Gives trace `number` its code; instructions with that number run it.
    pub fn set_trace(&mut self, number: usize, code: *const u8) {
        if self.trace_code.len() <= number {
            self.trace_code.resize(number + 1, std::ptr::null());
        }
        self.trace_code[number] = code;
    }

    /// Starts or stops showing each instruction to the tracer.
    pub fn set_recording(&mut self, on: bool) {
        self.recording = on;
        self.update_table();
    }

    /// Starts or stops showing each instruction to the debug hook.
    pub fn set_hooked(&mut self, on: bool) {
        self.hooked = on;
        self.update_table();
    }

    /// Has each instruction shown as long as somebody wants to see it.
    pub(crate) fn update_table(&mut self) {
        self.table = if self.recording || self.hooked || self.events.wait() {
            [interp::instrument::instrument as Handler; crate::bytecode::OP_COUNT]
        } else {
            interp::PLAIN_TABLE
        };
    }

    /// Shows an instruction to whoever asked to see it. `x` is as in the handlers. Returns where the frame is then. Never inlined, as
    /// [`Vm::enter_trace`].
    #[inline(never)]
    fn show_instruction(
        &mut self,
        mut base: *mut Value,
        pc: *const u32,
        ins: crate::bytecode::Ins,
        x: usize,
    ) -> LuaResult<*mut Value> {
        base = self.tell_queued_events(base, pc, ins, x);
        if self.recording {
            self.with_tracer(|tracer, vm| tracer.instruction(vm, base, pc, x));
            base = self.tell_queued_events(base, pc, ins, x);
        }
        if self.hooked { self.hook_instruction(base, pc, x) } else { Ok(base) }
    }

    /// Sets every hot count to its start.
    pub fn reset_hot_counts(&mut self) {
        self.hot_counts = [self.hot_loop_count; HOT_COUNTS];
    }

    fn plain_handler(&self, ins: crate::bytecode::Ins) -> Handler {
        interp::PLAIN_TABLE[ins.code() as usize]
    }

    /// Whether a value can be called directly.
    pub fn is_function(value: Value) -> bool {
        value.is(Tag::Function)
    }
}
