//! `jit`: controlling the trace compiler. [`util`] looks inside, [`show`] prints traces, [`profile`] samples, [`events`] tells
//! scripts what happens, [`vmdef`] has the names of things, [`save`] puts bytecode into files, [`modules`] holds what is written in Lua on
//! top of these.
//!
//! This crate has no compiler: what concerns it goes through [`JitHooks`]. Without hooks the functions work and report that
//! compilation is off.
//!
//! Reference: the pages on `jit.*` functions and on the profiler in LuaJIT's documentation.

pub mod events;
mod modules;
mod profile;
pub mod save;
mod show;
mod util;
mod vmdef;

pub use vmdef::TraceNames;

use crate::object::{Function, Gc, Proto};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

functions! { "jit.":
    "attach" => events::attach,
    "flush" => flush,
    "off" => |call| switch(call, false),
    "on" => |call| switch(call, true),
    "security" => security,
    "status" => status,
}

/// The functions of `jit.opt`.
static OPT_FUNCTIONS: &[crate::vm::native::NativeFunction] =
    &[crate::vm::native::NativeFunction { name: "jit.opt.start", function: opt_start }];

/// What scripts that ask for LuaJIT's version get to see.
const VERSION: &str = concat!("moonwake ", env!("CARGO_PKG_VERSION"), " (LuaJIT 2.1)");
/// The same as a number: of LuaJIT's rolling release.
const VERSION_NUMBER: f64 = 20199.0;

/// What `jit.util.traceinfo` says of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceInfo {
    /// Number of instructions of its intermediate representation.
    pub instructions: u32,
    /// Number of its constants.
    pub constants: u32,
    /// Number of its side exits.
    pub exits: u32,
    /// How it ends: `loop`, `root`, `return` and the like.
    pub link_type: &'static str,
    /// The trace it goes on with; 0 for none.
    pub link: u32,
}

/// The trace compiler, as the library sees it.
pub trait JitHooks {
    /// Starts or stops compiling and running traces.
    fn set_enabled(&self, vm: &mut Vm, on: bool);

    /// Whether traces are compiled and run.
    fn is_enabled(&self, vm: &mut Vm) -> bool;

    /// The processor's features and the optimisations that are used, as `jit.status` lists them.
    fn features(&self, vm: &mut Vm) -> Vec<String>;

    /// Applies a setting of `jit.opt.start`: a level, `+flag`, `-flag`, `flag`, `noflag` or `parameter=value`; nothing stands for the
    /// default. False for an unknown setting.
    fn optimise(&self, vm: &mut Vm, setting: &str) -> bool;

    /// Allows or forbids traces through a function; when it is forbidden, those that start in it are thrown away.
    fn set_compiled(&self, vm: &mut Vm, proto: Gc<Proto>, on: bool);

    /// Shows what the compiler does, by a command as `-j` has it: `v[=file]` or `dump=[letters][,file]`.
    ///
    /// # Errors
    /// What is wrong with the command.
    fn show(&self, vm: &mut Vm, command: &str) -> Result<(), String>;

    /// Ends what `v` or `dump` began.
    fn hide(&self, vm: &mut Vm, what: &str);

    /// Throws all traces away.
    fn flush_all(&self, vm: &mut Vm);

    /// Throws a root trace away, with its side traces.
    fn flush_trace(&self, vm: &mut Vm, number: u32);

    /// Throws the traces away that start in a function.
    fn flush_function(&self, vm: &mut Vm, proto: Gc<Proto>);

    /// What is known of a trace.
    fn trace_info(&self, vm: &mut Vm, number: u32) -> Option<TraceInfo>;

    /// The names of what traces are made of, and of abort reasons.
    fn names(&self) -> TraceNames;

    /// An instruction of a trace, counted from 1, as `jit.util.traceir` has it: modes of the operands, operation and type, first and second
    /// operand, the previous instruction of its operation.
    fn instruction(&self, vm: &mut Vm, number: u32, index: u32) -> Option<[i32; 5]>;

    /// A constant of a trace, counted from -1 downwards, and the number of its type.
    fn constant(&self, vm: &mut Vm, number: u32, index: i32) -> Option<(Value, u32)>;

    /// What a side exit restores, as `jit.util.tracesnap` has it.
    fn snapshot(&self, vm: &mut Vm, number: u32, exit: u32) -> Option<Vec<i32>>;

    /// What a side exit's code jumps through.
    fn exit_address(&self, vm: &mut Vm, number: u32, exit: u32) -> Option<usize>;

    /// Where a function is that traces call.
    fn call_address(&self, vm: &mut Vm, index: u32) -> Option<usize>;

    /// The machine code of a trace and its address.
    fn machine_code(&self, vm: &mut Vm, number: u32) -> Option<(Vec<u8>, usize)>;
}

/// The hooks of a machine, if a compiler is attached.
#[derive(Clone, Copy, Default)]
struct Hooks(Option<&'static dyn JitHooks>);

impl Vm {
    /// Connects the library with a compiler.
    pub fn set_jit_hooks(&mut self, hooks: &'static dyn JitHooks) {
        self.extension::<Hooks>().0 = Some(hooks);
    }

    fn jit_hooks(&mut self) -> Option<&'static dyn JitHooks> {
        self.extension::<Hooks>().0
    }
}

/// Opens the library.
pub fn open(vm: &mut Vm) {
    let library = vm.new_library("jit", FUNCTIONS);
    let os = if cfg!(target_os = "macos") { "OSX" } else { "Linux" };
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    for (name, text) in [("version", VERSION), ("os", os), ("arch", arch)] {
        let text = vm.string_value(text);
        vm.set_field(library, name, text);
    }
    vm.set_field(library, "version_num", VERSION_NUMBER);
    let opt = vm.heap.new_table(0, 1);
    vm.register(opt, OPT_FUNCTIONS, &[]);
    vm.set_field(library, "opt", opt);
    vm.set_loaded("jit.opt", opt);
    vm.registry_table("_VMEVENTS");
    util::open(vm);
    profile::open(vm);
    save::open(vm);
    show::open(vm);
    vmdef::open(vm);
    modules::open(vm);
}

/// `jit.on` and `jit.off`: everything, or one function (`true` for the calling one), or it with the functions inside (second argument
/// true), or only those (false).
fn switch(call: &mut Call, on: bool) -> NativeResult {
    if call.arg(0).is_nil() {
        if let Some(hooks) = call.vm.jit_hooks() {
            hooks.set_enabled(call.vm, on);
        }
        return call.none();
    }
    let hooks = call.vm.jit_hooks();
    for_protos(call, |vm, proto| {
        if let Some(hooks) = hooks {
            hooks.set_compiled(vm, proto, on);
        }
    })?;
    call.none()
}

fn flush(call: &mut Call) -> NativeResult {
    let hooks = call.vm.jit_hooks();
    let number = call.arg(0).to_number();
    match (call.arg(0), number, hooks) {
        (Value::NIL, _, Some(hooks)) => hooks.flush_all(call.vm),
        (_, Some(number), Some(hooks)) => hooks.flush_trace(call.vm, number as u32),
        (Value::NIL, _, None) | (_, Some(_), None) => {}
        (_, None, hooks) => for_protos(call, |vm, proto| {
            if let Some(hooks) = hooks {
                hooks.flush_function(vm, proto);
            }
        })?,
    }
    call.none()
}

/// Does something with the prototypes that the arguments of `jit.on`, `jit.off` and `jit.flush` mean.
fn for_protos(call: &mut Call, mut act: impl FnMut(&mut Vm, Gc<Proto>)) -> LuaResult<()> {
    let function = match call.arg(0) {
        Value::TRUE => call.vm.frame(1).and_then(|frame| frame.function()),
        value => value.as_function(),
    };
    let Some(proto) = function.and_then(lua_proto) else { return Err(call.type_error(0, "function")) };
    let (itself, inside) = match call.arg(1) {
        Value::NIL => (true, false),
        Value::FALSE => (false, true),
        _ => (true, true),
    };
    if itself {
        act(call.vm, proto);
    }
    if inside {
        for_children(call.vm, proto, &mut act);
    }
    Ok(())
}

fn for_children(vm: &mut Vm, proto: Gc<Proto>, act: &mut impl FnMut(&mut Vm, Gc<Proto>)) {
    for &child in proto.children() {
        act(vm, child);
        for_children(vm, child, act);
    }
}

/// The prototype of a function that is written in Lua.
fn lua_proto(function: Gc<Function>) -> Option<Gc<Proto>> {
    (!function.is_native()).then(|| Gc::from_ptr(function.proto))
}

/// Whether traces are compiled, and what with.
fn status(call: &mut Call) -> NativeResult {
    let Some(hooks) = call.vm.jit_hooks() else { return call.one(false) };
    let enabled = hooks.is_enabled(call.vm);
    call.push(enabled.into());
    for feature in hooks.features(call.vm) {
        let feature = call.vm.string_value(feature);
        call.push(feature);
    }
    call.pushed()
}

/// `jit.opt.start(setting...)`; none at all stands for the default.
fn opt_start(call: &mut Call) -> NativeResult {
    let Some(hooks) = call.vm.jit_hooks() else { return call.none() };
    if call.len() == 0 {
        hooks.optimise(call.vm, "");
    }
    for i in 0..call.len() {
        let setting = String::from_utf8_lossy(call.bytes(i)?).into_owned();
        // Nothing stands for the default only where nothing is given.
        if setting.is_empty() || !hooks.optimise(call.vm, &setting) {
            return Err(call.error(format!("unknown or malformed optimization flag '{setting}'")));
        }
    }
    call.none()
}

/// Which protections are on, by name: random numbers from the system, seeded string hashes, random string ids, code memory that is
/// never writable and executable at once.
fn security(call: &mut Call) -> NativeResult {
    call.string(0)?;
    call.option(0, None, &["prng", "strhash", "strid", "mcode"])?;
    call.one(1.0)
}
