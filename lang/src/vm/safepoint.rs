//! Safe points: where collections, finalisers and interrupts happen.
//!
//! The interpreter gets here when the poll word is set: at loops' back edges, after instructions that allocate, and after native
//! functions. Everything alive then stands on a stack below the running coroutine's `top`, or in an object.

use super::Vm;
use super::error::LuaResult;
use super::ticker::TICK;
use crate::gc::{Heap, Marker, poll};
use crate::metamethod::Metamethod;
use crate::object::Gc;
use crate::stdlib::io::stream::write_stderr;
use crate::stdlib::jit::events::Event;
use crate::value::Value;
use std::sync::atomic::Ordering;

/// A bit of the poll word: somebody wants the program to stop (Ctrl-C).
pub const INTERRUPT: u32 = poll::FIRST_FREE;

/// How often the objects that finalisers have made are finalised in turn when the machine ends, as in LuaJIT.
const CLOSING_ROUNDS: u32 = 10;

impl Vm {
    /// Whether a safe point is asked for.
    #[inline(always)]
    pub fn must_poll(&self) -> bool {
        self.trace.is_polled()
    }

    /// A safe point in a Lua function that goes on at `pc`.
    pub(super) fn safe_point_in_lua(&mut self, base: *mut Value, pc: *const u32) -> LuaResult<()> {
        self.current.base.set(base);
        self.current.pc.set(pc.wrapping_add(1));
        let registers = self.lua_registers(base);
        self.current.top.set(base.wrapping_add(registers));
        self.safe_point()
    }

    #[allow(unsafe_code)]
    fn lua_registers(&self, base: *mut Value) -> usize {
        // SAFETY: callers pass the base of a Lua frame.
        unsafe { self.frame_extent(base) }
    }

    /// A safe point in a native function, all of whose values are below `top`.
    ///
    /// # Errors
    /// What the interrupt or the memory limit throws.
    #[cold]
    #[inline(never)]
    pub fn safe_point(&mut self) -> LuaResult<()> {
        let reasons = self.trace.poll.load(Ordering::Relaxed);
        if reasons & INTERRUPT != 0 {
            self.trace.poll.fetch_and(!INTERRUPT, Ordering::Relaxed);
            let in_native =
                self.frame(0).and_then(|frame| frame.function()).is_some_and(|function| function.is_native());
            return Err(self.error_at_level(in_native.into(), b"interrupted!"));
        }
        if reasons & TICK != 0 {
            self.tick()?;
        }
        self.trace.left_for_poll.set(false);
        if reasons != TICK {
            self.collect(false);
        }
        self.run_finalisers();
        if self.trace.poll.load(Ordering::Relaxed) & poll::MEMORY != 0 {
            self.trace.poll.fetch_and(!poll::MEMORY, Ordering::Relaxed);
            return Err(super::error::Error::new(self.memory_message));
        }
        Ok(())
    }

    /// Collects: a slice, or with `full` everything that is garbage now.
    pub fn collect(&mut self, full: bool) {
        self.with_roots(|heap, roots| {
            if full {
                heap.full_collect(roots);
            } else {
                heap.step(roots);
            }
        });
    }

    /// Lets the heap do something for which it must see every root.
    fn with_roots<R>(&mut self, act: impl FnOnce(&mut Heap, &mut dyn FnMut(&mut Marker)) -> R) -> R {
        let Vm {
            hook,
            events,
            heap,
            main,
            current,
            registry,
            next_function,
            ipairs_step,
            memory_message,
            type_metatables,
            ..
        } = self;
        let (tracer, native_stack) = (&mut self.tracer, &self.native_stack);
        let errors = [self.pending_error, self.deferred_error];
        let idle_callback_stacks = &self.idle_callback_stacks;
        let mut roots = |marker: &mut Marker<'_>| {
            for object in [main.header(), current.header(), registry.header()] {
                marker.mark_object(object);
            }
            for coroutine in idle_callback_stacks {
                marker.mark_object(coroutine.header());
            }
            marker.mark(*next_function);
            marker.mark(*ipairs_step);
            marker.mark(*memory_message);
            marker.mark(hook.function());
            events.mark(marker);
            for metatable in type_metatables.iter().flatten() {
                marker.mark_object(metatable.header());
            }
            errors.iter().flatten().for_each(|error| marker.mark(error.value));
            native_stack.mark(marker);
            let mut interrupted = current.resumer.get();
            while native_stack.is_in_use() && !interrupted.is_null() {
                marker.mark_whole_stack(Gc::from_ptr(interrupted));
                interrupted = Gc::from_ptr(interrupted).resumer.get();
            }
            if let Some(tracer) = tracer {
                tracer.mark(marker);
            }
        };
        act(heap, &mut roots)
    }

    /// Collects everything that is garbage now, and calls the finalisers that this brings up.
    pub fn full_collect(&mut self) {
        self.collect(true);
        self.run_finalisers();
    }

    /// Does the collector's work for `kilobytes` of allocation, at least a slice; says whether a collection was completed.
    pub fn collect_step(&mut self, kilobytes: usize) -> bool {
        let completed = self.with_roots(|heap, roots| heap.step_by(kilobytes << 10, roots));
        self.run_finalisers();
        completed
    }

    /// Calls the finalisers of all objects: before the machine ends. What finalisers make is finalised in turn, a few times. Nothing is
    /// collected meanwhile.
    pub fn finalise_all(&mut self) {
        self.heap.set_stopped(true);
        for round in 0..CLOSING_ROUNDS {
            self.heap.finalise_all(round == 0);
            if !self.heap.has_finalisable() {
                break;
            }
            self.run_finalisers();
        }
    }

    /// Calls the finalisers of objects that were found dead. An error in one is reported and goes no further. No trace begins in one: it
    /// would keep alive what the finaliser is about.
    fn run_finalisers(&mut self) {
        // Those that a collection inside a finaliser brings up wait until it has returned, as they expect each other's work to be done.
        if self.finalising || !self.heap.has_finalisable() {
            return;
        }
        self.finalising = true;
        self.run_waiting_finalisers();
        self.finalising = false;
    }

    /// Whether a finaliser runs.
    pub fn is_finalising(&self) -> bool {
        self.finalising
    }

    fn run_waiting_finalisers(&mut self) {
        while let Some((object, finaliser)) = self.heap.take_finalisable() {
            let finaliser = match finaliser {
                Value::NIL => self.metamethod(object, Metamethod::Gc).unwrap_or(Value::NIL),
                given => given,
            };
            if finaliser.is_nil() {
                continue;
            }
            if let Err(error) = self.call_protected(finaliser, &[object]) {
                if self.has_event_handler(Event::FinaliserError) {
                    self.tell_event(Event::FinaliserError, &[error.value]);
                    continue;
                }
                let has_text = error.value.as_str().is_some() || error.value.is_number();
                let message = if has_text { self.raw_tostring(error.value).bytes() } else { b"?" };
                write_stderr(&[b"ERROR in finalizer: ", message, b"\n"].concat());
            }
        }
    }
}
