//! Programs that would take all memory end in an error that they can catch, and go on.

use moonwake_lang::stdlib;
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;

/// What takes memory without an end, and the message.
const GREEDY: &[(&str, &str)] = &[
    ("local function f() return 1 + f() end return f()", "stack overflow"),
    ("local function f(s) return 1 + f(s .. ('x'):rep(100)) end return f ''", "not enough memory"),
    ("local s = 'x' while true do s = s .. s end", "not enough memory"),
    ("return ('x'):rep(1e9)", "not enough memory"),
    ("return ('x'):rep(1e7, 'yyyyyyyyyy')", "not enough memory"),
    ("local s = 'x' while true do s = s:gsub('x', 'xx') end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t[i] = i end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t[i + 0.5] = i end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t['k' .. i] = i end", "not enough memory"),
    ("local t for i = 1, 1e9 do t = { t } end", "not enough memory"),
    ("local t for i = 1, 1e9 do local u = t t = function() return u end end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t[i] = ('%99d'):format(i) end", "not enough memory"),
    ("local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end", "not enough memory"),
];

#[test]
fn greedy_programs_end_in_an_error_that_is_caught() {
    const LIMIT: usize = 20 << 20;
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    vm.heap.set_limit(LIMIT);
    for (program, message) in GREEDY {
        // The results are in use together: what the program has left must not be in the way.
        let source =
            format!("local ok, e = pcall(function() {program} end) return tostring(ok), tostring(e), {{ ok, e }}");
        let chunk = vm.load(source.as_bytes(), b"=t").expect("it compiles");
        let results = vm.call(chunk.into(), &[]).unwrap_or_else(|_| panic!("not caught: {program}"));
        let text = |value: Value| String::from_utf8_lossy(value.as_str().expect("a text").as_bytes()).into_owned();
        assert_eq!(text(results[0]), "false", "{program}");
        assert!(text(results[1]).ends_with(message), "{program}: {}", text(results[1]));
        assert!(vm.heap.count_bytes() <= 3 * LIMIT, "{program}");
    }
    // The stack stays as large as it became.
    vm.full_collect();
    assert!(vm.heap.count_bytes() < LIMIT / 2);
}
