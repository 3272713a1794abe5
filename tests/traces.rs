//! Hot loops stay inside their traces: each script prints what it must, and leaves compiled code a few times only.

use std::process::Command;

/// Runs a script under `--stats`: what it printed, and how often a trace was left.
fn run(name: &str, text: &str) -> (String, u64) {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let (script, stats) = (format!("{folder}/{name}.lua"), format!("{folder}/{name}.json"));
    std::fs::write(&script, text).expect("a file can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .args([&format!("--stats={stats}"), &script])
        .output()
        .expect("moonwake starts");
    assert!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr));
    let json = std::fs::read_to_string(stats).expect("the statistics were written");
    let exits = json.split("\"side_exits\": ").nth(1).and_then(|rest| rest.split(',').next());
    let exits = exits.and_then(|number| number.parse().ok()).expect("the number of side exits");
    (String::from_utf8_lossy(&output.stdout).into_owned(), exits)
}

#[test]
fn hot_loops_stay_inside_their_traces() {
    let scripts = [
        // The first stack has just room for the main chunk's registers, but not for what its traces put above them.
        (
            "pairs_in_the_main_chunk",
            "local t, s = {}, 0 for i = 1, 100 do t[i] = i end
            for _ = 1, 200 do for _, v in pairs(t) do s = s + v end end print(s)",
            "1010000\n",
        ),
        (
            "structs_made_in_a_loop",
            "local ffi = require 'ffi' ffi.cdef 'typedef struct { double x, y; } made_in_a_loop;'
            local new = ffi.typeof 'made_in_a_loop' local a = new(0, 0)
            for i = 1, 10000 do local b = new(i, 1) a = new(a.x + b.x, a.y + b.y) end print(a.x, a.y)",
            "50005000\t10000\n",
        ),
        (
            "constructors_that_call_another_first",
            "local Base, Derived, Shared = {}, {}, {} local meta = {__index = Shared}
            function Base.new(v) return setmetatable({v = v}, {__index = Base}) end
            function Base:get() return self.v end
            setmetatable(Derived, {__index = Base}) setmetatable(Shared, {__index = Base})
            function Derived.new(v) return setmetatable(Base.new(v), {__index = Derived}) end
            function Shared.new(v) return setmetatable(Base.new(v), meta) end
            local s = 0
            for i = 1, 20000 do s = s + Derived.new(i):get() end
            for i = 1, 20000 do s = s + Shared.new(i):get() end print(s)",
            "400020000\n",
        ),
    ];
    for (name, text, expected) in scripts {
        let (output, exits) = run(name, text);
        assert_eq!(output, expected, "{name}");
        assert!(exits <= 1000, "{name} left compiled code {exits} times");
    }
}

#[test]
fn a_trace_that_is_always_left_at_once_is_retired() {
    // The function was compiled for the long way through it, and is called from code that is not compiled.
    let text = "local function long(x, n)
          if x then return 1 end
          local s = 0
          s = s + n * 2 s = s - n % 3 s = s + n / 4 s = s * 2 s = s + n * n
          s = s + n * 2 s = s - n % 3 s = s + n / 4 s = s * 2 s = s + n * n
          s = s + n * 2 s = s - n % 3 s = s + n / 4 s = s * 2 s = s + n * n
          s = s + n * 2 s = s - n % 3 s = s + n / 4 s = s * 2 s = s + n * n
          s = s + n * 2 s = s - n % 3 s = s + n / 4 s = s * 2 s = s + n * n
          return s
        end
        local function calls(x, times)
          local s = 0
          for n = 1, times do s = s + long(x, n) end
          return s
        end
        jit.off(calls)
        print(calls(false, 3000) > 0, calls(true, 60000))";
    let (output, told) = told("left_at_once", text);
    assert_eq!(output, "true\t60000\n");
    assert!(told.contains("is retired"), "{told}");
}

#[test]
fn a_loop_that_was_compiled_for_what_is_no_more_is_recorded_anew() {
    let text = "-- A function that is run for one class after another, each with a shape of its own.
        local function run(n)
          local class = {}
          class.__index = class
          function class:get() return self.value end
          local o, s = setmetatable({value = n}, class), 0
          for i = 1, 30000 do s = s + o:get() + o.value end
          return s
        end
        local total = 0
        for n = 1, 12 do total = total + run(n) end
        print(total)";
    let (output, told) = told("stale", text);
    assert_eq!(output, "4680000\n");
    assert!(told.contains("is recorded anew"), "{told}");
}

#[test]
fn a_loop_that_knew_a_closure_is_recorded_anew_for_all_of_its_prototype() {
    let text = "local function each(n, f) for i = 1, n do f(i) end end
        local total = 0
        for k = 1, 2000 do
          local s = 0
          each(40, function(i) s = s + i * k end)
          total = total + s
        end
        print(total)";
    let (output, told) = told("other_closure", text);
    assert_eq!(output, "1640820000\n");
    assert_eq!(told.matches("is recorded anew").count(), 1, "{told}");
}

#[test]
fn a_loop_that_is_left_at_once_is_recorded_anew_though_it_also_comes_to_its_end() {
    let text = "local function sum(o, n)
          local s = 0
          for i = 1, n do s = s + o.value end
          return s
        end
        local total = 0
        for _ = 1, 5 do total = total + sum({value = 1}, 100) end
        for _ = 1, 200 do total = total + sum({name = 'x', value = 2}, 100) end
        print(total)";
    let (output, told) = told("stale_short", text);
    assert_eq!(output, "40500\n");
    assert!(told.contains("is recorded anew"), "{told}");
}

#[test]
fn a_loop_over_one_iterator_after_another_is_compiled_once() {
    let text = "local text, n = ('12 345 '):rep(20), 0
        for _ = 1, 2000 do
          for word in text:gmatch('%d+') do n = n + #word end
        end
        print(n)";
    let (output, told) = told("iterators", text);
    assert_eq!(output, "200000\n");
    assert!(!told.contains("is recorded anew"), "{told}");
}

#[test]
fn a_table_that_gains_keys_is_stored_into_by_one_trace_for_all_of_its_shapes() {
    let text = "local names, n = {}, 0
        for i = 1, 40 do names[i] = 'k' .. i end
        for _ = 1, 3000 do
          local set = {}
          for i = 1, 40 do set[names[i]] = i end
          n = n + set.k40
        end
        print(n)";
    let (output, told) = told("gains_keys", text);
    assert_eq!(output, "120000\n");
    assert!(told.matches(" -> ").count() <= 4, "{told}");
}

/// Runs a script under `-jv`: what it printed, and what was told of traces.
fn told(name: &str, text: &str) -> (String, String) {
    let script = format!("{}/{name}.lua", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&script, text).expect("a file can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_moonwake")).args(["-jv", &script]).output().expect("moonwake starts");
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn traces_that_are_entered_often_take_no_native_stack() {
    // Each call of `fib` for a number that is not known enters a trace.
    let text = "local known
        local function fib(n)
          if n < 2 then return n end
          local value = known[n]
          if value then return value end
          value = fib(n - 1) + fib(n - 2) known[n] = value
          return value
        end
        local s = 0 for _ = 1, 100000 do known = {} s = s + fib(60) end print(s)";
    let (output, _) = run("entered_often", text);
    assert_eq!(output, "1.5480087559189e+17\n");
}

#[test]
fn scripts_are_told_of_traces_in_time() {
    // The loop becomes hot, is recorded, and left by a guard when a string comes; before it is there, the program has noticed nothing.
    let text = "local util, vmdef = require 'jit.util', require 'jit.vmdef'
        local log, recorded = {}, 0
        local function line(func, pc) return util.funcinfo(func, pc).currentline end
        local function note(...) log[#log + 1] = table.concat({...}, ' ') end
        jit.attach(function(what, tr, func, pc, a, b)
          if what == 'abort' then a = vmdef.traceerr[a]:format(b) end
          note(what, tr, line(func, pc), a or '-')
        end, 'trace')
        jit.attach(function(tr, func, pc, depth)
          recorded = recorded + 1
          if depth > 0 and line(func, pc) == 16 then note('inlined', tr) end
        end, 'record')
        jit.attach(function(tr) note('exit', tr) end, 'texit')
        local step = 1
        local function
          add(a) return a + step end
        local s = 0
        for i = 1, 200 do
          s = add(s)
          if i == 150 then note('program', i) step = '1' end
        end
        jit.attach(function() error 'told' end, 'texit')
        for i = 1, 200 do
          s = s + i
          if i == 150 then note('again') end
        end
        for i = 1, 4 do print(log[i]) end
        print(table.concat(log, ';'):match('exit 1;program 150;exit 1'), recorded > 5)";
    let (output, problems) = told("told_in_time", text);
    assert_eq!(
        output, "start 1 18 -\ninlined 1\ninlined 1\ninlined 1\nexit 1;program 150;exit 1\ttrue\n",
        "{problems}"
    );
    assert!(problems.contains("VM handler failed: ") && problems.contains("told\n"), "{problems}");
}
