-- The Sun and its four giant planets, stepped symplectically: float arithmetic on the fields of a few long-lived objects.
local steps = tonumber(arg[1]) or 1000000

local sqrt, pi = math.sqrt, math.pi
local solar_mass = 4 * pi * pi
local days_per_year = 365.24

-- Position (au), velocity (au a day) and mass (suns); the values are the Solar System's of the Computer Language Benchmarks Game.
local function body(x, y, z, vx, vy, vz, mass)
  return {
    x = x, y = y, z = z,
    vx = vx * days_per_year, vy = vy * days_per_year, vz = vz * days_per_year,
    mass = mass * solar_mass,
  }
end

local bodies = {
  body(0, 0, 0, 0, 0, 0, 1),
  body(4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
    1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
  body(8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
    -2.76742510726411856e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
  body(1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
    2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
  body(1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
    2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
}

-- Gives the Sun the momentum that keeps the whole at rest.
local function rest()
  local px, py, pz = 0, 0, 0
  for _, b in ipairs(bodies) do
    px = px + b.vx * b.mass
    py = py + b.vy * b.mass
    pz = pz + b.vz * b.mass
  end
  local sun = bodies[1]
  sun.vx, sun.vy, sun.vz = -px / solar_mass, -py / solar_mass, -pz / solar_mass
end

local function energy()
  local e = 0
  for i, b in ipairs(bodies) do
    e = e + 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
    for j = i + 1, #bodies do
      local c = bodies[j]
      local dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
      e = e - b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

local function advance(dt)
  local count = #bodies
  for i = 1, count do
    local b = bodies[i]
    local bx, by, bz, bmass = b.x, b.y, b.z, b.mass
    local vx, vy, vz = b.vx, b.vy, b.vz
    for j = i + 1, count do
      local c = bodies[j]
      local dx, dy, dz = bx - c.x, by - c.y, bz - c.z
      local square = dx * dx + dy * dy + dz * dz
      local pull = dt / (square * sqrt(square))
      local mine, theirs = c.mass * pull, bmass * pull
      vx = vx - dx * mine
      vy = vy - dy * mine
      vz = vz - dz * mine
      c.vx = c.vx + dx * theirs
      c.vy = c.vy + dy * theirs
      c.vz = c.vz + dz * theirs
    end
    b.vx, b.vy, b.vz = vx, vy, vz
    b.x = bx + dt * vx
    b.y = by + dt * vy
    b.z = bz + dt * vz
  end
end

rest()
local before = energy()
for _ = 1, steps do
  advance(0.01)
end
print(string.format("%.9f %.9f", before, energy()))
