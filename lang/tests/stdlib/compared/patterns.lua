-- Patterns: special places, mistakes, zeros, and how deep they may be. LuaJIT's answers stand in `patterns.expected` (see `record.lua`).
local cases = {}

for _, pattern in ipairs {
  "", "^", "$", "^$", "^^a", "a$$", "a$b", "$a", "*", "+", "?", "-", "^*", "a**", "a*-", "b-c", "ab-", "(a?)", "()", "(())", "((a)(b))", "(", ")", "(a", "a)",
  "(()", "%", "a%", "[", "[a", "[]", "[^]", "[^", "[]]", "[^]]", "[a%", "[a-", "[%]", "[b-]", "[-b]", "[%a-z]", "[a-%%]", "[c-a]", "%1", "(a)%1", "(a)%2",
  "(a%1)", "%0", "%9", "(b)%1%1", "()%1", "%b", "%ba", "%bac", "%bxx", "%f", "%fa", "%f[", "%f[a", "%f[b]", "%f[^b]%w+", "%f[%z]", "%g+", "%y", "%Y", "%z", "%Z+",
  "\\0", "b\\0", "b\\0c", "[\\0]", "[b\\0]", "[^\\0]", "a.\\0[", "%\\0", "%b\\0a", "b$\\0", ".-(c)", "(.)(.)(.)", "[^%s]+$", "[%w_]*", "b?b?b?c", "^(.-)%s*$",
} do
  for _, subject in ipairs { "abbc", "aa$*+?-b\\0c ^%]" } do
    cases[#cases + 1] = ("string.find('%s', '%s')"):format(subject, pattern)
    cases[#cases + 1] = ("string.match('%s', '%s', 2)"):format(subject, pattern)
    cases[#cases + 1] = ("string.gsub('%s', '%s', '<%%0>')"):format(subject, pattern)
    cases[#cases + 1] = ("local t = {} for a, b in string.gmatch('%s', '%s') do t[#t + 1] = a t[#t + 1] = b end return t"):format(subject, pattern)
  end
end

for _, replacement in ipairs { "'%1'", "'%2'", "'%'", "'x%'", "'%a'", "'%%'", "'a\\0b'", "'%\\0'", "5", "5.5", "{b = 1}", "{b = false}", "{b = true}", "{b = {}}", "string.upper", "true",
  "function(x) return x .. x end", "function() return false end", "function() return {} end", "function() error('e') end", "io.stdout" } do
  cases[#cases + 1] = "string.gsub('abbc', 'b', " .. replacement .. ")"
  cases[#cases + 1] = "string.gsub('abbc', '()b', " .. replacement .. ", 1)"
end

for _, deep in ipairs { "a?", "b?", "a*", "b*", "a-", "[ab]?", ".?", "a", "%f[a]", "%w*" } do
  for _, count in ipairs { 31, 199, 200, 400 } do
    cases[#cases + 1] = ("#string.match(c, ('%s'):rep(%d))"):format(deep, count)
    cases[#cases + 1] = ("string.find(c, ('()'):rep(20) .. ('%s'):rep(%d)) ~= nil"):format(deep, count - 20)
  end
end
for _, case in ipairs {
  "string.find(c, ('(a)'):rep(31) .. ('a?'):rep(137)) ~= nil", "string.find(c, ('(a)'):rep(31) .. ('a?'):rep(138))",
  "string.find(c, '(' .. ('a?'):rep(197) .. ')') ~= nil", "string.find(c, '(' .. ('a?'):rep(198) .. ')')",
  "string.find(('ab'):rep(300), ('a+b'):rep(199)) ~= nil", "string.find(('ab'):rep(300), ('a+b'):rep(200))",
  "string.gsub(c, ('a?'):rep(200), '')", "string.gmatch(c, ('a?'):rep(200))()", "string.find(c, ('()'):rep(33))", "string.find(c, ('(a)'):rep(33))",
} do
  cases[#cases + 1] = case
end

return {
  cases = table.concat(cases, "\n"),
  prepare = function() return ("a"):rep(1000) end,
}
