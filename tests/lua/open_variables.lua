-- A variable of a caller's frame, written through a closure by a trace that then goes on in that frame.
local C0 = {}
function C0.new(v) local o = setmetatable({f0 = false, f3 = v*2}, {__index = C0}) o.f5 = v o.late = -v return o end
function C0:set(v) self.f4 = v self.n = (self.n or 0) + 1 return self end
function C0:each(g) for i = 1, 4 do g(i, self) end end
local C1 = {}
function C1.new(v) return setmetatable({f3 = v*2}, {__index = C1}) end
function C1:set(v) self.f0 = v self.n = (self.n or 0) + 1 return self end
function C1:each(g) for i = 1, 1 do g(i, self) end end
local C2 = {}
local M2 = {__index = C2}
function C2.new(v) local o = setmetatable({f1 = tostring(v), f5 = 1}, M2) o.f0 = v o.late = -v return o end
function C2:set(v) self.f2 = v self.n = (self.n or 0) + 1 return self end
function C2:each(g) for i = 1, 4 do g(i, self) end end
local C3 = {}
function C3.new(v) return setmetatable({f4 = v*2, f1 = v*2}, {__index = C3}) end
function C3:set(v) self.f1 = v self.n = (self.n or 0) + 1 return self end
function C3:each(g) for i = 1, 1 do g(i, self) end end
local objs, outs, fns = {}, {}, {}
local function pick(i) return i % 4 end
local made = {C0.new, C1.new, C2.new, C3.new}
local total = 0 objs[1] = made[1](0)
for i = 1, 50 do
  do objs[#objs + 1] = made[pick(i) + 1](i) end
  do local s = 0 objs[i % #objs + 1]:each(function(k, o) s = s + k if k == 3 and i % 5 == 0 then o.late = s end end) total = total + s end
  do local o = objs[i % #objs + 1] o:set(i) end
  do local o = objs[i % #objs + 1] o:set(i) end
end
print(total, #objs)
