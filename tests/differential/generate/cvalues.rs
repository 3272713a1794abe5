//! C values in hot loops: structs and unions with every kind of field, arrays and pointers into them, 64-bit integers, conversions,
//! metatypes, memory, calls of C, and mistakes with all of these.
//!
//! What C leaves undefined stays out: numbers go into integers only while these can hold them or the next wider type can, nothing reads
//! what was not written, and no address is shown. Programs share a process, so their types have no names, save those that the prelude
//! declares for all.

use super::{Generator, Type};
use crate::tree::{Node, expression, sequence, statement};

/// Types of fields and elements, and what turns any number `@` into one that they take.
const SCALARS: &[(&str, &str)] = &[
    ("int8_t", "int(@, 1000) - 500"),
    ("uint8_t", "int(@, 1000)"),
    ("int16_t", "int(@, 100000) - 50000"),
    ("uint16_t", "int(@, 100000)"),
    ("int32_t", "int(@, 2^32) - 2^31"),
    ("uint32_t", "int(@, 2^32)"),
    ("int64_t", "int(@, 2^53) - 2^52"),
    ("uint64_t", "int(@, 2^53)"),
    ("float", "(@)"),
    ("double", "(@)"),
    ("bool", "(@) > 5"),
    ("char", "int(@, 128)"),
];

/// Fields that are read and written otherwise than scalars, and what they take.
const ODD_FIELDS: &[(&str, &str)] = &[
    ("int @ : 5", "int(#, 64) - 32"),
    ("unsigned @ : 11", "int(#, 5000)"),
    ("bool @ : 1", "(#) > 3"),
    ("enum colour @", "({'RED', 'BLUE', 7})[int(#, 3) + 1]"),
    ("struct { short u; int8_t v[3]; } @", "{int(#, 30000), {1, int(#, 100)}}"),
    ("int @[3]", "{int(#, 500), 2}"),
    ("char @[6]", "('abcdefg'):sub(1, int(#, 5))"),
    ("union { int32_t i; float f; } @", "{int(#, 1000000)}"),
];

/// 64-bit integers and numbers beside them, of the loop variable and a running value `x`.
const WIDE: &[&str] = &[
    "x",
    "i",
    "x + i",
    "3LL",
    "-7LL",
    "5ULL",
    "i * 1LL",
    "ffi.cast('int64_t', i * 2^33)",
    "ffi.cast('uint64_t', i)",
    "ffi.cast('int32_t', -i)",
    "2^40 + i",
    "0x7fffffffffffffffLL",
    "bit.band(x, 0xff)",
    "bit.lshift(x, i % 70)",
    "bit.bxor(1ULL, x)",
];

/// Conversions of the number `@` whose results C defines, each shown as a string.
const CONVERSIONS: &[&str] = &[
    "tostring(ffi.cast('int8_t', int(@, 1000)))",
    "tonumber(ffi.cast('uint8_t', int(@, 100000) - 500))",
    "tonumber(ffi.cast('int16_t', int(@, 2^31)))",
    "tonumber(ffi.cast('uint32_t', -1 - int(@, 1000)))",
    "tonumber(ffi.cast('float', fin(@)))",
    "tostring(ffi.new('int64_t', int(@, 2^53)))",
    "tostring(ffi.cast('uint64_t', -1LL - int(@, 1000)))",
    "tostring(ffi.cast('bool', int(@, 3)))",
    "tonumber(ffi.new('int32_t', int(@, 2^31)))",
    "tonumber(ffi.cast('intptr_t', ffi.cast('char *', int(@, 2^40)) + i))",
    "tostring(ffi.cast('char *', int(@, 2^40)) == ffi.cast('void *', i))",
    "tonumber(ffi.cast('int *', 4096 + 4 * i) - ffi.cast('int *', 4096))",
    "tonumber(ffi.cast(ffi.typeof('enum { A, B, C }'), i % 3))",
    "ffi.istype('int64_t', i * 1LL), ffi.istype('int32_t', ffi.new('uint32_t', i))",
    "ffi.sizeof('int[?]', i), ffi.alignof('double'), ffi.sizeof(ffi.new('struct { char a; double b[?]; }', i))",
    "bit.tohex(int(@, 2^32) * 1LL), bit.bnot(int(@, 2^32) * 1ULL) == 0",
    "tostring(0x100000000LL * i / 3), tostring(-5LL % (i % 7 + 1)), tostring((i - 20) * 1LL / 3)",
    "string.format('%d %5d %x %s', i * 1LL, -i * 1LL, i * 3ULL, -1LL)",
    "tonumber('0x' .. bit.tohex(i * 1ULL)), tonumber('12LL'), tonumber(-3LL)",
    "tostring(ffi.new('complex', i, 2)), ffi.new('complex float', 1, i).im",
];

/// Operations that are refused, or nearly: on a struct `s`, an array `a`, a pointer `p`, a 64-bit integer `w`.
const MISTAKES: &[&str] = &[
    "s.z",
    "s.x.y",
    "s[0]",
    "s + 1",
    "s()",
    "#s",
    "s < s",
    "s == 1",
    "s .. 'x'",
    "-s",
    "s:foo()",
    "a.x",
    "a['x']",
    "a[nil]",
    "a[1.7]",
    "a['1']",
    "a + s",
    "a()",
    "#a",
    "p.z",
    "p + p",
    "p - p",
    "p < 1",
    "p == nil",
    "p.x + a",
    "w.x",
    "w + {}",
    "w + 'x'",
    "w + '3'",
    "w .. 'x'",
    "w < 'x'",
    "w == 'x'",
    "w == 5",
    "w()",
    "w % 0",
    "w ^ 2",
    "-w",
    "#w",
    "w[1]",
    "tonumber(s)",
    "tonumber(p)",
    "ffi.new('int', 'x')",
    "ffi.new('int', {})",
    "ffi.new('int', {1, 2})",
    "ffi.new('int[2]', {1, 2, 3})",
    "ffi.new('int[2]', 1, 2, 3)",
    "ffi.new('int', 1, 2)",
    "ffi.new('struct { int a; }', {b = 1})",
    "ffi.new('struct { int a; }', 1, 2)",
    "ffi.new('struct nothing')",
    "ffi.new('int[?]')",
    "ffi.new('int[-1]')",
    "ffi.new('nothing')",
    "ffi.new('int x y')",
    "ffi.new('char *', 1)",
    "ffi.new('char *', 'abc')",
    "ffi.new('const char *', 'abc') ~= nil",
    "ffi.new('int &', 1)",
    "ffi.new('void')",
    "ffi.cast('struct { int a; }', 1)",
    "ffi.cast('int[2]', a)",
    "ffi.cast('int', s)",
    "ffi.cast('int', nil)",
    "ffi.cast('int', true)",
    "ffi.cast('void *', true)",
    "ffi.cast('int *', 'abc')",
    "ffi.sizeof('nothing')",
    "ffi.sizeof('void')",
    "ffi.sizeof(1)",
    "ffi.offsetof('int', 'x')",
    "ffi.offsetof(s, 'z')",
    "ffi.offsetof(s, 'y')",
    "ffi.string(1)",
    "ffi.string(s)",
    "ffi.string(a, 'x')",
    "ffi.copy(a, 1)",
    "ffi.fill(a)",
    "ffi.fill(1, 2)",
    "ffi.typeof(1)",
    "ffi.typeof('int', 1)",
    "ffi.typeof('$')",
    "ffi.typeof('$', 1)",
    "ffi.istype('int')",
    "ffi.istype('int', 1)",
    "ffi.metatype('int', {})",
    "ffi.metatype(s, 1)",
    "ffi.gc(1, print)",
    "ffi.C.there_is_no_such_function",
    "ffi.load('there_is_no_such_library')",
    "ffi.cdef('int x y;')",
    "ffi.cdef('struct {')",
    "ffi.cdef(1)",
    "ffi.C.abs()",
    "ffi.C.abs('x')",
    "ffi.C.abs({})",
    "ffi.C.abs(1, 2)",
    "ffi.C.strlen(s)",
    "ffi.C.strlen(12)",
];

/// Assignments of the same kind.
const WRONG_STORES: &[&str] = &[
    "s.x = 'x'",
    "s.x = {}",
    "s.x = nil",
    "s.x = true",
    "s.x = s",
    "s.z = 1",
    "s[0] = 1",
    "a[0] = 'x'",
    "a[0] = nil",
    "a[0] = w",
    "a.x = 1",
    "p.x = '5'",
    "p[0] = {x = 3}",
    "p[0] = {z = 3}",
    "p[0] = s",
    "w.x = 1",
    "s.y = 1LL",
    "s.c = 5",
];

/// Calls of C on the running integer `x`, a buffer `b` of 32 bytes that holds a string, and the loop variable.
const CALLS: &[&str] = &[
    "C.abs(x - 50)",
    "tonumber(C.labs(-x))",
    "tonumber(C.strlen(b))",
    "C.toupper(97 + x % 26)",
    "C.memcmp(b, 'moon', 4) == 0 and 1 or 2",
    "C.strtol(tostring(x), nil, 10)",
    "tonumber(C.strtoull('ff', nil, 16)) + x",
    "C.snprintf(b, 32, 'm%d %s', ffi.cast('int', x), 'ab')",
    "C.snprintf(b, 32, '%5.2f|', x / 4)",
    "C.fabs(x - 7.5)",
    "C.ldexp(x, 3)",
    "C.atoi(b)",
    "C.strchr('moonwake', 110) - ffi.cast('const char *', 'moonwake') and 3",
    "C.div(x, 7).rem",
    "tonumber(C.ldiv(x, 5).quot)",
];

impl Generator {
    /// One of the templates below.
    pub(super) fn c_value(&mut self) -> Node {
        match self.random.below(10) {
            0 | 1 => self.c_struct(),
            2 | 3 => self.c_array(),
            4 => self.wide_loop(),
            5 => self.conversion(),
            6 => self.metatype(),
            7 => self.c_calls(),
            _ => self.c_mistake(),
        }
    }

    /// An expression for a hole of the tables above.
    fn hole(&mut self, text: &str, hole: char) -> Node {
        let (mut node, mut first) = (expression![""], true);
        for part in text.split(hole) {
            if !first {
                let value = self.number(1);
                node.pieces.push(value.into());
            }
            first = false;
            node.pieces.push(part.to_owned().into());
        }
        node
    }

    /// The same in a loop over `i`, where nothing that costs is affordable.
    fn looped_hole(&mut self, text: &str) -> Node {
        let (scope, limit) = (self.scope.len(), std::mem::replace(&mut self.limit, 0));
        self.declare("i", Type::Number, false);
        let node = self.hole(text, '@');
        self.scope.truncate(scope);
        self.limit = limit;
        node
    }

    /// A struct or union with some fields, which a loop writes through itself, a pointer or an element, and reads back.
    fn c_struct(&mut self) -> Node {
        let times = self.bounded(100);
        let count = self.random.between(1, 6);
        self.spend(times * count as u64 * 2);
        let (mut declaration, mut stores, mut shown) = (String::new(), Vec::new(), Vec::new());
        // LuaJIT has no bit-fields across bytes in packed structs.
        let packed = self.random.chance(20);
        let keyword = match self.random.below(4) {
            _ if packed => "struct __attribute__((packed))",
            0 => "union",
            _ => "struct",
        };
        let place = self.random.pick(&["s", "s", "p", "p[0]", "h.inner", "h.list[1]", "h.list[i % 3]"]);
        for index in 0..count {
            let name = format!("f{index}");
            let (field, value) = self.random.pick(ODD_FIELDS);
            if self.random.chance(30) && !(packed && field.contains(':')) {
                declaration += &(field.replace('@', &name) + "; ");
                let value = self.hole(value, '#');
                stores.push(statement![format!("{place}.{name} = "), value]);
            } else {
                let (kind, value) = self.random.pick(SCALARS);
                declaration += &format!("{kind} {name}; ");
                // Laid over other members, a NaN would show its sign.
                let value = if keyword == "union" { value.replace("(@)", "fin(@)") } else { value.to_owned() };
                let value = self.hole(&value, '@');
                stores.push(statement![format!("{place}.{name} = "), value]);
            }
            shown.push(name);
        }
        let sum = self.name("n");
        let reads = shown.iter().map(|name| format!("seen({place}.{name})")).collect::<Vec<_>>().join(" + ");
        self.declare(&sum, Type::Number, true);
        let body = self.inner(times, |g| {
            g.declare("i", Type::Number, false);
            if g.random.chance(30) {
                stores.push(statement!["s = ", g.random.pick(&["T()", "T(s)", "ffi.new(T)", "h.inner", "h.list[2]"])]);
            }
            stores.push(statement![format!("{sum} = {sum} + {reads}")]);
            stores
        });
        let all =
            shown.iter().map(|name| format!("seen(s.{name}), seen(h.inner.{name})")).collect::<Vec<_>>().join(", ");
        sequence(vec![
            statement![format!("local {sum} = 0")],
            Self::together(vec![
                statement!["local ffi = require 'ffi'"],
                statement![format!("local T = ffi.typeof('{keyword} {{ {declaration}}}')")],
                statement!["local h = ffi.new(ffi.typeof('struct { char c; $ inner; $ list[3]; }', T, T))"],
                statement!["local kept = T() local s, p = kept, ffi.cast(ffi.typeof('$ *', T), kept)"],
                statement![format!("for i = 1, {times} do"), body, "end"],
                statement![format!("out(ffi.sizeof(T), ffi.alignof(T), ffi.offsetof(T, 'f{}'), {all})", count - 1)],
                statement!["kept = nil"],
            ]),
        ])
    }

    /// An array, walked by index, by pointer, forwards or backwards, with another type laid over it.
    fn c_array(&mut self) -> Node {
        let times = self.bounded(100);
        self.spend(times * 3);
        let (kind, value) = self.random.pick(SCALARS);
        let (other, _) = self.random.pick(&SCALARS[..8]);
        let value = self.looped_hole(value);
        let sum = self.name("n");
        self.declare(&sum, Type::Number, true);
        let index = self.random.pick(&["i % 16", "15 - i % 16", "(i * 7) % 16", "i % 4 * 4", "i % 2 + 0.5"]);
        let read = self.random.pick(&[
            "a[i % 16]",
            "p[-(i % 8)]",
            "(p + i % 8)[0]",
            "(p - i % 8)[1]",
            "q[i % 8 + 1]",
            "a[(i + 1) % 16]",
            "p[1ULL]",
        ]);
        let start = self.random.pick(&["", ", {1, 0}", ", 1", ", {}"]);
        let copied = self.random.pick(&[
            "ffi.copy(a, q, 8)",
            "ffi.fill(p, 3, 7)",
            "ffi.fill(a, 4)",
            "a[3] = a[i % 16]",
            "p = p + i % 2 * 2 - 1 if p < a + 4 or p > a + 12 then p = a + 8 end",
        ]);
        sequence(vec![
            statement![format!("local {sum} = 0")],
            Self::together(vec![
                statement!["local ffi = require 'ffi'"],
                statement![format!("local a = ffi.new('{kind}[17]'{start}) local p = a + 8")],
                statement![format!("local q = ffi.cast('{kind} *', a)")],
                statement![
                    format!("for i = 1, {times} do a[{index}] = "),
                    value,
                    format!(" if i % 3 == 0 then {copied} end {sum} = {sum} + seen({read}) end")
                ],
                statement![format!("local o = ffi.cast('{other} *', a)")],
                statement![format!(
                    "if '{kind}' ~= 'float' and '{kind}' ~= 'double' then out(seen(o[0]), seen(o[1]), tonumber(p - a)) end"
                )],
                statement!["out(seen(a[0]), seen(a[3]), seen(a[15]), ffi.sizeof(a), p == a + 8, p > a, q == a)"],
            ]),
        ])
    }

    /// 64-bit arithmetic that goes around a loop, its type perhaps changing on the way.
    fn wide_loop(&mut self) -> Node {
        let times = self.bounded(100);
        self.spend(times * 3);
        let start = self.random.pick(&["1LL", "-1LL", "0ULL", "0x8000000000000000ULL", "i", "12345678901LL"]);
        let (one, other) = (self.random.pick(WIDE), self.random.pick(WIDE));
        let (first, second) =
            (self.random.pick(&["+", "-", "*"]), self.random.pick(&["+", "-", "*", "/", "%", "+", "-"]));
        let compare = self.random.pick(&["<", "<=", "==", "~=", ">"]);
        // No division by what may be zero or -1.
        let other = if matches!(second, "/" | "%") { "(i % 5 + 2)" } else { other };
        Self::together(vec![
            statement!["local ffi = require 'ffi'"],
            statement![format!("local i, count = 3, 0 local x = {start}")],
            statement![format!(
                "for i = 1, {times} do x = (x {first} ({one})) {second} ({other}) if x {compare} 0LL + i then count = count + 1 end end"
            )],
            statement!["out(tostring(x), count, tostring(-x), tostring(x == x), seen(x))"],
        ])
    }

    fn conversion(&mut self) -> Node {
        let text = self.random.pick(CONVERSIONS);
        let times = self.bounded(70);
        self.spend(times * 3);
        let value = self.looped_hole(text);
        Self::together(vec![
            statement!["local ffi = require 'ffi'"],
            statement!["local last"],
            statement![format!("for i = 1, {times} do last = pack(pcall(function() return "), value, " end)) end"],
            statement!["out(unpack(last, 1, last.n))"],
        ])
    }

    /// Vectors with operators, made and dropped on each turn, kept now and then.
    fn metatype(&mut self) -> Node {
        let times = self.bounded(100);
        self.spend(times * 6);
        let kind = self.random.pick(&["double", "float", "int32_t", "int64_t", "uint8_t"]);
        let next = self.random.pick(&[
            "v + V(1, i)",
            "V(v.y, v.x) + v",
            "v:turned()",
            "-v",
            "v + i",
            "i + v",
            "V(v)",
            "(v == old) and V(3, 4) or v + old",
            "V(#v, 2)",
            "v(2)",
            "v < old and v or v + V(1, 1)",
        ]);
        let kept = self.random.pick(&["list[i % 5 + 1] = v", "old = v", "old = v + old", "list[1] = v.x"]);
        Self::together(vec![
            statement!["local ffi = require 'ffi'"],
            statement![format!("local V V = ffi.metatype(ffi.typeof('struct {{ {kind} x, y; }}'), {{")],
            statement!["  __index = {turned = function(v) return V(v.y % 100, v.x % 100 + 1) end, one = 1},"],
            statement!["  __add = function(a, b) if type(b) == 'number' then return V((a.x + b) % 100, a.y) end"],
            statement!["    if type(a) == 'number' then return V(b.x, (b.y + a) % 100) end"],
            statement!["    return V((a.x + b.x) % 100, (a.y + b.y) % 100) end,"],
            statement!["  __unm = function(a) return V(a.y, a.x) end, __len = function(a) return 2 end,"],
            statement!["  __eq = function(a, b) return ffi.istype(V, b) and a.x == b.x end,"],
            statement!["  __lt = function(a, b) return a.x < b.x end, __call = function(a, k) return V(k, a.x) end,"],
            statement!["  __tostring = function(a) return 'V ' .. tonumber(a.x) .. ' ' .. tonumber(a.y) end})"],
            statement!["local v, old, list = V(1, 2), V(3, 4), {}"],
            statement![format!("for i = 1, {times} do v = {next} if i % 7 == 0 then {kept} end end")],
            statement!["out(tostring(v), tostring(old), tostring(list[1]), tostring(list[3]), v.one, #v)"],
        ])
    }

    fn c_calls(&mut self) -> Node {
        let times = self.bounded(100);
        self.spend(times * 3);
        let (one, other) = (self.random.pick(CALLS), self.random.pick(CALLS));
        let order =
            self.random.pick(&["a[0] - b[0]", "b[0] - a[0]", "(a[0] % 10) * 100 + a[0] - (b[0] % 10) * 100 - b[0]"]);
        Self::together(vec![
            statement!["local ffi = require 'ffi' local C = ffi.C"],
            statement!["local b, x = ffi.new('char[32]', 'moon'), 1"],
            statement![format!(
                "for i = 1, {times} do x = (x + tonumber({one}) + i % 3 + tonumber({other})) % 10000 end"
            )],
            statement!["out(x, ffi.string(b))"],
            statement!["local list = ffi.new('int[10]') for i = 0, 9 do list[i] = (i * 7 + x) % 23 end"],
            // It is freed: LuaJIT has room for some hundred callbacks, and a program may come here more often.
            statement![format!(
                "local f = ffi.cast('int (*)(const int *, const int *)', function(a, b) return {order} end) C.qsort(list, 10, 4, f) f:free()"
            )],
            statement!["for i = 0, 9 do x = (x * 3 + list[i]) % 10000 end out(x)"],
        ])
    }

    /// A refused operation, at once or late in a hot loop.
    fn c_mistake(&mut self) -> Node {
        let times = if self.random.chance(50) { 1 } else { self.bounded(90) };
        self.spend(times * 2);
        let body = if self.random.chance(75) {
            format!("last = {}", self.random.pick(MISTAKES))
        } else {
            self.random.pick(WRONG_STORES).to_owned()
        };
        let early = self.random.pick(&["last = s.x", "last = a[1]", "s.x = i", "last = w + i", "last = p.y"]);
        Self::together(vec![
            statement!["local ffi = require 'ffi'"],
            statement!["local s = ffi.new('struct { int x; double y; const int c; }', 5, 6)"],
            statement![
                "local a, w, p, last = ffi.new('int[4]', {1, 2, 3}), 7LL, ffi.cast(ffi.typeof('$ *', ffi.typeof(s)), s)"
            ],
            statement![format!(
                "out(pcall(function() for i = 1, {times} do if i == {times} then {body} else {early} end end return last end))"
            )],
            statement!["out(s.x, s.y, a[0])"],
        ])
    }
}
