-- The callee, a place for the frame link, the arguments; multiple results; tail calls.
local f, t = ...
f(1, "two", nil)
local x, y, z = f(), f()
f(x, f(...))
t:method(1):other "s"
t.a.b { }
local r = (f())
if r then return f(r, ...) end
if x then return t:tail() end
return x, f()
