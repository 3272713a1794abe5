//! Corners of the language that plain programs seldom meet: patterns and formats, coercions, edges of numeric loops, the order of assignments,
//! 64-bit integers and LuaJIT's further syntax. Each statement is picked from lists of pieces that are right in any combination,
//! and runs a few times in a loop so that it is compiled too.

use super::Generator;
use crate::tree::{Node, sequence, statement};

const SUBJECTS: &[&str] =
    &["'hello world'", "'  a=1, bc=22 '", "'((x)(y))'", "'%d\\0z'", "('ab'):rep(5)", "''", "'2024-05-06'"];
const PATTERNS: &[&str] = &[
    "%a+",
    "(%w+)=(%w+)",
    "%b()",
    "^%s*(.-)%s*$",
    "()l+()",
    "%f[%w]%w+",
    "[^%s,]+",
    "(a)(b)",
    ".-o",
    "%d+",
    "x*",
    "[%a-z]+$",
    "(%d+)-(%d+)",
    "%",
    "[a",
    "(",
    "%1",
    "(a*(.)%w(%s*))",
];
const REPLACEMENTS: &[&str] = &[
    "'<%0>'",
    "'%1'",
    "'%%'",
    "''",
    "{hello = 'bye', a = 1}",
    "function(a, b) return b or a .. '!' end",
    "'%2'",
    "string.upper",
];
const FORMATS: &[&str] = &[
    "%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%X", "%#x", "%o", "%i", "%5.1f", "%g", "%.3g", "%e", "%.0f", "%s",
    "%10s|", "%-10s|", "%.2s", "%q", "%c", "%5.3d", "%u", "%.14g", "%a",
];
const VALUES: &[&str] = &[
    "0", "-0", "1", "-7", "3.5", "1e15", "2^53", "'12'", "' 0x10 '", "1e300", "-1e-5", "65", "255", "'x'", "nil",
    "true",
];
const EDGES: &[&str] =
    &["1", "0", "-1", "3", "10", "0.1", "2^31 - 1", "2^31", "-2^31", "2^53", "1e308", "'3'", "0.5", "-3"];
const STEPS: &[&str] = &["1", "-1", "2", "0.25", "3", "2^31", "-2^30", "1e308", "'2'"];
const WIDE: &[&str] = &[
    "1LL",
    "-1LL",
    "7ULL",
    "0x7fffffffffffffffLL",
    "-0x7fffffffffffffffLL - 1LL",
    "0xffffffffffffffffULL",
    "3",
    "-2",
    "2.5",
    "100LL",
];

impl Generator {
    /// One of the statements below.
    pub(super) fn corner(&mut self) -> Node {
        match self.random.below(8) {
            0 => self.pattern(),
            1 => self.format(),
            2 => self.coercion(),
            3 => self.loop_edges(),
            4 => self.assignment_order(),
            5 => self.wide_integers(),
            _ => self.further_syntax(),
        }
    }

    /// `body`, an expression of `i`, shown for a few `i`, errors included.
    fn shown_in_loop(&mut self, body: &str) -> Node {
        let times = self.bounded(70);
        self.spend(times * 3);
        let last = self.name("last");
        sequence(vec![
            statement![format!("local {last}")],
            statement![format!("for i = 1, {times} do {last} = pack(pcall(function() return {body} end)) end")],
            statement![format!("out(unpack({last}, 1, {last}.n))")],
        ])
    }

    fn pattern(&mut self) -> Node {
        let (subject, pattern) = (self.random.pick(SUBJECTS), self.random.pick(PATTERNS));
        let replacement = self.random.pick(REPLACEMENTS);
        let start = self.random.pick(&["1", "2", "-3", "i % 5", "100"]);
        let body = match self.random.below(4) {
            0 => format!("({subject}):find('{pattern}', {start})"),
            1 => format!("({subject}):match('{pattern}', {start})"),
            2 => format!("({subject}):gsub('{pattern}', {replacement}, i % 4)"),
            _ => format!(
                "(function() local t = {{}} for a, b in ({subject}):gmatch('{pattern}') do t[#t + 1] = a t[#t + 1] = b end return t end)()"
            ),
        };
        self.shown_in_loop(&body)
    }

    fn format(&mut self) -> Node {
        let (format, value) = (self.random.pick(FORMATS), self.random.pick(VALUES));
        let (other, second) = (self.random.pick(FORMATS), self.random.pick(VALUES));
        self.shown_in_loop(&format!("('{format} {other}'):format({value}, {second})"))
    }

    fn coercion(&mut self) -> Node {
        let (a, b) = (self.random.pick(VALUES), self.random.pick(VALUES));
        let operator = self.random.pick(&["+", "-", "*", "/", "%", "^", "..", "==", "<", "<=", "and", "or"]);
        let body = match self.random.below(3) {
            0 => format!("fin(tonumber({a})), tostring({b}), #tostring({a})"),
            1 => format!("(i > 3 and {a} or {b}) {operator} {b}"),
            _ => format!("{a} {operator} {b}"),
        };
        self.shown_in_loop(&format!("(function() local r = {body} return r == r and r end)()"))
    }

    fn loop_edges(&mut self) -> Node {
        let (from, to, step) = (self.random.pick(EDGES), self.random.pick(EDGES), self.random.pick(STEPS));
        self.shown_in_loop(&format!(
            "(function() local n, s = 0, 0 for k = {from}, {to}, {step} do n, s = n + 1, s + k if n > 20 then break end end return n, fin(s) end)()"
        ))
    }

    fn assignment_order(&mut self) -> Node {
        let (a, b) =
            (self.random.pick(&["i", "a[1]", "#a", "2"]), self.random.pick(&["i", "a[i % 3 + 1]", "#a + 1", "1"]));
        self.shown_in_loop(&format!(
            "(function() local a, i = {{1, 2, 3}}, i % 3 + 1 i, a[{a}], a[{b}] = i + 1, 20, i local x, y, z = (function() return i, 5 end)() \
             return a, i, x, y, z end)()"
        ))
    }

    fn wide_integers(&mut self) -> Node {
        let (a, b) = (self.random.pick(WIDE), self.random.pick(&WIDE[..6]));
        let operator = self.random.pick(&["+", "-", "*", "/", "%", "==", "<", "<=", "&", "|", "~"]);
        let shift = self.random.pick(&["<<", ">>", "~>>"]);
        let body = match self.random.below(3) {
            0 => format!("tostring({a} {operator} {b})"),
            1 => format!("tostring(({b} {shift} (i % 70)) {operator} {b}), tonumber({b})"),
            _ => format!(
                "(function() local x = {b} for k = 1, 5 do x = x * 3 + k end return tostring(x), tostring(-x), tostring(~x) end)()"
            ),
        };
        self.shown_in_loop(&body)
    }

    fn further_syntax(&mut self) -> Node {
        let (a, b) = (self.random.pick(VALUES), self.random.pick(EDGES));
        let operator = self.random.pick(&["&", "|", "~", "<<", ">>", "~>>"]);
        let compound = self.random.pick(&["+=", "-=", "*=", "/=", "%=", "&=", "|=", "<<=", ">>="]);
        let body = match self.random.below(7) {
            0 => format!("{a} {operator} {b}, ~i"),
            1 => format!("({a} ?? {b}), (nil ?? i), (false ?? {b})"),
            2 => format!("i % 2 == 0 ? {a} : {b}"),
            3 => format!(
                "(function() local t = i % 3 == 0 and {{x = {{y = {b}}}}} or nil return t?.x, t?.x?.y, t?.x?.z end)()"
            ),
            4 => format!(
                "(function() local v, t = {b}, {{i}} v {compound} 3 t[1] {compound} i return fin(v), fin(t[1]) end)()"
            ),
            5 => {
                "(function() local n = 0 for k = 1, 9 do if k % 3 == i % 3 then continue end n += k end return n end)()"
                    .into()
            }
            _ => format!(
                "(function() const c = {b} local f = |x, y| -> x + (y ?? 1) return fin(f(c)), fin(f(c, i)) end)()"
            ),
        };
        self.shown_in_loop(&body)
    }
}
