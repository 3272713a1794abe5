//! What scripts ask of the compiler: the functions of the `jit` library, as [`JitHooks`].
//!
//! All traces hang together (see [`crate::trace::tree`]), so whoever throws one away throws all away; hot loops are soon compiled again.

use crate::api::{command, optimisation, with_jit};
use crate::introspect;
use crate::ir::helpers::HELPERS;
use crate::ir::{Helper, Link};
use crate::record::Pc;
use crate::report::link_type;
use crate::runtime;
use crate::trace::state::{Jit, blacklist, unblacklist};
use crate::trace::tree::TraceInfo as Trace;
use moonwake_lang::object::{Gc, Proto, proto_flags};
use moonwake_lang::stdlib::jit::{JitHooks, TraceInfo, TraceNames};
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;

/// The compiler that is attached to a machine, as the library sees it.
pub struct Library;

impl JitHooks for Library {
    fn set_enabled(&self, vm: &mut Vm, on: bool) {
        with_jit(vm, |jit, vm| jit.set_enabled(vm, on));
    }

    fn is_enabled(&self, vm: &mut Vm) -> bool {
        with_jit(vm, |jit, _| jit.enabled).unwrap_or(false)
    }

    fn features(&self, vm: &mut Vm) -> Vec<String> {
        let passes = with_jit(vm, |jit, _| jit.options.passes.names()).unwrap_or_default();
        processor_features().into_iter().chain(passes).map(str::to_owned).collect()
    }

    fn optimise(&self, vm: &mut Vm, setting: &str) -> bool {
        optimisation(vm, setting).is_ok()
    }

    fn set_compiled(&self, vm: &mut Vm, proto: Gc<Proto>, on: bool) {
        if !on {
            with_jit(vm, |jit, vm| {
                jit.stop_recording(vm);
                flush_if(jit, vm, |jit| jit.traces.begin_in(proto));
            });
        }
        let flags = &proto.flags;
        flags.set(if on { flags.get() & !proto_flags::NO_JIT } else { flags.get() | proto_flags::NO_JIT });
        proto.source().for_each_instruction(|at, _| {
            let pc = Pc::of(proto, at);
            if on { unblacklist(pc) } else { blacklist(pc) }
        });
    }

    fn show(&self, vm: &mut Vm, text: &str) -> Result<(), String> {
        command(vm, text)
    }

    fn hide(&self, vm: &mut Vm, what: &str) {
        with_jit(vm, |jit, _| match what {
            "v" => jit.report.verbose = None,
            _ => jit.report.dump = None,
        });
    }

    fn flush_all(&self, vm: &mut Vm) {
        with_jit(vm, |jit, vm| jit.flush(vm));
    }

    fn flush_trace(&self, vm: &mut Vm, number: u32) {
        with_jit(vm, |jit, vm| flush_if(jit, vm, |jit| jit.traces.get(number).is_some_and(Trace::is_root)));
    }

    fn flush_function(&self, vm: &mut Vm, proto: Gc<Proto>) {
        with_jit(vm, |jit, vm| flush_if(jit, vm, |jit| jit.traces.begin_in(proto)));
    }

    fn trace_info(&self, vm: &mut Vm, number: u32) -> Option<TraceInfo> {
        with_jit(vm, |jit, _| {
            let info = jit.traces.get(number)?;
            Some(TraceInfo {
                instructions: info.trace.ins.len() as u32 - 1,
                constants: info.trace.constants.iter().count() as u32 + 1,
                exits: info.exits.len() as u32,
                link_type: link_type(info),
                link: match info.trace.link {
                    Link::Loop => number,
                    Link::Trace(other) => other,
                    Link::Interpreter => 0,
                },
            })
        })
        .flatten()
    }

    fn names(&self) -> TraceNames {
        introspect::names()
    }

    fn instruction(&self, vm: &mut Vm, number: u32, index: u32) -> Option<[i32; 5]> {
        with_jit(vm, |jit, _| introspect::instruction(&jit.traces.get(number)?.trace, index)).flatten()
    }

    fn constant(&self, vm: &mut Vm, number: u32, index: i32) -> Option<(Value, u32)> {
        with_jit(vm, |jit, _| introspect::constant(&jit.traces.get(number)?.trace, index)).flatten()
    }

    fn snapshot(&self, vm: &mut Vm, number: u32, exit: u32) -> Option<Vec<i32>> {
        with_jit(vm, |jit, _| introspect::snapshot(jit.traces.get(number)?, exit)).flatten()
    }

    fn exit_address(&self, vm: &mut Vm, number: u32, exit: u32) -> Option<usize> {
        let address = |jit: &mut Jit| {
            let record = &jit.traces.get(number)?.code.exits.get(exit as usize)?.record;
            Some(std::ptr::from_ref(&**record).addr())
        };
        with_jit(vm, |jit, _| address(jit)).flatten()
    }

    fn call_address(&self, _: &mut Vm, index: u32) -> Option<usize> {
        match Helper::from_code(index as i32) {
            Some(helper) => runtime::table().get(helper),
            // C functions have no address in common.
            None => (index as usize == HELPERS.len()).then_some(0),
        }
    }

    fn machine_code(&self, vm: &mut Vm, number: u32) -> Option<(Vec<u8>, usize)> {
        with_jit(vm, |jit, _| {
            let code = &jit.traces.get(number)?.code;
            Some((code.bytes().to_vec(), code.code))
        })
        .flatten()
    }
}

fn flush_if(jit: &mut Jit, vm: &mut Vm, condition: impl Fn(&Jit) -> bool) {
    if condition(jit) {
        jit.flush(vm);
    }
}

/// What the processor has of the features that LuaJIT names.
fn processor_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("SSE3", is_x86_feature_detected!("sse3")),
        ("SSE4.1", is_x86_feature_detected!("sse4.1")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    features.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}
