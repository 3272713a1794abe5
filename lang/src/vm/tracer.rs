//! What the machine asks of a JIT compiler.
//!
//! `lang` knows no JIT; it knows this trait. The machine tells the tracer that a loop or function became hot, shows it each instruction
//! while it records, and reports every return from a compiled trace. The tracer answers by acting on the machine: it starts and ends
//! recordings ([`Vm::set_recording`]), patches loop instructions to their compiled forms, and gives traces their numbers ([`Vm::set_trace`]).

use super::Vm;
use crate::gc::Marker;
use crate::trace_state::ExitReason;
use crate::value::Value;

/// A tracing compiler attached to a machine.
pub trait Tracer {
    /// The loop whose back edge (or head, for `LOOP`) is the instruction at `pc` became hot.
    fn hot_loop(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32);

    /// The function whose entry is at `pc` became hot; its arguments are at `base`, their number is `count`.
    fn hot_function(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32, count: usize);

    /// While recording: the instruction at `pc` is about to run. At a function's entry, `count` is the number of arguments.
    fn instruction(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32, count: usize);

    /// Trace `number` was entered from the interpreter and has left for the reason given; the machine's trace state says where. The tracer
    /// completes what the exit put on the Lua stack.
    fn left_trace(&mut self, vm: &mut Vm, number: usize, reason: ExitReason);

    /// Recording must end without a trace: what the interpreter does next was not foreseen.
    fn abort(&mut self, vm: &mut Vm, reason: &str);

    /// A debug function is about to do to a variable what no program can ([`Vm::rebind_variables`]): what was compiled may take its value or
    /// its place for a constant.
    fn variables_rebound(&mut self, vm: &mut Vm);

    /// Whether it wants to see each instruction.
    fn is_recording(&self) -> bool;

    /// Marks what compiled traces refer to.
    fn mark(&mut self, marker: &mut Marker<'_>);

    /// For whoever attached it to find it again.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

impl Vm {
    /// Runs `act` with the tracer, which is detached meanwhile so that it can act on the machine.
    pub fn with_tracer<R>(&mut self, act: impl FnOnce(&mut dyn Tracer, &mut Vm) -> R) -> Option<R> {
        let mut tracer = self.tracer.take()?;
        let result = act(&mut *tracer, self);
        self.tracer = Some(tracer);
        Some(result)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn hot_loop(&mut self, base: *mut Value, pc: *const u32) {
        self.with_tracer(|tracer, vm| tracer.hot_loop(vm, base, pc));
    }

    #[cold]
    #[inline(never)]
    pub(super) fn hot_function(&mut self, base: *mut Value, pc: *const u32, count: usize) {
        self.with_tracer(|tracer, vm| tracer.hot_function(vm, base, pc, count));
    }

    /// Runs trace `number` on the frame at `base`. The trace state says where to go on. Never inlined: the handler that calls it must
    /// have no local variable whose address is known, or it would not leave by a sibling call.
    #[allow(unsafe_code)]
    #[inline(never)]
    pub(super) fn enter_trace(&mut self, base: *mut Value, number: usize) {
        let code = self.trace_code[number];
        let enter = self.enter_trace.expect("a trace was made, so a tracer is attached");
        // Should a callback under the trace collect, it must see this frame.
        self.current.base.set(base);
        // SAFETY: the frame at `base` is a Lua function's.
        self.current.top.set(base.wrapping_add(unsafe { self.frame_extent(base) }));
        let outer = self.native_stack.enter();
        self.trace.in_trace.set(true);
        // SAFETY: the code is a trace for the instruction that runs, whose frame is at `base`.
        let reason = unsafe { enter(std::ptr::from_mut(self).cast(), base, code) };
        self.native_stack.leave(outer);
        self.trace.in_trace.set(false);
        let reason = ExitReason::from_code(reason).expect("a trace leaves for one of the reasons");
        self.with_tracer(|tracer, vm| tracer.left_trace(vm, number, reason));
        if reason == ExitReason::Stack {
            let base = self.double_stack(self.trace.exit_base.get());
            self.trace.exit_base.set(base);
        }
    }

    /// A debug function is about to change a variable that nothing in the program assigns to, or to give a closure another variable. From now
    /// on neither the values nor the places of closures' variables count as constant.
    pub fn rebind_variables(&mut self) {
        if !std::mem::replace(&mut self.variables_rebound, true) {
            self.with_tracer(|tracer, vm| tracer.variables_rebound(vm));
        }
    }

    /// Ends a recording under way, if there is one, for this reason.
    pub fn abort_recording(&mut self, reason: &str) {
        if self.recording {
            self.with_tracer(|tracer, vm| tracer.abort(vm, reason));
        }
    }
}
