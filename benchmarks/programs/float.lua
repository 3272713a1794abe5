-- Points as objects: sin, cos and sqrt, fields read and written through methods, one short-lived object a point.
local rounds = tonumber(arg[1]) or 12
local count = 100000

local sin, cos, sqrt = math.sin, math.cos, math.sqrt

local Point = {}
Point.__index = Point

function Point.new(i)
  local x = sin(i)
  return setmetatable({ x = x, y = cos(i) * 3, z = x * x / 2 }, Point)
end

function Point:normalize()
  local length = sqrt(self.x * self.x + self.y * self.y + self.z * self.z)
  self.x = self.x / length
  self.y = self.y / length
  self.z = self.z / length
end

-- Widens this point to the corner of the box that holds both.
function Point:cover(other)
  if other.x > self.x then self.x = other.x end
  if other.y > self.y then self.y = other.y end
  if other.z > self.z then self.z = other.z end
  return self
end

local function corner()
  local points = {}
  for i = 1, count do
    points[i] = Point.new(i)
  end
  for i = 1, count do
    points[i]:normalize()
  end
  local best = points[1]
  for i = 2, count do
    best = best:cover(points[i])
  end
  return best
end

local best
for _ = 1, rounds do
  best = corner()
end
print(string.format("%.9f %.9f %.9f", best.x, best.y, best.z))
