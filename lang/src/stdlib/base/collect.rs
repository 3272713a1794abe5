//! `collectgarbage` and `gcinfo`.

use crate::value::Value;
use crate::vm::native::{Call, NativeResult};

functions! { "":
    "collectgarbage" => collectgarbage,
    "gcinfo" => gcinfo,
}

const OPTIONS: [&str; 8] = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul", "isrunning"];

fn collectgarbage(call: &mut Call) -> NativeResult {
    let option = OPTIONS[call.option(0, Some("collect"), &OPTIONS)?];
    let argument = call.int32_or(1, 0)?;
    let vm = &mut *call.vm;
    let result = match option {
        "stop" => {
            vm.heap.set_stopped(true);
            Value::number(0.0)
        }
        "restart" => {
            vm.heap.set_stopped(false);
            Value::number(0.0)
        }
        // As in LuaJIT, to ask for a collection is to start the collector again.
        "collect" => {
            vm.heap.set_stopped(false);
            vm.full_collect();
            Value::number(0.0)
        }
        "count" => Value::number(vm.heap.count_bytes() as f64 / 1024.0),
        "step" => {
            vm.heap.set_stopped(false);
            vm.collect_step(argument.max(0) as usize).into()
        }
        "setpause" => Value::number(vm.heap.set_pause(argument).into()),
        "setstepmul" => Value::number(vm.heap.set_stepmul(argument).into()),
        _ => (!vm.heap.is_stopped()).into(),
    };
    call.one(result)
}

fn gcinfo(call: &mut Call) -> NativeResult {
    let kilobytes = (call.vm.heap.count_bytes() / 1024) as f64;
    call.one(kilobytes)
}
