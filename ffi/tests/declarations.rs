//! Declarations and types, and what is said about wrong ones. Expected texts are LuaJIT's where LuaJIT takes the input.

use moonwake_ffi::{
    c::{
        declarations::Declarations,
        headers::{MemoryHeaders, NoHeaders},
        preprocess::Source,
        scope::Entity,
        tokens::Param,
    },
    ctype::{CTypeId, Constant, Kind, Value},
};

fn empty() -> Declarations {
    Declarations::with_headers(Box::new(NoHeaders))
}

fn declared(text: &str) -> Declarations {
    let mut c = empty();
    c.cdef(Source::pasted(text, "test"), &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
    c
}

fn printed(c: &mut Declarations, text: &str) -> String {
    let id = c.parse_type(text, &[]).unwrap_or_else(|error| panic!("{text}: {error}"));
    c.print(id)
}

fn type_error(c: &mut Declarations, text: &str) -> String {
    c.parse_type(text, &[]).expect_err(text).to_string()
}

fn cdef_error(text: &str) -> String {
    empty().cdef(Source::pasted(text, "test"), &[]).expect_err(text).to_string()
}

fn constant(c: &mut Declarations, name: &str) -> Constant {
    match c.lookup(name) {
        Ok(Some(Entity::Constant(constant))) => constant,
        other => panic!("{name}: {other:?}"),
    }
}

/// A constant's type and value as text.
fn shown(c: &mut Declarations, name: &str) -> String {
    let Constant { ctype, value } = constant(c, name);
    let value = match value {
        Value::Int(bits) => (bits as i64).to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(name) => format!("{:?}", c.names().text(name)),
    };
    format!("{} {value}", c.print(ctype))
}

#[test]
fn types_print_as_luajit_prints_them() {
    let mut c = declared("struct s { int x; }; union u { int x; }; enum e { E }; typedef struct { int x; } point;");
    for (text, expected) in [
        ("int8_t", "char"),
        ("signed char", "char"),
        ("uint8_t", "unsigned char"),
        ("short unsigned int", "unsigned short"),
        ("unsigned", "unsigned int"),
        ("long", "int64_t"),
        ("long int unsigned long", "uint64_t"),
        ("size_t", "uint64_t"),
        ("wchar_t", "int"),
        ("__int64", "int64_t"),
        ("__int128", "int128_t"),
        ("unsigned __int128", "uint128_t"),
        ("long double", "long double"),
        ("complex", "complex"),
        ("complex double *", "complex *"),
        ("float _Complex", "complex float"),
        ("_Bool", "bool"),
        ("void*", "void *"),
        ("char const*", "const char *"),
        ("const volatile int", "const volatile int"),
        ("int * const", "int *const"),
        ("int *const*volatile*", "int *const *volatile *"),
        ("int (*)(int)", "int (*)()"),
        ("int(int,double)", "int ()"),
        ("int[10]", "int [10]"),
        ("int[?]", "int [?]"),
        ("int[]", "int []"),
        ("int[2][3]", "int [2][3]"),
        ("int(*)[3]", "int (*)[3]"),
        ("int*[3]", "int *[3]"),
        ("char (*)[?]", "char (*)[?]"),
        ("const int[3]", "const int [3]"),
        ("int*const[3]", "int *const [3]"),
        ("short *const(*)[2][3]", "short *const (*)[2][3]"),
        ("int (*const)(void)", "int (*const)()"),
        ("int(*[3])(int)", "int (*[3])()"),
        ("unsigned long long (*const[2])(void)", "uint64_t (*const [2])()"),
        ("int (*(*)(int))(int)", "int (*(*)())()"),
        ("void (*(*(*)[2])(void))(void)", "void (*(*(*)[2])())()"),
        ("int&", "int &"),
        ("const int *&", "const int *&"),
        ("int (&)[3]", "int (&)[3]"),
        ("int (*&)(int)", "int (*&)()"),
        ("int __attribute__((mode(TI)))", "int128_t"),
        ("unsigned __attribute__((mode(DI)))", "uint64_t"),
        ("float __attribute__((mode(DF)))", "double"),
        ("float __attribute__((vector_size(16))) *", "float __attribute__((vector_size(16))) *"),
        ("float __attribute__((vector_size(16)))[2]", "float __attribute__((vector_size(16))) [2]"),
        ("int __attribute__((aligned(16)))", "int"),
        ("struct s", "struct s"),
        ("const struct s *", "const struct s *"),
        ("union u[2]", "union u [2]"),
        ("enum e *const", "enum e *const"),
        ("int (__cdecl *)(int)", "int (*)()"),
        ("point", "point"),
        ("typeof(int[sizeof(struct s)])", "int [4]"),
        ("int[1<<4]", "int [16]"),
        ("int['a' - 'A' + E]", "int [32]"),
        ("int[sizeof(\"abc\")]", "int [4]"),
    ] {
        assert_eq!(printed(&mut c, text), expected, "{text}");
    }
    let id = c.parse_type("int (*(*)(const char *, ...))(void)", &[]).unwrap();
    assert_eq!(c.types().print_in_full(id, c.names()), "int (*(*)(const char *, ...))(void)");
    assert!(printed(&mut c, "struct { int x; }").starts_with("struct "));
}

#[test]
fn wrong_types_are_explained_as_in_luajit() {
    let mut c = declared("enum e { E };");
    for (text, expected) in [
        ("foo", "declaration specifier expected near 'foo'"),
        ("", "declaration specifier expected near '<eof>'"),
        ("1", "declaration specifier expected near '1'"),
        ("@", "declaration specifier expected near '@'"),
        ("const", "declaration specifier expected near '<eof>'"),
        ("int x", "'<eof>' expected near 'x'"),
        ("int (*f)(int)", "')' expected near 'f'"),
        ("int;", "'<eof>' expected near ';'"),
        ("int\n\n x", "'<eof>' expected near 'x' at line 3, column 2"),
        ("struct", "'<identifier>' expected near '<eof>'"),
        ("struct nothing", "undeclared or implicit tag 'nothing'"),
        ("struct nothing *", "undeclared or implicit tag 'nothing'"),
        ("struct foo { int x; }", "undeclared or implicit tag 'foo'"),
        ("enum bar { B }", "undeclared or implicit tag 'bar'"),
        ("struct { int x y; }", "';' expected near 'y'"),
        ("struct { foo x; }", "declaration specifier expected near 'foo'"),
        ("struct { void x; }", "size of C type is unknown or too large"),
        ("struct { int f(); }", "size of C type is unknown or too large"),
        ("struct { int a[]; int b; }", "size of C type is unknown or too large"),
        ("struct { float x : 3; }", "invalid value"),
        ("struct { int x : 40; }", "invalid value"),
        ("struct { int x : 0; }", "invalid value"),
        ("int[", "unexpected symbol near '<eof>'"),
        ("int[3", "']' expected near '<eof>'"),
        ("int[A]", "unexpected symbol near 'A'"),
        ("int[-1]", "size of C type is unknown or too large"),
        ("int[1/0]", "invalid value"),
        ("int[1.5]", "invalid value"),
        ("int[99999999999999999999]", "malformed number near '99999999999999999999'"),
        ("int[1000000000][1000000000]", "size of C type is unknown or too large"),
        ("void[3]", "size of C type is unknown or too large"),
        ("int[][3][]", "size of C type is unknown or too large"),
        ("int()[3]", "invalid C type"),
        ("int[3]()", "size of C type is unknown or too large"),
        ("int()()", "invalid C type"),
        ("int &*", "invalid C type"),
        ("int &[3]", "invalid C type"),
        ("void (void, int)", "invalid C type"),
        ("int $", "wrong number of type parameters"),
        ("typedef int", "bad storage class near 'typedef'"),
        ("static int", "bad storage class near 'static'"),
        ("short double", "invalid C type"),
        ("signed unsigned", "invalid C type"),
        ("\"", "unfinished string"),
        ("int[sizeof(struct q)]", "undeclared or implicit tag 'q'"),
        ("int[(enum e)9]", ""),
    ] {
        if !expected.is_empty() {
            assert_eq!(type_error(&mut c, text), expected, "{text}");
        } else {
            assert!(c.parse_type(text, &[]).is_ok(), "{text}");
        }
    }
}

#[test]
fn wrong_declarations_are_explained_with_their_place() {
    for (text, expected) in [
        ("foo x;", "declaration specifier expected near 'foo' at line 1, column 1"),
        ("\n\n foo x;", "declaration specifier expected near 'foo' at line 3, column 2"),
        ("int x y;", "';' expected near 'y' at line 1, column 7"),
        ("int f(foo);", "declaration specifier expected near 'foo' at line 1, column 7"),
        ("int f(int, );", "declaration specifier expected near ')' at line 1, column 12"),
        ("int f(int", "')' expected near '<eof>' at line 1, column 10"),
        ("int x[3;", "']' expected near ';' at line 1, column 8"),
        ("int (*x;", "')' expected near ';' at line 1, column 8"),
        ("int x[3]];", "';' expected near ']' at line 1, column 9"),
        ("struct x { int a", "';' expected near '<eof>' at line 1, column 17"),
        ("struct y { int a }", "';' expected near '}' at line 1, column 18"),
        ("struct z { int a;", "declaration specifier expected near '<eof>' at line 1, column 18"),
        ("enum e { A B };", "'}' expected near 'B' at line 1, column 12"),
        ("enum e { };", "'<identifier>' expected near '}' at line 1, column 10"),
        ("enum e { A = };", "unexpected symbol near '}' at line 1, column 14"),
        ("typedef int;", "'<identifier>' expected near ';' at line 1, column 1"),
        ("struct 1", "'<identifier>' expected near '1' at line 1, column 8"),
        ("struct s {int x;};\nstruct s {int y;};", "attempt to redefine 's' at line 2, column 1"),
        ("enum s {A};\nunion s {int y;};", "attempt to redefine 's' at line 2, column 1"),
        ("struct s { struct s x; };", "size of C type is unknown or too large at line 1, column 21"),
        ("}", "declaration specifier expected near '}' at line 1, column 1"),
        ("int f() { if (x) {", "'{' is never closed at line 1, column 9"),
        (
            "_Static_assert(sizeof(int) == 5, \"so \" \"wrong\");",
            "static assertion failed: so wrong at line 1, column 1",
        ),
        ("int a\n#error stop\n;", "#error stop at line 2, column 2"),
        ("static const int x = 1.5 % 2;", "invalid value at line 1, column 22"),
        ("int x __attribute__((aligned(3)));", "alignment is not a power of two at line 1, column 22"),
        ("int x __attribute__((mode(QQ)));", "unknown machine mode 'QQ' at line 1, column 22"),
    ] {
        assert_eq!(cdef_error(text), expected, "{text}");
    }
}

#[test]
fn an_error_in_a_header_tells_the_way_there() {
    let files = [("/i/outer.h", "\n#include \"inner.h\"\n"), ("/i/inner.h", "int ok;\n  int bad bad;\n")];
    let mut c = Declarations::with_headers(Box::new(MemoryHeaders {
        files: files.map(|(path, text)| (path.into(), text.into())).into(),
        folders: vec!["/i".into()],
    }));
    let error = c.cdef(Source::pasted("int a;\n#include <outer.h>", "test"), &[]).unwrap_err();
    let text = "/i/inner.h:2:11: ';' expected near 'bad' (included from /i/outer.h:2, from line 2)";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.includes.len(), 2);
    let files = [("/i/self.h", "#include \"self.h\"")];
    let files = files.map(|(path, text)| (path.into(), text.into())).into();
    let mut c = Declarations::with_headers(Box::new(MemoryHeaders { files, folders: vec!["/i".into()] }));
    let error = c.cdef(Source::pasted("#include <self.h>", "test"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("/i/self.h:1:2: #include nests too deeply (included from /i/self.h:1, from "), "{error}");
    assert!(error.ends_with(" more)") && error.len() < 300, "{error}");
}

#[test]
fn a_failed_cdef_leaves_nothing_behind() {
    let mut c = declared("struct open; typedef struct open open_t; int kept(void); enum later;");
    let before = c.types().at(0).is_some();
    let text = "#define M 1\ntypedef int T; struct open { int x; }; struct fresh { T t; }; enum later { L };\n\
        int kept(int) __asm__(\"other\"); extern T v; foo bar;";
    c.cdef(Source::pasted(text, "test"), &[]).unwrap_err();
    assert!(before);
    for name in ["M", "T", "L", "v", "fresh"] {
        assert_eq!(c.lookup(name).unwrap(), None, "{name}");
    }
    assert!(c.parse_type("struct fresh", &[]).is_err());
    let open = c.parse_type("open_t", &[]).unwrap();
    assert_eq!(c.types().size_of(open), None);
    let Some(Entity::Function { symbol, .. }) = c.lookup("kept").unwrap() else { panic!() };
    assert_eq!(c.names().text(symbol), "kept");
    // The same again, without the mistake.
    c.cdef(Source::pasted(&text[..text.len() - 8], "test"), &[]).unwrap();
    assert_eq!(c.types().size_of(open), Some(4));
    assert_eq!(shown(&mut c, "M"), "int 1");
}

#[test]
fn declarations_that_c_has() {
    let mut c = declared(
        "typedef int number, *pointer, table[3], (*callback)(int), function(int);\n\
         number a, *b[2]; extern table t; function f; callback g(callback);\n\
         typedef int (*callback)(int);\n\
         typedef struct node node; struct node { node *next; struct { int left, right; }; union { int i; float f; } u; };\n\
         struct number { number number; }; struct pair { struct { char c; } first, second[2]; };\n\
         static inline int body(int x) { struct { int y; } z = { x }; return z.y; }\n\
         int __attribute__((noreturn)) leave(int) __asm__(\"real\" \"_name\");\n\
         int old(), variadic(const char *, ...) __attribute__((format(printf, 1, 2), unknown(any . tokens [here]))),\n\
             array(int a[], int b[static 3], int c[*], double d[n], int (int));\n\
         [[nodiscard]] int modern(void); __declspec(dllimport) int __stdcall windows(void);\n\
         __extension__ typedef long long wide; typeof(a) same; __typeof__(((node *)0)->u.f) real;\n\
         enum { A, B = 5, C, D = sizeof(node) }; enum typed : unsigned char { T1 = 255 };\n\
         int last",
    );
    let mut expect = |name: &str, expected: &str| {
        let (kind, ctype) = match c.lookup(name).unwrap() {
            Some(Entity::Typedef(ctype)) => ("typedef ", ctype),
            Some(Entity::Function { ctype, .. }) => ("", ctype),
            Some(Entity::Variable { ctype, .. }) => ("", ctype),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(format!("{kind}{}", c.types().print_in_full(ctype, c.names())), expected, "{name}");
    };
    expect("callback", "typedef int (*)(int)");
    expect("table", "typedef int [3]");
    expect("b", "int *[2]");
    expect("f", "int (int)");
    expect("g", "int (*(int (*)(int)))(int)");
    expect("variadic", "int (const char *, ...)");
    expect("array", "int (int *, int *, int *, double *, int (*)(int))");
    expect("old", "int (void)");
    expect("modern", "int (void)");
    expect("windows", "int (void)");
    expect("same", "int");
    expect("real", "float");
    expect("wide", "typedef int64_t");
    expect("last", "int");
    assert!(matches!(c.lookup("body").unwrap(), Some(Entity::Function { is_static: true, .. })));
    let Some(Entity::Function { symbol, .. }) = c.lookup("leave").unwrap() else { panic!() };
    assert_eq!(c.names().text(symbol), "real_name");
    assert_eq!(
        (shown(&mut c, "C"), shown(&mut c, "D"), shown(&mut c, "T1")),
        ("int 6".into(), "int 24".into(), "int 255".into())
    );
    let typed = c.parse_type("enum typed", &[]).unwrap();
    assert_eq!(c.types().size_of(typed), Some(1));
    let node = c.parse_type("struct node", &[]).unwrap();
    let right = c.names().find("right").unwrap();
    assert_eq!(c.types().record_body(node).unwrap().member(right).unwrap().offset, 12);
}

#[test]
fn enumerations_have_gccs_types() {
    let mut c = declared(
        "enum a { A1 }; enum b { B1 = -1 }; enum c { C1 = 0xffffffff }; enum d { D1 = -1, D2 = 0xffffffff };\n\
         enum e { E1 = 1ULL << 63 }; enum __attribute__((packed)) f { F1 = 255 }; enum g { G1 = -129 } __attribute__((packed));",
    );
    for (name, expected) in [
        ("a", CTypeId::UINT32),
        ("b", CTypeId::INT32),
        ("c", CTypeId::UINT32),
        ("d", CTypeId::INT64),
        ("e", CTypeId::UINT64),
        ("f", CTypeId::UINT8),
        ("g", CTypeId::INT16),
    ] {
        let id = c.parse_type(format!("enum {name}"), &[]).unwrap();
        assert_eq!(c.types().underlying(id), expected, "enum {name}");
    }
    assert_eq!(shown(&mut c, "C1"), "unsigned int 4294967295");
    assert_eq!(shown(&mut c, "D1"), "int -1");
}

#[test]
fn constants_of_the_namespace() {
    let mut c = declared(
        "#define INT 42\n#define NEG (-1)\n#define BIG 0xffffffffffffffffULL\n#define PI 3.25\n#define F 0.5f\n\
         #define TEXT \"a\" \"b\"\n#define CHAR 'x'\n#define SUM (INT + SIZE)\n#define SIZE sizeof(struct s)\n\
         #define FAIL ((void *)-1)\n#define OFF ((size_t)&((struct s *)0)->y)\n#define ALIAS function\n#define SELF SELF\n\
         #define WORD int\n#define EMPTY\n#define CALL function(1)\n#define HUGE (__builtin_huge_val())\n\
         #define TEST (INT > 40 ? INT : 0u)\n#define LIE (1 ? -1 : 0u)\n#define ENUM_ALIAS E2\n#define COMMA (1, 2)\n\
         struct s { char x; int y; }; int function(int); enum { E1, E2 = 7 };\n\
         static const int K = 3; static const double D = 1.5; const unsigned char NARROW = 300; static const char S[] = \"str\";\n\
         static const size_t SZ = sizeof(struct s); extern const int no_constant;",
    );
    for (name, expected) in [
        ("INT", "int 42"),
        ("NEG", "int -1"),
        ("BIG", "uint64_t -1"),
        ("PI", "double 3.25"),
        ("F", "float 0.5"),
        ("TEXT", "char [3] \"ab\""),
        ("CHAR", "int 120"),
        ("SUM", "uint64_t 50"),
        ("SIZE", "uint64_t 8"),
        ("FAIL", "void * -1"),
        ("OFF", "uint64_t 4"),
        ("HUGE", "double inf"),
        ("TEST", "unsigned int 42"),
        ("LIE", "unsigned int 4294967295"),
        ("ENUM_ALIAS", "int 7"),
        ("COMMA", "int 2"),
        ("E2", "int 7"),
        ("K", "int 3"),
        ("D", "double 1.5"),
        ("NARROW", "unsigned char 44"),
        ("S", "char [4] \"str\""),
        ("SZ", "uint64_t 8"),
        ("CHAR_BIT", "int 8"),
    ] {
        if name == "CHAR_BIT" {
            c.cdef(Source::pasted("#include <limits.h>", "test"), &[]).unwrap();
        }
        assert_eq!(shown(&mut c, name), expected, "{name}");
    }
    assert!(matches!(c.lookup("ALIAS").unwrap(), Some(Entity::Function { .. })));
    assert!(matches!(c.lookup("no_constant").unwrap(), Some(Entity::Variable { .. })));
    assert_eq!(c.lookup("nothing").unwrap(), None);
    for name in ["SELF", "EMPTY", "CALL", "WORD"] {
        assert!(c.lookup(name).is_err(), "{name}");
    }
    c.cdef(Source::pasted("#undef INT\n#define INT 50", "test"), &[]).unwrap();
    assert_eq!(shown(&mut c, "SUM"), "uint64_t 58");
}

#[test]
fn macros_can_be_called_with_constants() {
    let mut c = declared(
        "#define MAX(a, b) ((a) > (b) ? (a) : (b))\n#define VERSION(major, ...) ((major) * 100 + F(__VA_ARGS__))\n\
         #define F(a, ...) a\n#define LEN(s) (sizeof(s) - 1)\n#define HALF(x) ((x) / 2)\n#define CALL(x) function(x)",
    );
    let int = |value: i64| Constant { ctype: CTypeId::INT64, value: Value::Int(value as u64) };
    let name = |c: &Declarations, name: &str| c.names().find(name).unwrap();
    let max = name(&c, "MAX");
    assert_eq!(c.macro_arity(max), Some((2, false)));
    assert_eq!(c.call_macro(max, &[int(-3), int(i64::MIN)]).unwrap(), int(-3));
    let version = name(&c, "VERSION");
    assert_eq!(c.macro_arity(version), Some((1, true)));
    assert_eq!(c.call_macro(version, &[int(3), int(4), int(5)]).unwrap(), int(304));
    let half = name(&c, "HALF");
    for value in [0.1, -1e300, 5e-324] {
        let argument = Constant { ctype: CTypeId::DOUBLE, value: Value::Float(value) };
        assert_eq!(c.call_macro(half, &[argument]).unwrap().value, Value::Float(value / 2.0));
    }
    let argument = c.string_constant(b"a\"\\\0\xff");
    let len = name(&c, "LEN");
    assert_eq!(c.call_macro(len, &[argument]).unwrap().value, Value::Int(5));
    let call = name(&c, "CALL");
    assert!(c.call_macro(call, &[int(1)]).is_err());
    assert!(c.call_macro(max, &[int(1)]).unwrap_err().to_string().contains("requires 2 arguments"));
}

#[test]
fn parameters_stand_for_types_names_and_numbers() {
    let mut c = empty();
    let double = Param::Type(CTypeId::DOUBLE);
    let name = |text: &str| Param::Name(text.into());
    let id = c.parse_type("$ (*)[$]", &[double.clone(), Param::int(3)]).unwrap();
    assert_eq!(c.print(id), "double (*)[3]");
    let id = c.parse_type("struct { int $; $ $; }", &[name("first"), double.clone(), name("second")]).unwrap();
    let second = c.names().find("second").unwrap();
    let member = c.types().record_body(id).unwrap().member(second).unwrap();
    assert_eq!((member.offset, member.ctype), (8, CTypeId::DOUBLE));
    c.cdef(
        Source::pasted("struct $ { $ x[$ + $]; };", "test"),
        &[name("tag"), double.clone(), Param::int(1), Param::int(2)],
    )
    .unwrap();
    let tag = c.parse_type("struct tag", &[]).unwrap();
    assert_eq!(c.types().size_of(tag), Some(24));
    for (text, params) in
        [("$ $", vec![double.clone()]), ("$", vec![double.clone(), double.clone()]), ("int", vec![double])]
    {
        assert_eq!(c.parse_type(text, &params).unwrap_err().to_string(), "wrong number of type parameters");
    }
    assert!(c.parse_type("$", &[Param::int(5)]).is_err());
}

#[test]
fn variable_length_types() {
    let mut c = declared(
        "struct v { int n; double data[?]; }; struct o { int n; struct v v; }; struct flex { int n; char data[]; };",
    );
    for (text, size, variable) in [
        ("int[?]", None, true),
        ("struct v", Some(8), true),
        ("struct o", Some(16), true),
        ("struct flex", Some(4), false),
    ] {
        let id = c.parse_type(text, &[]).unwrap();
        assert_eq!((c.types().size_of(id), c.types().is_variable(id)), (size, variable), "{text}");
    }
    assert!(c.parse_type("struct v[3]", &[]).is_err());
    assert!(c.parse_type("struct { struct v v; int x; }", &[]).is_err());
}

#[test]
fn constants_inside_a_struct() {
    let mut c = declared("struct s { int a; enum { INSIDE = 3 }; static const int FIELD = 5; };");
    let id = c.parse_type("struct s", &[]).unwrap();
    let (inside, field) = (c.names().find("INSIDE").unwrap(), c.names().find("FIELD").unwrap());
    let body = c.types().record_body(id).unwrap();
    assert_eq!(body.constant(inside).map(|constant| constant.value), Some(Value::Int(3)));
    assert_eq!(body.constant(field).map(|constant| constant.value), Some(Value::Int(5)));
    assert_eq!(body.size, 4);
    assert_eq!(shown(&mut c, "INSIDE"), "int 3");
    assert_eq!(c.lookup("FIELD").unwrap(), None);
}

#[test]
fn depth_and_length_do_no_harm() {
    let mut c = empty();
    let deep = |open: &str, close: &str, n: usize| format!("int {}x{};", open.repeat(n), close.repeat(n));
    for text in [
        deep("(", ")", 100_000),
        format!("int x[{}1{}];", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}int x;{}", "struct { ".repeat(100_000), "};".repeat(100_000)),
        format!("int x{};", "(int".repeat(100_000)),
        format!("int x[{}1];", "~".repeat(100_000)),
        format!("int {}x;", "*".repeat(100_000)),
        format!("int x{};", "[1]".repeat(100_000)),
        (0..5000).fold("typedef int f0;".into(), |all: String, i| all + &format!("typedef f{i} f{}[1];", i + 1)),
        (0..5000).fold("struct s0 {int x;};".into(), |all: String, i| {
            all + &format!("struct s{} {{struct s{i} x;}};", i + 1)
        }),
        format!("int x[{}1];", "0 ? 2 : ".repeat(100_000)),
    ] {
        let error = c.cdef(Source::pasted(&text, "test"), &[]).unwrap_err().to_string();
        assert!(error.contains("too many") || error.contains("too large"), "{error}");
    }
    for text in [
        format!("int {}x;", "*".repeat(200)),
        format!("int x{};", "[1]".repeat(200)),
        format!("{}int x;{} y;", "struct { ".repeat(190), "};".repeat(189) + "}"),
        format!("int x[sizeof({}int{})];", "struct { int x; char y[sizeof(".repeat(60), ")]; }".repeat(60)),
        (0..5000).fold("typedef int f0;".into(), |all: String, i| all + &format!("typedef int (*f{})(f{i});", i + 1)),
        format!("int x[{}1];", "1 + ".repeat(100_000)),
        format!("int x[{}1];", "sizeof ".repeat(100_000)),
        format!("int x[sizeof({}1)];", "1 + ".repeat(100_000)),
        format!("enum {{ {} }};", (0..50_000).map(|i| format!("E{i}")).collect::<Vec<_>>().join(", ")),
        format!("struct {{ {} }} s;", (0..50_000).map(|i| format!("int m{i};")).collect::<String>()),
    ] {
        c.cdef(Source::pasted(&text, "test"), &[]).unwrap_or_else(|error| panic!("{error}"));
    }
    let Some(Entity::Variable { ctype, .. }) = c.lookup("x").unwrap() else { panic!() };
    assert!(matches!(c.types().kind(ctype), Kind::Array { .. }));
    let deep = c.parse_type("f5000", &[]).unwrap();
    assert!(c.types().print_in_full(deep, c.names()).len() < 1000);
}

#[test]
fn a_text_is_bytes() {
    let mut c = empty();
    let text = b"int a; // caf\xe9\nint b; /* \xff\0 */ int \xe9\xff; enum { LATIN = '\xe9' };\n#define S \"\xe9\"";
    c.cdef(Source::pasted(text, "test"), &[]).unwrap();
    assert!(c.lookup("b").unwrap().is_some() && c.lookup("LATIN").unwrap().is_some());
    let error = c.cdef(Source::pasted("int \0 x;", "test"), &[]).unwrap_err().to_string();
    assert_eq!(error, "'<identifier>' expected near 'char(0)' at line 1, column 5");
}

#[test]
fn an_enumerator_is_new() {
    let mut c = declared("enum { A, B }; int f(void);");
    for (text, name, column) in [("enum { A };", "A", 8), ("enum { C, C };", "C", 11), ("enum { f };", "f", 8)] {
        let error = c.cdef(Source::pasted(text, "test"), &[]).unwrap_err().to_string();
        assert_eq!(error, format!("attempt to redefine '{name}' at line 1, column {column}"));
    }
}

#[test]
fn declarations_can_move_to_another_thread() {
    let c = declared("int f(void);");
    std::thread::spawn(move || drop(c)).join().unwrap();
}
