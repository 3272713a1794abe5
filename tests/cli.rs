//! The command line: options, exit status, what goes to which stream.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

fn moonwake(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .args(args)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env_remove("LUA_INIT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("moonwake starts");
    child.stdin.take().expect("stdin is a pipe").write_all(input.as_bytes()).expect("the input is read");
    child.wait_with_output().expect("moonwake ends")
}

fn out(args: &[&str], input: &str) -> String {
    let output = moonwake(args, input);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?} failed: {err}");
    String::from_utf8(output.stdout).expect("text")
}

fn err(args: &[&str], input: &str) -> String {
    let output = moonwake(args, input);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn file(name: &str, text: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, text).expect("a file can be written");
    path
}

#[test]
fn chunks_run_in_order() {
    assert_eq!(out(&["-e", "x = 1", "-e", "print(x + 1)"], ""), "2\n");
}

#[test]
fn a_script_gets_its_arguments() {
    let script = file(
        "args.lua",
        "#!/usr/bin/env moonwake\nprint(arg[0]:match('[^/]*$'), arg[1], arg[2], #arg, select('#', ...), ...)\n",
    );
    assert_eq!(out(&[&script, "a", "b c"], ""), "args.lua\ta\tb c\t2\t2\ta\tb c\n");
    assert_eq!(out(&["-e", "", "-joff", &script, "-x"], ""), "args.lua\t-x\tnil\t1\t1\t-x\n");
    // Without a script, the words have negative indexes all the same.
    assert_eq!(out(&["-joff", "-e", "print(arg[-2], arg[0], arg[1], #arg)"], ""), "-e\tnil\tnil\t0\n");
}

#[test]
fn standard_input_is_a_script_too() {
    assert_eq!(out(&["-"], "print('from', ...)"), "from\n");
    assert_eq!(out(&["-", "a"], "print('from', ...)"), "from\ta\n");
    assert_eq!(out(&[], "print 'piped'"), "piped\n");
}

#[test]
fn errors_have_a_traceback_and_a_status() {
    let script = file("fails.lua", "local function f() error('oops') end\nlocal function g() f() return 1 end\ng()\n");
    let text = err(&[&script], "");
    assert!(text.starts_with("moonwake: "), "{text}");
    assert!(text.contains("fails.lua:1: oops\nstack traceback:\n"), "{text}");
    assert!(text.contains("fails.lua:2: in function 'g'"), "{text}");
    assert!(text.contains("fails.lua:3: in main chunk"), "{text}");
    assert!(err(&["-e", "x ="], "").contains("(command line):1: unexpected symbol near '<eof>'"));
    assert!(err(&["no such file.lua"], "").contains("cannot open no such file.lua"));
    assert!(err(&["--nonsense"], "").contains("unrecognized option '--nonsense'"));
    assert!(err(&["-e", "error({})"], "").starts_with("moonwake: "));
}

#[test]
fn the_version_is_one_line() {
    let version = out(&["-v"], "");
    assert!(version.starts_with("moonwake ") && version.lines().count() == 1, "{version}");
    assert!(out(&["--help"], "").starts_with("usage: moonwake"));
}

#[test]
fn exit_ends_with_the_status_given() {
    assert_eq!(moonwake(&["-e", "os.exit(3)"], "").status.code(), Some(3));
    assert_eq!(moonwake(&["-e", "io.write('x') os.exit(true)"], "").stdout, b"x");
}

#[test]
fn the_prompt_reads_expressions_and_several_lines() {
    let text = out(&["-i"], "x = 5\nx * 2\nfor i = 1, 2 do\nprint(i)\nend\n'a', nil\nnope.x\n");
    assert!(text.ends_with("\n> > 10\n> >> >> 1\n2\n> a\tnil\n> > \n"), "{text}");
    assert!(out(&["-i"], "=(1 +\n\n2)\n").ends_with("\n> >> >> 3\n> \n"));
    let text = out(&["-e", "_PROMPT, _PROMPT2 = 'ask:', 7", "-i"], "if x then\nend\n");
    assert!(text.ends_with("\nask:7ask:\n"), "{text}");
}

#[test]
fn the_environment_says_where_libraries_are() {
    let folder = file("pathlib.lua", "return 'found'").replace("pathlib.lua", "?.lua");
    let run = |options: &[&str]| {
        let chunk = ["-e", "print((pcall(require, 'pathlib')))"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_moonwake"));
        let output = command.args(options).args(chunk).current_dir("/").env("LUA_PATH", &folder).output();
        String::from_utf8(output.expect("moonwake runs").stdout).expect("text")
    };
    assert_eq!(run(&[]), "true\n");
    assert_eq!(run(&["-E"]), "false\n");
}

#[test]
fn libraries_can_be_required() {
    file("somelib.lua", "return { name = ... }");
    assert_eq!(out(&["-l", "somelib", "-e", "print(package.loaded.somelib.name)"], ""), "somelib\n");
}
#[test]
fn statistics_are_one_json_object() {
    let target = format!("{}/stats.json", env!("CARGO_TARGET_TMPDIR"));
    let script = file("stats.lua", "local s = 0 for i = 1, 1000 do s = s + i end print(s)");
    assert_eq!(out(&[&format!("--stats={target}"), &script], ""), "500500\n");
    let json = std::fs::read_to_string(target).expect("the file was written");
    assert!(json.starts_with('{') && json.trim_end().ends_with('}'), "{json}");
    for key in
        ["root_traces", "side_traces", "aborts", "side_exits", "native_calls", "compile_ms", "collections", "peak_heap"]
    {
        assert!(json.contains(&format!("\"{key}\"")), "{key} is missing in {json}");
    }
}

#[test]
fn the_jit_library_reaches_the_compiler() {
    let script = file(
        "jit_library.lua",
        r#"
        local util = require "jit.util"
        local function traced() return util.traceinfo(1) ~= nil end
        local function f(n) local s = 0 for i = 1, n do s = s + i end return s end
        assert(jit.status() and f(1000) == 500500 and traced())
        local info, code = util.traceinfo(1), util.tracemc(1)
        assert(info.linktype == "loop" and info.link == 1 and info.nins > 5 and info.nexit > 1 and #code > 20)
        jit.flush(1) assert(not traced())
        f(1000) assert(traced())
        jit.off(f) assert(not traced())
        f(1000) assert(not traced())
        jit.on(f) f(1000) assert(traced())
        jit.off() assert(not jit.status() and f(1000) == 500500)
        local function g(n) local s = 0 for i = 1, n do s = s + i end return s end
        g(1000) assert(not util.traceinfo(2))
        jit.on() assert(f(1000) == 500500 and g(1000) == 500500 and util.traceinfo(2))
        jit.opt.start(2, "hotloop=500", "-fold")
        local passes = table.concat({select(2, jit.status())}, " ")
        assert(passes:find("cse") and not passes:find("fold") and not passes:find("sink"))
        jit.flush() f(400) assert(not traced())
        f(1000) assert(traced())
        jit.opt.start()
        assert(table.concat({select(2, jit.status())}, " "):find("fold"))
        assert(not pcall(jit.opt.start, "hotlop=1"))
        local file = os.tmpname()
        require("jit.v").on(file)
        jit.flush() f(1000)
        require("jit.v").off()
        jit.flush() f(1000)
        local lines = io.open(file):read("*a")
        assert(select(2, lines:gsub("%[TRACE", "")) == 2 and lines:find("jit_library.lua:%d+ loop"), lines)
        require("jit.dump").on("i", file)
        jit.flush() f(1000)
        require("jit.dump").off()
        assert(io.open(file):read("*a"):find("LOOP"))
        os.remove(file)
        "#,
    );
    out(&[&script], "");
}

#[test]
#[allow(unsafe_code)]
fn ctrl_c_ends_a_loop_with_an_error() {
    for mode in ["-jon", "-joff"] {
        let endless = "io.write('on my way') io.flush() local i = 0 while true do i = i + 1 end";
        let mut child = Command::new(env!("CARGO_BIN_EXE_moonwake"))
            .args([mode, "-e", endless])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moonwake starts");
        let mut written = [0; 9];
        child.stdout.as_mut().expect("stdout is a pipe").read_exact(&mut written).expect("the loop is reached");
        std::thread::sleep(std::time::Duration::from_millis(100));
        // SAFETY: the process is our child and has not been waited for.
        unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
        let output = child.wait_with_output().expect("moonwake ends");
        let message = String::from_utf8(output.stderr).expect("text");
        assert!(message.starts_with("moonwake: (command line):1: interrupted!\nstack traceback:"), "{mode}: {message}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn the_prompt_says_where_an_expression_went_wrong() {
    let output = moonwake(&["-i"], "error('boom')\n= nothing()\n1, 2\n");
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(
        message.starts_with("stdin:1: boom\nstack traceback:\n\t[C]: in function 'error'\n\tstdin:1:"),
        "{message}"
    );
    assert!(message.contains("stdin:1: attempt to call global 'nothing' (a nil value)"), "{message}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("\n> > > 1\t2\n> \n"));
}

#[test]
fn bytecode_is_saved_listed_and_run() {
    let script = file("saved.lua", "local x = ...\nprint(x .. x)\nerror('here')");
    let saved = format!("{}/saved.out", env!("CARGO_TARGET_TMPDIR"));
    out(&["-bg", &script, &saved], "");
    let output = moonwake(&[&saved, "ab"], "");
    assert_eq!(output.stdout, b"abab\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("saved.lua:3: here"));
    assert_eq!(out(&["-bl", &saved], ""), out(&["-bl", &script], ""));
    assert!(out(&["-bl", "-e", "return 42"], "").contains("KSHORT     r0 42"));
    out(&["-O2", "-be", "print(...)", &saved], "");
    assert_eq!(out(&[&saved, "x"], ""), "x\n");
    // Standard input and output, and another name for the former.
    let output = moonwake(&["-bg", "-F", "name.lua", "-", "-"], "error 'here'");
    std::fs::write(&saved, output.stdout).expect("a file can be written");
    assert!(err(&[&saved], "").contains("name.lua:1: here"));
    // Scripts can do it, too.
    let listed = "require('jit.bcsave').start('-l', '-e', 'return 42')";
    assert_eq!(out(&["-e", listed], ""), out(&["-ble", "return 42"], ""));
    assert_eq!(err(&["-e", "require('jit.bcsave').start('-l', '-e', 'x =')"], "").lines().count(), 1);
}

#[test]
fn what_is_wrong_with_saving_is_said() {
    let script = file("unsaved.lua", "return 1");
    let wrong = file("unsavable.lua", "x = =");
    let target = format!("{}/unsaved.o", env!("CARGO_TARGET_TMPDIR"));
    for (words, message) in [
        (&["-bl", "none.lua"][..], "cannot open none.lua: No such file or directory".to_owned()),
        (&["-b", &wrong, &target], format!("{wrong}:1: unexpected symbol near '='")),
        (&["-be", "x = =", &target], "[string \"x = =\"]:1: unexpected symbol near '='".to_owned()),
        (&["-b", &script, "none/out"], "none/out: No such file or directory".to_owned()),
        (&["-b", &script, "/dev/full"], "cannot write /dev/full: No space left on device".to_owned()),
        (&["-b", "-n", "a/b", &script, &target], "bad module name".to_owned()),
        (&["-b", "-t", "x", &script, &target], "unknown file type".to_owned()),
        (&["-b", "-a", "x", &script, &target], "unknown architecture".to_owned()),
        (&["-b", "-o", "x", &script, &target], "unknown OS name".to_owned()),
        (&["-b", "-o", "osx", "-a", "x86", &script, &target], "unsupported architecture for OSX".to_owned()),
        (&["-be", " ", &target], "cannot derive module name, use -n name".to_owned()),
    ] {
        assert_eq!(err(words, ""), format!("moonwake: {message}\n"), "{words:?}");
    }
    for words in [&["-b"][..], &["-b", "a"], &["-bl", "a", "b", "c"], &["-bx", "a", "b"], &["-b", "a", "b", "-n"]] {
        assert!(err(words, "").starts_with("usage: moonwake -b[options] input output\n"), "{words:?}");
    }
    assert!(err(&["-e", "x = 1", "-b", "a", "b"], "").contains("\nusage: moonwake"));
}

/// A folder of its own.
fn folder(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&path).expect("a folder can be made");
    path
}

fn cc(words: &[&str]) {
    assert!(Command::new("cc").args(words).status().expect("there is a C compiler").success(), "{words:?}");
}

#[test]
fn modules_are_found_in_libraries() {
    let folder = folder("modules");
    let path = |name: &str| format!("{folder}/{name}");
    let script = file("modules/part-one.lua", "local name = ... return { name, debug.getinfo(1, 'S').source }");
    // As an object, whose name is the script's; in C; in C to include.
    out(&["-b", &script, &path("object.o")], "");
    cc(&["-shared", "-o", &path("part_one.so"), &path("object.o")]);
    out(&["-bg", "-n", "whole.part", &script, &path("source.c")], "");
    cc(&["-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Werror", "-o", &path("whole.so"), &path("source.c")]);
    out(&["-b", "-n", "header", &script, &path("header.h")], "");
    std::fs::write(
        path("includes.c"),
        "#include \"header.h\"\n_Static_assert(sizeof luaJIT_BC_header == luaJIT_BC_header_SIZE, \"its size\");\n\
         const unsigned char luaJIT_BC_wrong[] = \"\\33LJ\", luaJIT_BC_text[] = \"return 1\";\n\
         const void *use(void) { return luaJIT_BC_header; }\n",
    )
    .expect("a file can be written");
    cc(&["-shared", "-fPIC", "-Wall", "-Werror", "-o", &path("wrong.so"), &path("includes.c")]);
    std::fs::copy(path("wrong.so"), path("text.so")).expect("a file can be copied");
    let setup = format!("package.path, package.cpath, dir = '', '{folder}/?.so', '{folder}/'");
    let run = |code: &str| out(&["-e", &setup, "-e", code], "");
    assert_eq!(run("print(unpack(require 'part_one'))"), "part_one\tpart_one\n");
    assert_eq!(run("print(unpack(require 'whole.part'))"), format!("whole.part\t@{script}\n"));
    // What stands before a hyphen is a version.
    std::fs::copy(path("part_one.so"), path("v2-part_one.so")).expect("a file can be copied");
    assert_eq!(run("print((unpack(require 'v2-part_one')))"), "v2-part_one\n");
    // Libraries whose symbols are for all are looked into first.
    let preloaded = "package.cpath = '' print(pcall(require, 'part_one'))
        assert(package.loadlib(dir .. 'part_one.so', '*')) print((unpack(require 'part_one')))";
    assert_eq!(
        run(preloaded),
        "false\tmodule 'part_one' not found:\n\tno field package.preload['part_one']\npart_one\n"
    );
    let message =
        run("print(pcall(require, 'whole.nothing')) print(pcall(require, 'wrong')) print(pcall(require, 'text'))");
    assert!(message.contains(&format!("no module 'whole.nothing' in file '{folder}/whole.so'\n")), "{message}");
    assert!(message.contains("wrong.so':\n\twrong: cannot load incompatible bytecode\n"), "{message}");
    assert!(message.contains("text.so':\n\tattempt to load chunk with wrong mode\n"), "{message}");
}

#[test]
fn objects_can_be_made_for_other_machines() {
    let target = format!("{}/foreign.o", env!("CARGO_TARGET_TMPDIR"));
    let made = |system: &str, arch: &str| {
        out(&["-b", "-o", system, "-a", arch, "-n", "m", "-e", "return 1", &target], "");
        std::fs::read(&target).expect("the object was written")
    };
    // The first bytes: the format, its width and byte order; then where the processor is told.
    for (system, arch, start, at, machine) in [
        ("linux", "x64", &b"\x7fELF\x02\x01\x01\x00"[..], 18, &[62, 0][..]),
        ("linux", "arm64", b"\x7fELF\x02\x01\x01\x00", 18, &[183, 0]),
        ("freebsd", "x86", b"\x7fELF\x01\x01\x01\x09", 18, &[3, 0]),
        ("netbsd", "ppc", b"\x7fELF\x01\x02\x01\x02", 18, &[0, 20]),
        ("windows", "x64", b"", 0, &[0x64, 0x86]),
        ("osx", "arm64", b"\xcf\xfa\xed\xfe", 4, &[0x0c, 0, 0, 1]),
    ] {
        let bytes = made(system, arch);
        assert!(bytes.starts_with(start), "{system} {arch}");
        assert_eq!(&bytes[at..at + machine.len()], machine, "{system} {arch}");
        assert!(bytes.windows(12).any(|name| name == b"luaJIT_BC_m\0"), "{system} {arch}");
    }
}

#[test]
fn a_memory_limit_is_an_error_that_scripts_catch() {
    let script = "print(pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end)) print(pcall(error, 1))";
    for jit in ["-joff", "-jon"] {
        assert_eq!(out(&[jit, "--memory=20M", "-e", script], ""), "false\tnot enough memory\nfalse\t1\n");
    }
    assert!(
        err(&["--memory", "20M", "-e", "local s = 'x' while true do s = s .. s end"], "").contains("not enough memory")
    );
}

#[test]
fn dumps_go_to_standard_output_and_lines_about_traces_to_standard_error() {
    let script = file("dumped.lua", "local s = 0 for i = 1, 1000 do s = s + i end");
    let output = moonwake(&["-jv", "-jdump=+oc", &script], "");
    let dump = String::from_utf8(output.stdout).expect("text");
    for page in ["TRACE 1 start", "dumped.lua:1", "FORLOOP    r1", "passes", " IR\n", " CLIF\n", " mcode ", "stop loop"]
    {
        assert!(dump.contains(page), "{page} is missing in {dump}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("[TRACE   1 {script}:1 loop]\n"));
}

#[test]
fn the_environment_names_files_for_dumps() {
    let script = file(
        "to_files.lua",
        "local s = 0 for i = 1, 1000 do s = s + i end require('jit.p').start('f') require('jit.p').stop()",
    );
    for (variable, command, expected) in [
        ("LUAJIT_VERBOSEFILE", "v", "[TRACE   1 "),
        ("LUAJIT_DUMPFILE", "dump", "---- TRACE 1 start"),
        ("LUAJIT_LISTFILE", "bc", "main <0-"),
        ("LUAJIT_PROFILEFILE", "flush", ""),
    ] {
        let target = format!("{}/{variable}", env!("CARGO_TARGET_TMPDIR"));
        let mut command_line = Command::new(env!("CARGO_BIN_EXE_moonwake"));
        let output = command_line.arg(format!("-j{command}")).arg(&script).env(variable, &target).output();
        let output = output.expect("moonwake runs");
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{command}");
        let text = std::fs::read_to_string(target).expect("the file was written");
        assert!(text.starts_with(expected), "{command}: {text}");
    }
    assert_eq!(err(&["-jv=none/v", "-e", ""], ""), "moonwake: none/v: No such file or directory\n");
}

#[test]
fn a_jit_command_can_be_a_module() {
    let busy = file(
        "busy.lua",
        "local zone = require 'jit.zone'\n\
         local function busy() local start = os.clock() while os.clock() - start < 0.3 do for _ = 1, 1e5 do end end end\n\
         zone 'here' busy() zone()\n",
    );
    let profile = |mode: &str| out(&[&format!("-jp={mode}i1m1"), &busy], "");
    assert!(profile("f").contains("%  busy\n"));
    assert!(profile("zf").trim_start().contains("%  here\n  -- "));
    assert!(profile("vf").contains("%  Compiled\n  -- "));
    assert!(profile("2sr").contains("  busy\n  <- "));
    assert!(profile("G").contains("busy.lua:0;busy.lua:busy "));
    assert!(profile("l").contains("%  busy.lua:2\n"));
    assert!(profile("a").contains("busy.lua ======\n@@ 1 @@\n"));
    assert!(out(&["-jbc", &busy], "").contains("function <2-2> 0 params"));
    assert_eq!(err(&["-jnothing", "-e", "x = 1"], ""), "moonwake: unknown JIT command 'nothing'\n");
}

#[test]
fn errors_are_reported_as_luajit_does() {
    let report = |code: &str| err(&["-e", code], "");
    assert_eq!(report("error({})"), "moonwake: (error object is not a string)\n");
    assert_eq!(report("error()"), "");
    let text = report("error(setmetatable({}, {__tostring = function() return 'text' end}))");
    assert!(text.starts_with("moonwake: text\nstack traceback:\n\t[C]: in function 'error'\n"), "{text}");
    let text = report("local x = nil; x()");
    assert!(text.contains("\n\t(command line):1: in main chunk\n\t[C]: at 0x"), "{text}");
    let text = err(&["-l", "no.such.module"], "");
    assert!(text.starts_with("moonwake: module 'no.such.module' not found:\n"), "{text}");
    assert_eq!(err(&["/"], ""), "moonwake: cannot read /: Is a directory\n");
    let script = file("fails_below.lua", "error 'below'");
    let text = report(&format!("dofile '{script}'"));
    assert!(text.contains("fails_below.lua:1: in main chunk\n\t[C]: in function 'dofile'\n"), "{text}");
}

#[test]
fn an_error_is_told_after_garbage_is_finalised_and_before_the_rest() {
    let finaliser = "getmetatable(p).__gc = function() io.stderr:write('finalised\\n') end";
    let report = |end: &str| {
        let text = err(&["-e", &format!("local p = newproxy(true) {finaliser} {end} error('told', 0)")], "");
        text.lines()
            .filter(|line| ["finalised", "moonwake: told"].contains(line))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(report("p = nil"), ["finalised", "moonwake: told"]);
    assert_eq!(report("kept = p"), ["moonwake: told", "finalised"]);
}

#[test]
fn what_tostring_makes_of_an_error_is_text_or_not_the_message() {
    let report = |result: &str| {
        err(&["-e", &format!("error(setmetatable({{}}, {{__tostring = function() return {result} end}}))")], "")
    };
    assert!(report("12").starts_with("moonwake: 12\nstack traceback:"));
    assert_eq!(report("{}"), "moonwake: (error object is not a string)\n");
    assert_eq!(report("nil"), "");
}

#[test]
fn errors_that_nobody_waits_for_are_told() {
    let told = |code: &str| String::from_utf8(moonwake(&["-e", code], "").stderr).expect("text");
    let finaliser = |error: &str| {
        told(&format!("local p = newproxy(true) getmetatable(p).__gc = function() error({error}, 0) end"))
    };
    assert_eq!(finaliser("'text'"), "ERROR in finalizer: text\n");
    assert_eq!(finaliser("5"), "ERROR in finalizer: 5\n");
    assert_eq!(finaliser("{}"), "ERROR in finalizer: ?\n");
    let handler = |error: &str| told(&format!("jit.attach(function() error({error}, 0) end, 'bc') loadstring 'x = 1'"));
    assert_eq!(handler("'text'"), "VM handler failed: text\n");
    assert_eq!(handler("5"), "VM handler failed: ?\n");
}

#[test]
fn debug_commands_come_from_standard_input() {
    let input = "print(x)\nx=\nerror('here')\nerror({})\nerror(5)\ncont\nthe rest";
    let output = moonwake(&["-e", "x = 1 debug.debug() print(io.read('*a'))"], input);
    assert_eq!(output.stdout, b"1\nthe rest\n");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "lua_debug> lua_debug> (debug command):2: unexpected symbol near '<eof>'\n\
         lua_debug> (debug command):1: here\nlua_debug> (error object is not a string)\nlua_debug> (debug command):1: 5\nlua_debug> "
    );
}

#[test]
fn options_count_in_their_order() {
    let status = "print((jit.status()))";
    assert_eq!(out(&["-e", status, "-joff", "-e", status], ""), "true\nfalse\n");
    assert_eq!(out(&["-joff", "-e", status, "-j", "on", "-e", status], ""), "false\ntrue\n");
    let output = moonwake(&["-e", "print 'before'", "-Ononsense", "-e", "print 'after'"], "");
    assert_eq!(output.stdout, b"before\n");
    assert_eq!(output.stderr, b"moonwake: unknown or malformed optimization flag 'nonsense'\n");
    assert_eq!(out(&["-Ofma,hotloop=5", "-e", ""], ""), "");
}

#[test]
fn a_jit_command_can_be_a_function() {
    assert_eq!(out(&["-jstatus", "-jon=,", "-e", "print 'on'"], ""), "on\n");
    let message = err(&["-joff=nothing", "-e", "print 'off'"], "");
    assert_eq!(message, "moonwake: bad argument #1 to '?' (function expected, got string)\n");
    assert_eq!(err(&["-jos"], ""), "moonwake: unknown JIT command 'os'\n");
}

#[test]
fn the_list_of_arguments_can_be_changed() {
    let script = file("printargs.lua", "print(select('#', ...), ...)");
    let run = |code: &str| out(&["-e", code, &script, "a", "b"], "");
    assert_eq!(run("arg = { 9, true }"), "2\t9\ttrue\n");
    assert_eq!(run("arg[1] = nil"), "0\n");
    assert_eq!(run("arg = nil"), "0\n");
    assert_eq!(run("arg[0] = 'other'"), "2\ta\tb\n");
}

#[test]
fn the_environment_begins() {
    let init = file("init.lua", "print('init', ...)");
    let run = |init: &str, options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moonwake"));
        let output = command.args(options).env("LUA_INIT", init).stdin(Stdio::null()).output().expect("moonwake runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(output.stdout), text(output.stderr), output.status.code())
    };
    assert_eq!(run("X = 5", &["-e", "print(X)"]).0, "5\n");
    assert_eq!(run(&format!("@{init}"), &["-e", "print 'main'"]).0, "init\nmain\n");
    assert!(run("print 'first'", &["-v"]).0.starts_with("first\nmoonwake "));
    assert_eq!(run("print 'first'", &["-ble", ""]).0.lines().next(), Some("first"));
    assert_eq!(run("x =", &["-v"]).1, "moonwake: LUA_INIT:1: unexpected symbol near '<eof>'\n");
    let (out, err, status) = run("error 'here'", &["-e", "print 'main'"]);
    assert!(out.is_empty() && err.starts_with("moonwake: LUA_INIT:1: here\nstack traceback:") && status == Some(1));
    assert_eq!(run("@none.lua", &["-v"]).1, "moonwake: cannot open none.lua: No such file or directory\n");
    let no_environment = ["-E", "-e", "print(debug.getregistry().LUA_NOENV)"];
    assert_eq!(run("error 'here'", &no_environment), ("true\n".to_owned(), String::new(), Some(0)));
}

#[test]
fn what_fails_on_standard_input_is_told_and_counts_if_it_was_asked_for() {
    let output = moonwake(&[], "print(1) error 'here'");
    assert_eq!((&output.stdout[..], output.status.code()), (&b"1\n"[..], Some(0)));
    assert!(output.stderr.starts_with(b"moonwake: stdin:1: here\nstack traceback:"));
    assert!(err(&["-"], "error 'here'").starts_with("moonwake: stdin:1: here\n"));
    let run = |folder: &str| {
        let input = std::fs::File::open(folder).expect("a folder can be opened");
        let output = Command::new(env!("CARGO_BIN_EXE_moonwake")).arg("-").stdin(input).output();
        String::from_utf8(output.expect("moonwake runs").stderr).expect("text")
    };
    assert_eq!(run("/"), "moonwake: cannot read stdin: Is a directory\n");
}

#[test]
fn output_that_no_one_takes_is_no_failure() {
    for words in [&["-v"][..], &["-h"], &["-e", "print(1)"], &["-i"]] {
        let full = std::fs::File::create("/dev/full").expect("there is such a device");
        let mut command = Command::new(env!("CARGO_BIN_EXE_moonwake"));
        let output = command.args(words).stdin(Stdio::null()).stdout(full).output().expect("moonwake runs");
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{words:?}");
    }
}

#[test]
fn a_pipe_that_no_one_reads_ends_a_program() {
    use std::os::unix::process::ExitStatusExt;
    let mut child = Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .args(["-e", "while true do print(1) end"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("moonwake starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("moonwake ends").signal(), Some(libc::SIGPIPE));
    // Nor do the commands that it starts go on.
    assert_eq!(out(&["-e", "print(os.execute 'yes | head -n 1; true')"], ""), "y\n0\n");
}

#[test]
#[allow(unsafe_code)]
fn ctrl_c_ends_waiting_for_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .args(["-e", "io.write('waiting') io.flush() io.read()"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("moonwake starts");
    let mut written = [0; 7];
    child.stdout.as_mut().expect("stdout is a pipe").read_exact(&mut written).expect("the program runs");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let input = child.stdin.take();
    // SAFETY: the process is our child and has not been waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
    let output = child.wait_with_output().expect("moonwake ends");
    drop(input);
    assert!(output.stderr.starts_with(b"moonwake: (command line):1: interrupted!\nstack traceback:"));
}

#[test]
fn words_without_a_script_stand_at_negative_indexes() {
    assert_eq!(out(&["-e", "print(#arg, arg[0], arg[-2])"], ""), "0\tnil\t-e\n");
}

#[test]
fn chunks_at_the_prompt_read_the_lines_behind_them() {
    let text = out(&["-i"], "print(io.read())\nread by it\n='next'\n");
    assert!(text.ends_with("\n> read by it\n> next\n> \n"), "{text}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .arg("-i")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("moonwake starts");
    child.stdin.take().expect("stdin is a pipe").write_all(b"='\xff\x01', #'\xff'\n").expect("the input is read");
    let output = child.wait_with_output().expect("moonwake ends");
    assert!(output.stdout.ends_with(b"\n> \xff\x01\t1\n> \n"));
}

#[test]
fn the_prompt_comes_after_what_was_asked_for() {
    let script = file("before_prompt.lua", "print('script', ...)");
    let text = out(&["-i", "-e", "x = 1", &script, "a"], "=x, arg[1]\n");
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("moonwake ")), "{text}");
    assert_eq!(lines.collect::<Vec<_>>(), ["script\ta", "> 1\ta", "> "]);
    // Not where that failed.
    assert!(!String::from_utf8_lossy(&moonwake(&["-i", "-e", "x()"], "=1\n").stdout).contains('>'));
}

#[test]
fn the_prompt_tells_unfinished_from_wrong() {
    let message = |input: &str| String::from_utf8(moonwake(&["-i"], input).stderr).expect("text");
    assert_eq!(message("==1\n"), "stdin:1: unexpected symbol near '='\n");
    assert_eq!(message("=0x\n"), "stdin:1: malformed number near '0x'\n");
    assert_eq!(message("x = }\n"), "stdin:1: unexpected symbol near '}'\n");
    // At the end of the input, what is unfinished is forgotten.
    assert_eq!(message("if x then\n"), "");
    let text = out(&["-i"], "x = {\n1,\n2}\n=#x\n=[[a\nb]]\n--[[\n]] =#x\nx = 'a\\\nb' return #x\n");
    assert!(text.ends_with("\n> >> >> > 2\n> >> a\nb\n> >> > >> 3\n> \n"), "{text}");
    // An expression may go on, too, which no statement begins with.
    assert!(out(&["-i"], "1 +\n2\n{\n} ~= nil\n'a' ..\n\n'b'\n").ends_with("\n> >> 3\n> >> true\n> >> >> ab\n> \n"));
}

#[test]
fn the_prompt_prints_what_a_chunk_returns() {
    let text = out(&["-i"], "return 5, 'five'\nprint = nil\n=1\n");
    assert!(text.ends_with("> 5\tfive\n> > > \n"), "{text}");
}
