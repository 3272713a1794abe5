//! `print`: each argument by the global function `tostring`, to the C library's standard output.

use super::super::io::stream;
use crate::vm::native::{Call, NativeResult};

/// Prints its arguments, separated by tabs.
pub(super) fn print(call: &mut Call) -> NativeResult {
    let globals = call.vm.current_globals();
    let tostring = call.vm.field(globals, "tostring");
    let is_own = tostring.as_function().is_some_and(|f| f.native_name() == Some("tostring"));
    let mut line = Vec::with_capacity(80);
    for i in 0..call.len() {
        if i > 0 {
            line.push(b'\t');
        }
        let value = call.arg(i);
        if let Some(n) = value.to_number().filter(|_| is_own) {
            crate::format::push_number(&mut line, n);
            continue;
        }
        let text = if is_own { call.vm.tostring_value(value)? } else { call.vm.call_for_one(tostring, &[value])? };
        match (text.as_str(), text.to_number()) {
            (Some(s), _) => line.extend_from_slice(s.bytes()),
            (None, Some(n)) => crate::format::push_number(&mut line, n),
            (None, None) => return Err(call.error("'tostring' must return a string to 'print'")),
        }
    }
    line.push(b'\n');
    stream::write_stdout(&line);
    call.none()
}
