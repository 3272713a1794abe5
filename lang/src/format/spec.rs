//! A conversion of `string.format`: `%`, flags, width, precision and the letter.
//!
//! ```text
//! %  [-+ #0]*  [1-9][0-9]?  (. [0-9]{0,2})?  letter
//!    flags     width        precision
//! ```
//!
//! Width and precision have at most two digits; a third digit stands where the letter is expected and is refused.
//! A flag may be repeated.

/// What stands between `%` and the letter.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `-`: the padding comes after the text.
    pub left: bool,
    /// `+`: a number that is not negative gets a `+`.
    pub plus: bool,
    /// ` `: a number that is not negative gets a space.
    pub space: bool,
    /// `#`: the alternate form (`0x`, a leading `0`, a point that always stands).
    pub alternate: bool,
    /// `0`: padded with zeros behind the sign.
    pub zero: bool,
    /// The least number of characters.
    pub width: usize,
    /// The digits after `.`; a lone `.` is 0.
    pub precision: Option<usize>,
}

/// One piece of a format string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text to take as it is. `%%` gives the text `%`.
    Text(&'a [u8]),
    /// A conversion with its letter.
    Conversion(Spec, u8),
    /// Not a conversion: the text from the `%` to where it went wrong.
    Invalid(&'a [u8]),
}

/// Letters that are conversions. `F` prints like `f`, and `i` like `d`.
const LETTERS: &[u8] = b"cdiouxXeEfFgGaAqsp";

/// The pieces of a format string.
///
/// ```
/// use moonwake_lang::format::spec::{Piece, Spec, pieces};
/// let all: Vec<_> = pieces(b"n = %5d").collect();
/// assert_eq!(all, [Piece::Text(b"n = "), Piece::Conversion(Spec { width: 5, ..Spec::default() }, b'd')]);
/// ```
pub fn pieces(format: &[u8]) -> Pieces<'_> {
    Pieces { rest: format }
}

/// Iterator over the pieces of a format string; see [`pieces`].
pub struct Pieces<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let percent = match self.rest.iter().position(|&c| c == b'%') {
            None if self.rest.is_empty() => return None,
            None => self.rest.len(),
            Some(at) => at,
        };
        if percent > 0 {
            let (text, rest) = self.rest.split_at(percent);
            self.rest = rest;
            return Some(Piece::Text(text));
        }
        if let [b'%', b'%', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(Piece::Text(b"%"));
        }
        let (spec, length) = parse(&self.rest[1..]);
        let letter = self.rest.get(1 + length).copied();
        let (conversion, rest) = self.rest.split_at((2 + length).min(self.rest.len()));
        self.rest = rest;
        match letter {
            Some(letter) if LETTERS.contains(&letter) => Some(Piece::Conversion(spec, letter)),
            // What comes after the mistake is not looked at.
            _ => {
                self.rest = &[];
                Some(Piece::Invalid(conversion))
            }
        }
    }
}

/// Reads flags, width and precision; gives them and their length.
fn parse(text: &[u8]) -> (Spec, usize) {
    let mut spec = Spec::default();
    let mut at = 0;
    while let Some(flag) = text.get(at) {
        match flag {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'#' => spec.alternate = true,
            b'0' => spec.zero = true,
            _ => break,
        }
        at += 1;
    }
    (spec.width, at) = two_digits(text, at);
    if text.get(at) == Some(&b'.') {
        let (precision, end) = two_digits(text, at + 1);
        spec.precision = Some(precision);
        at = end;
    }
    (spec, at)
}

/// Up to two decimal digits at `at`: their value and where they end.
fn two_digits(text: &[u8], at: usize) -> (usize, usize) {
    let tail = text.get(at..).unwrap_or_default();
    let digits = tail.iter().take(2).take_while(|c| c.is_ascii_digit());
    digits.fold((0, at), |(value, end), c| (value * 10 + usize::from(c - b'0'), end + 1))
}

impl Spec {
    /// Writes `text`, cut to the precision and padded to the width: `%s`.
    pub fn push_text(&self, out: &mut Vec<u8>, text: &[u8]) {
        let text = &text[..text.len().min(self.precision.unwrap_or(usize::MAX))];
        self.pad(out, text.len(), |out| out.extend_from_slice(text));
    }

    /// Writes a number's `prefix` (sign and base) and `digits`, padded to the width; with zeros between the two if
    /// `zeros`.
    pub(super) fn push_padded(&self, out: &mut Vec<u8>, prefix: &[u8], digits: &[u8], zeros: bool) {
        let length = prefix.len() + digits.len();
        if zeros && !self.left {
            out.extend_from_slice(prefix);
            out.extend(std::iter::repeat_n(b'0', self.width.saturating_sub(length)));
            out.extend_from_slice(digits);
        } else {
            self.pad(out, length, |out| {
                out.extend_from_slice(prefix);
                out.extend_from_slice(digits);
            });
        }
    }

    /// Pads a number that has been written from `start` on, its sign before `digits`.
    pub(super) fn pad_written(&self, out: &mut Vec<u8>, start: usize, digits: usize) {
        let missing = self.width.saturating_sub(out.len() - start);
        if missing > 0 {
            let (place, byte) = match self {
                Spec { left: true, .. } => (out.len(), b' '),
                Spec { zero: true, .. } => (digits, b'0'),
                _ => (start, b' '),
            };
            out.splice(place..place, std::iter::repeat_n(byte, missing));
        }
    }

    fn pad(&self, out: &mut Vec<u8>, length: usize, text: impl FnOnce(&mut Vec<u8>)) {
        let padding = std::iter::repeat_n(b' ', self.width.saturating_sub(length));
        if self.left {
            text(out);
            out.extend(padding);
        } else {
            out.extend(padding);
            text(out);
        }
    }

    /// The sign of a number.
    pub(super) fn sign(&self, negative: bool) -> &'static [u8] {
        match self {
            _ if negative => b"-",
            Spec { plus: true, .. } => b"+",
            Spec { space: true, .. } => b" ",
            _ => b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(format: &str, text: &str) -> String {
        let Some(Piece::Conversion(spec, b's')) = pieces(format.as_bytes()).next() else { panic!("{format}") };
        let mut out = Vec::new();
        spec.push_text(&mut out, text.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_cut_and_padded() {
        assert_eq!(text("%5.2s", "abc"), "   ab");
        assert_eq!(text("%-5s", "abc"), "abc  ");
        assert_eq!(text("%05s", "abc"), "  abc");
        assert_eq!(text("%.0s", "abc"), "");
        assert_eq!(text("%.s", "abc"), "");
        assert_eq!(text("%.20s", "abc"), "abc");
    }

    #[test]
    fn mistakes_are_reported_up_to_where_they_are() {
        for (format, reported) in [
            ("%", "%"),
            ("%5", "%5"),
            ("%y", "%y"),
            ("%.", "%."),
            ("%.123d", "%.123"),
            ("%123d", "%123"),
            ("%ld", "%l"),
            ("%1$d", "%1$"),
            ("%5%", "%5%"),
        ] {
            let all: Vec<_> = pieces(format.as_bytes()).collect();
            assert_eq!(all, [Piece::Invalid(reported.as_bytes())], "{format}");
        }
    }

    #[test]
    fn flags_may_be_repeated() {
        let Some(Piece::Conversion(spec, b'd')) = pieces(b"%-+ #00-12.34d").next() else { panic!() };
        let all =
            Spec { left: true, plus: true, space: true, alternate: true, zero: true, width: 12, precision: Some(34) };
        assert_eq!(spec, all);
    }

    #[test]
    fn percent_signs_and_text_alternate() {
        let all: Vec<_> = pieces(b"a%%%%b%d%").collect();
        assert_eq!(all.len(), 6);
        assert_eq!(all[1], Piece::Text(b"%"));
        assert_eq!(all[5], Piece::Invalid(b"%"));
    }
}
