//! Mistakes, made on purpose under `pcall`: their messages, with positions and names of variables, are compared like any output.

use super::{Generator, Type};
use crate::tree::{Node, block, expression, statement};

/// Values that most operations refuse. None of them shows an address when it is printed.
const WILD: &[&str] =
    &["nil", "true", "{}", "'abc'", "'7'", "5", "(0/0)", "function() return 1 end", "undefined", "-3.5"];

/// Operations on `w` and `v`, which hold wild values, and on `t.w`. Each is an expression.
const OPERATIONS: &[&str] = &[
    "w + 1",
    "1 - w",
    "w * v",
    "w / t.w",
    "t.w % 2",
    "2 ^ w",
    "-w",
    "-t.w",
    "#w",
    "#t.w",
    "w < 1",
    "w < v",
    "'a' < w",
    "w <= v",
    "t.w > v",
    "w >= 'b'",
    "w == v",
    "w .. 'x'",
    "1 .. w",
    "'a' .. t.w .. 'b'",
    "w.x",
    "w.x.y",
    "t.w.x",
    "t.u.x",
    "w[v]",
    "t[w]",
    "w[1][2]",
    "w()",
    "t.w()",
    "t.u()",
    "w:foo()",
    "t:bar()",
    "t.w:foo(1)",
    "undefined.x",
    "undefined()",
    "undefined + w",
    "('x')()",
    "('x').y.z",
    "math.nothing(1)",
    "(w or v)()",
    "u + 1",
    "u.x",
    "u()",
    "u .. 'x'",
    "u < 1",
];

/// Statements on them.
const STATEMENTS: &[&str] = &[
    "w.x = 1",
    "t.w.x = 1",
    "t[w] = 1",
    "t[nil] = 1",
    "t[0/0] = 1",
    "w[v] = 2",
    "u.x = 1",
    "undefined.x = 1",
    "for i = w, 2 do end",
    "for i = 1, v do break end",
    "for i = 1, 2, w do break end",
    "for k in w do break end",
    "for k in pairs(w) do break end",
    "for k in ipairs(w) do break end",
    "w = w + v",
    "t.w = t.w + 1",
    "u = u + w",
    "local a = w; a()",
];

/// Calls of the library, with holes for wild values.
const CALLS: &[&str] = &[
    "math.floor(@)",
    "math.max(@, @)",
    "math.fmod(@, @)",
    "math.sqrt(@)",
    "bit.band(@, @)",
    "bit.lshift(@, @)",
    "string.rep(@, @)",
    "string.sub(@, @, @)",
    "string.byte(@, @)",
    "string.char(@)",
    "string.upper(@)",
    "string.len(@)",
    "string.find(@, @)",
    "string.format('%d', @)",
    "string.format('%5.1f', @)",
    "string.format(@)",
    "string.format('%d %d', 1)",
    "string.format('%y', 1)",
    "string.gsub(@, 'b', @)",
    "table.concat(@)",
    "table.concat({1, {}, 3})",
    "table.insert(@, @)",
    "table.insert({}, 5, 6, 7)",
    "table.remove(@)",
    "table.sort(@)",
    "tonumber(@, @)",
    "tonumber()",
    "tostring()",
    "type()",
    "type(@)",
    "select(@, 1, 2)",
    "select('#', @, @)",
    "unpack(@)",
    "rawget(@, @)",
    "rawset(@, @, 1)",
    "rawequal(@, @)",
    "next(@)",
    "next({}, @)",
    "ipairs(@)",
    "pairs(@)",
    "setmetatable(@, @)",
    "setmetatable({}, @)",
    "setmetatable(setmetatable({}, {__metatable = 'no'}), {})",
    "coroutine.resume(@)",
    "coroutine.wrap(@)",
    "coroutine.status(@)",
    "coroutine.wrap(function() error('inside') end)()",
    "coroutine.yield(@)",
    "loadstring('return 1 +')",
    "loadstring('x = = 2', '=piece')",
    "loadstring('for i = 1 do end', '=file.lua')",
    "loadstring('abc')",
    "loadstring('break')",
    "loadstring('goto nowhere')",
    "loadstring('local a <const> = 1')",
    "loadstring(5)",
    "loadstring('return 1', nil)()",
    "error(@)",
    "error('level 0', 0)",
    "error('level 1', 1)",
    "error('level 2', 2)",
    "error({code = 7})",
    "error()",
    "assert(@)",
    "assert(@, 'asserted')",
    "assert(false, {1})",
    "assert()",
    "pcall()",
    "xpcall(@, @)",
    "pcall(error, @)",
];

impl Generator {
    /// A mistake whose message is printed. Some are made at once, some late in a hot loop, some deep in calls.
    pub(super) fn caught_mistake(&mut self) -> Node {
        match self.random.below(6) {
            0 | 1 => self.plain_mistake(),
            2 => self.library_mistake(),
            3 => self.late_mistake(),
            4 => self.deep_mistake(),
            _ => self.handled_mistake(),
        }
    }

    fn wild(&mut self) -> &'static str {
        self.random.pick(WILD)
    }

    /// What mistakes are made with: locals `w` and `v`, an upvalue `u`, a table `t` with a field `w`.
    fn setting(&mut self) -> Node {
        let (w, v, field) = (self.wild(), self.wild(), self.wild());
        statement![format!("local w, v, t = {w}, {v}, {{w = {field}}}")]
    }

    fn plain_mistake(&mut self) -> Node {
        let upvalue = self.wild();
        let setting = self.setting();
        let mistake = if self.random.chance(70) {
            // The first result alone: `t:bar()` and its like may return nothing.
            statement![format!("return ({})", self.random.pick(OPERATIONS))]
        } else {
            statement![self.random.pick(STATEMENTS)]
        };
        let body = block(vec![setting, mistake]);
        statement![format!("do local u = {upvalue} out(pcall(function()"), body, "end)) end"]
    }

    /// The text of a library call with its holes filled.
    fn library_call(&mut self) -> String {
        let mut text = String::new();
        for (place, part) in self.random.pick(CALLS).split('@').enumerate() {
            if place > 0 {
                text.push_str(self.wild());
            }
            text.push_str(part);
        }
        text
    }

    fn library_mistake(&mut self) -> Node {
        let call = self.library_call();
        if self.random.chance(50)
            && let Some((name, arguments)) = call.split_once('(')
            && let Some(arguments) = arguments.strip_suffix(')')
            && !arguments.contains("function")
        {
            // Called by `pcall` itself, so that the message has no position and the name may be unknown.
            let comma = if arguments.is_empty() { "" } else { ", " };
            return statement![format!("out(pcall({name}{comma}{arguments}))")];
        }
        statement![format!("out(pcall(function() return {call} end))")]
    }

    /// A loop that is hot and compiled when one value turns wild.
    fn late_mistake(&mut self) -> Node {
        let (wild, value) = (self.wild(), self.number(1));
        let operation =
            self.random.pick(&["n + v", "n - v * 2", "-v", "#v", "v.x", "v .. ''", "v < 3", "v()", "math.abs(v)"]);
        let times = self.random.between(40, 90);
        self.spend(times as u64);
        let prefix = self.random.pick(&["", "string.rep('x', 3) and "]);
        statement![
            format!("out(pcall(function() local n, last = 0, 0 for i = 1, {times} do local v = "),
            value,
            format!(" if i > {times} - 3 then v = {wild} end last = {prefix}({operation}) "),
            "n = n + (type(last) == 'number' and last or 1) end return n end))"
        ]
    }

    /// A mistake some calls down, through a tail call or not, that passes other handlers on its way.
    fn deep_mistake(&mut self) -> Node {
        let call = self.library_call();
        let operation = self.random.pick(OPERATIONS);
        let setting = self.setting();
        let inner = if self.random.chance(50) {
            statement![format!("local u = 1 return ({operation})")]
        } else {
            statement![format!("local a = {call} return a")]
        };
        let through =
            self.random.pick(&["return inner()", "local a = inner() return a", "error(select(2, pcall(inner)), 0)"]);
        let head = "out(pcall(function() local function inner()";
        let body = block(vec![setting, inner]);
        statement![head, body, format!("end local function outer() {through} end return (outer()) end))")]
    }

    /// A handler that sees the message, and statements around the mistake whose effects must last.
    fn handled_mistake(&mut self) -> Node {
        let name = self.name("n");
        let operation = self.random.pick(OPERATIONS);
        let (setting, upvalue) = (self.setting(), self.wild());
        let (before, after) = (self.number(2), self.number(1));
        let body = block(vec![
            setting,
            statement![format!("local u = {upvalue}")],
            statement![format!("{name} = "), before],
            statement![format!("local a = ({operation})")],
            statement![format!("{name} = "), after],
        ]);
        self.declare(&name, Type::Number, true);
        let handler = expression!["function(m) return type(m) == 'string' and 'handled ' .. m or type(m) end"];
        statement![format!("local {name} = 0 out(xpcall(function()"), body, "end, ", handler, "))"]
    }
}
