-- An instruction bears the line of the last token read before it is emitted.
local a =
  b
  + c
f(
  1,
  g
)
local t = {
  x = a,
  y
  = b
}
for i =
  1,
  2
do
  a = i
end
return
  a.b
  .c
