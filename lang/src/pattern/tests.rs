//! What patterns match, and their mistakes. The expected values are LuaJIT's.

use super::{Anchor, Capture, Matcher, Pattern, PatternError};

/// Where the first match is, from 1 on as Lua counts, and its captures.
fn find(subject: &str, pattern: &str) -> Result<Option<(usize, usize, Vec<String>)>, PatternError> {
    let pattern = Pattern::compile(pattern.as_bytes(), Anchor::Special);
    let mut matcher = Matcher::new(&pattern, subject.as_bytes());
    let Some((start, end)) = matcher.find(0)? else { return Ok(None) };
    let captures = (0..matcher.capture_count()).map(|i| {
        Ok(match matcher.capture(i)? {
            Capture::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            Capture::Position(at) => (at + 1).to_string(),
        })
    });
    Ok(Some((start + 1, end, captures.collect::<Result<_, _>>()?)))
}

#[track_caller]
fn finds(subject: &str, pattern: &str, start: usize, end: usize, captures: &[&str]) {
    let captures = captures.iter().map(|s| s.to_string()).collect();
    assert_eq!(find(subject, pattern), Ok(Some((start, end, captures))), "{pattern} in {subject}");
}

#[track_caller]
fn misses(subject: &str, pattern: &str) {
    assert_eq!(find(subject, pattern), Ok(None), "{pattern} in {subject}");
}

#[track_caller]
fn fails(subject: &str, pattern: &str, error: PatternError) {
    assert_eq!(find(subject, pattern), Err(error), "{pattern} in {subject}");
}

#[test]
fn characters_and_classes() {
    finds("a.c", "%.", 2, 2, &[]);
    finds("aXb", "%u", 2, 2, &[]);
    finds("a\0b", "%z", 2, 2, &[]);
    misses("\0", "%Z");
    misses(" ", "%g");
    finds("-", "[%a-z]", 1, 1, &[]);
    finds("z", "[a-%z]", 1, 1, &[]);
    misses("b", "[a-%z]");
    finds("-", "[a-]", 1, 1, &[]);
    finds("x]", "x[]]", 1, 2, &[]);
    finds("^", "[%^]", 1, 1, &[]);
    finds("ab]", "[^]a]", 2, 2, &[]);
    finds("a^", "[a^]+$", 1, 2, &[]);
    finds("x", "%x-x", 1, 1, &[]);
}

#[test]
fn repetition() {
    finds("aaab", "a*b", 1, 4, &[]);
    finds("aaab", "a-b", 1, 4, &[]);
    finds("aaa", "a-", 1, 0, &[]);
    finds("aaa", "a+a", 1, 3, &[]);
    finds("aaa", "a*a*a*a", 1, 3, &[]);
    finds("ab", "a?ab", 1, 2, &[]);
    finds("b", "a?b", 1, 1, &[]);
    misses("aaa", "a+b");
    finds("a = b = c", "(.-)=(.*)", 1, 9, &["a ", " b = c"]);
    finds("  x=5", "%s*(%w+)=(%d+)", 1, 5, &["x", "5"]);
}

#[test]
fn anchors() {
    misses("ab", "^b");
    finds("a$b", "a$b", 1, 3, &[]);
    finds("$", "$", 2, 1, &[]);
    misses("a", "a$$");
    finds("ab", "b$", 2, 2, &[]);
    let literal = Pattern::compile(b"^a", Anchor::Literal);
    assert_eq!(Matcher::new(&literal, b"a^a").find(0), Ok(Some((1, 3))));
}

#[test]
fn captures_and_references() {
    finds("abc", "((a)(b))", 1, 2, &["ab", "a", "b"]);
    finds("abc", "()b()", 2, 2, &["2", "3"]);
    finds("say \"hi\" x", "([\"'])(.-)%1", 5, 8, &["\"", "hi"]);
    misses("aa", "()%1");
    fails("x", "(x", PatternError::UnfinishedCapture);
    fails("x", "%1", PatternError::InvalidCaptureIndex);
    fails("x", "(%1)", PatternError::InvalidCaptureIndex);
    fails("x", "%0", PatternError::InvalidCaptureIndex);
}

#[test]
fn balance_and_frontier() {
    finds("f(a(b)c)d)", "%b()", 2, 8, &[]);
    misses("((a)", "^%b()$");
    finds("''", "%b''", 1, 2, &[]);
    finds("THE (quick) fox", "%f[%a]%a+%f[%A]", 1, 3, &[]);
    finds("x", "%f[%z]", 2, 1, &[]);
}

#[test]
fn mistakes() {
    fails("x", "x[", PatternError::MissingBracket);
    fails("x", "x[]", PatternError::MissingBracket);
    fails("x", "[^]", PatternError::MissingBracket);
    fails("x", "[%", PatternError::MissingBracket);
    fails("x", "[a-", PatternError::MissingBracket);
    fails("x", "%f[", PatternError::MissingBracket);
    fails("x", "x%", PatternError::EndsWithPercent);
    fails("x", "x%bx", PatternError::Unbalanced);
    fails("x", "%fx", PatternError::MissingFrontierSet);
    fails("x", "(x))", PatternError::InvalidCapture);
    fails("x", &"()".repeat(33), PatternError::TooManyCaptures);
    assert!(find("x", &"()".repeat(32)).is_ok());
}

#[test]
fn mistakes_that_are_not_reached_do_not_matter() {
    misses("x", "y[");
    misses("x", "y%");
    misses("x", &("y".to_owned() + &"()".repeat(33)));
}

#[test]
fn long_subjects_and_patterns_need_no_native_stack() {
    let subject = "a".repeat(300_000);
    finds(&subject, "^a*.?$", 1, 300_000, &[]);
    finds(&subject, ".-$", 1, 300_000, &[]);
    finds(&subject, &"b?".repeat(100_000), 1, 0, &[]);
    misses("aaaaaaaaaaaaaaaaaaaa", &("a?".repeat(20) + "b"));
}

#[test]
fn deep_patterns_are_too_complex() {
    let subject = "a".repeat(1000);
    for repeated in ["a?", "a*", "b*", "a-", "[ab]?"] {
        assert!(find(&subject, &repeated.repeat(199)).is_ok(), "{repeated}");
        fails(&subject, &repeated.repeat(200), PatternError::TooComplex);
    }
    fails(&"ab".repeat(300), &"a+b".repeat(200), PatternError::TooComplex);
    // Parentheses count, what does not repeat does not, and a repetition that takes nothing is left behind.
    fails(&subject, &("()".repeat(31) + &"a?".repeat(169)), PatternError::TooComplex);
    fails(&subject, &("(a)".repeat(31) + &"a?".repeat(138)), PatternError::TooComplex);
    assert!(find(&subject, &("(a)".repeat(31) + &"a?".repeat(137))).is_ok());
    assert!(find(&subject, &("%f[a]".repeat(300) + "a")).is_ok());
    assert!(find(&subject, &("b?".repeat(300) + &"a?".repeat(199))).is_ok());
    misses("aaa", &("a?".repeat(150) + "c"));
}

#[test]
fn a_pattern_ends_at_a_zero() {
    finds("a\0b", "a\0%w", 1, 1, &[]);
    finds("aa", "a$\0", 2, 2, &[]);
    fails("a\0b", "[a\0]", PatternError::MissingBracket);
    fails("x", "%\0", PatternError::EndsWithPercent);
}
