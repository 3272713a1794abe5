-- `select` of a place that changes, in loops over `...`.
local function sum(...) local s=0 for i=1,select('#',...) do local v = select(i,...) s=s+(type(v)=="number" and v or #tostring(v)) end return s end
local t=0
for i=1,300 do t=t+sum(i,2,"x",4,nil,true)+sum(1)+sum()+sum(i,i)+sum("abc",i) end
print(t)
local function pick(n,...) return (select(n,...)) end
local r={} for i=1,300 do r[#r+1]=tostring(pick(i%3+1,i,"b",nil)) end print(table.concat(r," "):sub(1,200))
print(pcall(pick,0,1)) print(pcall(pick,-3,1,2)) print(pick(-1,1,2)) print(pick(3,1,2))
local function last(...) local out={} for i=select('#',...),1,-1 do out[#out+1]=select(i,...) end return #out end
local n=0 for i=1,200 do n=n+last(1,2,3,i) end print(n)
local function neg(...) local s=0 for i=-select('#',...),-1 do s=s+(select(i,...)) end return s end
local n=0 for i=1,200 do n=n+neg(1,2,3,i) end print(n)
