//! Text into HTML: the one place where it is made safe.

use std::fmt::{self, Display, Write};

/// Writes `text` so that it is text wherever it stands: between tags and in a quoted attribute.
pub(super) struct Escaped<T>(pub(super) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                // A carriage return would end a line of the stream of events.
                character if character.is_control() => self.0.write_char('\u{fffd}')?,
                character => self.0.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn nothing_gets_out_of_text_or_attribute() {
        let text = "a<script>\"'&\r\n\u{0}b";
        assert_eq!(
            Escaped(text).to_string(),
            "a&lt;script&gt;&quot;&#39;&amp;\u{fffd}\u{fffd}\u{fffd}b"
        );
        assert_eq!(Escaped(3).to_string(), "3");
    }
}
