//! Tests of limits and of the messages that name them. What the code looks like is in `tests/bytecode`.

use super::compile;
use crate::bytecode::Prototype;
use crate::bytecode::dump::{Refusal, dump, undump};

fn message(source: &str) -> String {
    match compile(source.as_bytes(), b"=t") {
        Ok(_) => "OK".into(),
        Err(error) => error.to_string(),
    }
}

fn compiled(source: &str) -> Prototype {
    compile(source.as_bytes(), b"=t").unwrap()
}

/// `count` pieces with a separator between.
fn joined(count: usize, separator: &str, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().join(separator)
}

#[test]
fn nesting_is_limited_where_luajit_limits_it() {
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        message(&format!("{}{middle}{}", open.repeat(depth), close.repeat(depth)))
    };
    for (open, middle, close, most) in [
        ("do ", "", " end", 198),
        ("do ", "x = 1", " end", 197),
        ("if x then ", "", " end", 198),
        ("while x do ", "", " end", 198),
        ("repeat ", "", " until x", 198),
        ("function f() ", "", " end", 198),
    ] {
        assert_eq!(nested(open, middle, close, most), "OK", "{open}");
        assert_eq!(nested(open, middle, close, most + 1), "t:1: chunk has too many syntax levels", "{open}");
    }
    for (open, middle, close, most) in
        [("(", "1", ")", 197), ("{", "", "}", 198), ("a[", "1", "]", 197), ("- ", "1", "", 197), ("a ^ ", "a", "", 197)]
    {
        let program = |depth: usize| message(&format!("x = {}{middle}{}", open.repeat(depth), close.repeat(depth)));
        assert_eq!(program(most), "OK", "{open}");
        assert_eq!(program(most + 1), "t:1: chunk has too many syntax levels", "{open}");
        assert_eq!(program(100_000), "t:1: chunk has too many syntax levels", "{open}");
    }
}

#[test]
fn a_limit_is_told_before_a_mistake_behind_it() {
    let pieces = [
        ("a=", "{"),
        ("a=", "("),
        ("", "do "),
        ("", "while a do "),
        ("", "function f() "),
        ("a=", "a.."),
        ("a=", "not "),
    ];
    for (start, open) in pieces {
        let open_ended = |depth: usize| message(&format!("{start}{}", open.repeat(depth)));
        assert_eq!(open_ended(400), "t:1: chunk has too many syntax levels", "{open}");
        assert_ne!(open_ended(190), "t:1: chunk has too many syntax levels", "{open}");
    }
    let locals = joined(201, ",", |i| format!("a{i}"));
    assert_eq!(
        message(&format!("\nfunction f()\nlocal {locals}\nx = = 1")),
        "t:4: function at line 2 has more than 200 local variables"
    );
    assert_eq!(message("goto nowhere x = = 1"), "t:1: unexpected symbol near '='");
}

#[test]
fn chains_are_not_nesting() {
    for (start, link) in [("x = a", ".b"), ("x = a", "()"), ("x = a", " + a"), ("x = a", " == a"), ("x = a", " and a")]
    {
        assert_eq!(message(&format!("{start}{}", link.repeat(50_000))), "OK", "{link}");
    }
    assert_eq!(message(&format!("if x then {}end", "elseif x then ".repeat(50_000))), "OK");
    assert_eq!(message(&"x = 1 ".repeat(50_000)), "OK");
    assert_eq!(message(&format!("while x do {}end", "if y then break end ".repeat(50_000))), "OK");
}

#[test]
fn limits_are_reported_as_luajit_does() {
    let name = |i: usize| format!("a{i}");
    let locals = |count| message(&joined(count, "\n", |i| format!("local a{i}")));
    assert_eq!(locals(200), "OK");
    assert_eq!(locals(202), "t:202: main function has more than 200 local variables");
    let params = |count| message(&format!("\nfunction f({}) end", joined(count, ",", name)));
    assert_eq!(params(200), "OK");
    assert_eq!(params(201), "t:2: function at line 2 has more than 200 local variables");

    let upvalues = |count| {
        let declared = format!(
            "local {} local function f() local {}\n",
            joined(100, ",", name),
            joined(100, ",", |i| name(i + 100))
        );
        message(&format!("{declared} function g() return {{ {} }} end end", joined(count, ",", name)))
    };
    assert_eq!(upvalues(60), "OK");
    assert_eq!(upvalues(61), "t:2: function at line 1 has more than 60 upvalues");

    let values = |count| message(&format!("local x = {}", joined(count, ",", |_| "y".into())));
    assert_eq!(values(249), "OK");
    assert_eq!(values(250), "t:1: function or expression too complex near '<eof>'");
    let arguments = |count| message(&format!("f({}) x = 1", joined(count, ",", |_| "y".into())));
    assert_eq!(arguments(247), "OK");
    assert_eq!(arguments(248), "t:1: function or expression too complex near 'x'");

    let targets = |count| message(&format!("{} = 1", joined(count, ",", |_| "a".into())));
    assert_eq!(targets(199), "OK");
    assert_eq!(targets(200), "t:1: main function has more than 200 variable names");

    let constants = |count| message(&joined(count, "\n", |i| format!("x = {i}.5")));
    assert_eq!(constants(65535), "OK");
    assert_eq!(constants(65536), "t:65536: main function has more than 65536 constants");
}

#[test]
fn gotos_keep_their_rules() {
    for (source, expected) in [
        ("goto a", "t:1: undefined label 'a'"),
        ("\n\ngoto\na\n\n", "t:4: undefined label 'a'"),
        ("do goto a end ::a::", "OK"),
        ("::a:: do ::a:: end", "OK"),
        ("::a:: ::a::", "t:1: duplicate label 'a'"),
        ("::a:: function f() ::a:: end", "OK"),
        ("function f() goto a end ::a::", "t:1: undefined label 'a'"),
        ("goto a; local x; ::a::", "OK"),
        ("goto a; local x; ::a:: ::b::", "OK"),
        ("goto a; local x; ::a:: x = 1", "t:1: <goto a> jumps into the scope of local 'x'"),
        ("goto a; local x; ::a:: ;", "t:1: <goto a> jumps into the scope of local 'x'"),
        ("repeat goto c; local y ::c:: until y", "t:1: <goto c> jumps into the scope of local 'y'"),
        ("goto goto ::goto::", "OK"),
        ("break", "t:1: no loop to break"),
        ("do break end", "t:1: no loop to break"),
        ("while 1 do local f = function() break end end", "t:1: no loop to break"),
        ("repeat break until 1", "OK"),
    ] {
        assert_eq!(message(source), expected, "{source}");
    }
    // Every label is compared with every waiting goto, so there must not be too many of them.
    let many = joined(70_000, " ", |i| format!("do goto x{i} end"));
    assert_eq!(message(&many), "t:1: chunk has more than 65476 local variables");
}

#[test]
fn varargs_belong_to_their_function() {
    assert_eq!(message("return ..."), "OK");
    assert_eq!(message("function f(...) return function() return ... end end"), {
        "t:1: cannot use '...' outside a vararg function near '...'"
    });
}

#[test]
fn a_line_limit_is_on_the_line_of_the_next_token() {
    let source = format!("local {}\n,\nz\n\n= 1", joined(200, ",", |i| format!("a{i}")));
    assert_eq!(message(&source), "t:5: main function has more than 200 local variables");
}

#[test]
fn debug_information_names_what_there_is() {
    let main = compiled("local a, b = 1\nlocal function f(x, ...)\n return a, x\nend");
    assert_eq!((main.first_line, main.last_line, main.params, main.vararg), (0, 4, 0, true));
    let f = &main.children[0];
    assert_eq!((f.first_line, f.last_line, f.params, f.vararg), (2, 4, 1, true));
    assert_eq!(f.upvalue_names, [(*b"a").into()]);
    assert_eq!(main.local_name(1, main.code.len() - 1), Some(&b"b"[..]));
    assert_eq!(main.local_name(1, 1), None);
}

#[test]
fn upvalues_are_fixed_when_nothing_assigns_to_them() {
    let main = compiled(
        "local a, b, c, d = 1
         local function f() return a, function() b = 1; return a, c, d, f end end
         function d() return d end
         local c = 2
         c = 3
         for i = 1, 2 do local g = function() return i, c end end",
    );
    let fixed = |f: &Prototype| {
        let names = f.upvalue_names.iter().enumerate();
        let fixed = names.filter(|&(i, _)| f.is_fixed(i)).map(|(_, name)| String::from_utf8_lossy(name).into_owned());
        fixed.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(fixed(&main.children[0]), "a c f");
    assert_eq!(fixed(&main.children[0].children[0]), "a c f");
    assert_eq!(fixed(&main.children[1]), "");
    assert_eq!(fixed(&main.children[2]), "i");
}

#[test]
fn a_dump_that_assigns_to_a_fixed_upvalue_is_refused() {
    let mut main = compiled("local a local function f() a = 1 end");
    assert!(undump(&dump(&main, false), b"=t").is_ok());
    main.children[0].fixed_upvalues = 1;
    assert_eq!(undump(&dump(&main, false), b"=t"), Err(Refusal::Malformed));
}
