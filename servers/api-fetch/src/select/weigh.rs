//! What a JSON text would be if it were parsed, found in one pass without memory.

/// What a JSON text is like.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Measure {
    /// The deepest nesting.
    pub depth: usize,
    /// Roughly the bytes that it takes once it is parsed.
    pub weight: usize,
}

/// Measures `text`. What is no JSON gets some measure, too; the parser refuses it later.
#[must_use]
pub fn measure(text: &[u8]) -> Measure {
    let mut measure = Measure {
        depth: 0,
        weight: text.len(),
    };
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                quoted = true;
                measure.weight += TEXT;
            }
            b'{' | b'[' => {
                depth += 1;
                measure.depth = measure.depth.max(depth);
                measure.weight += if *byte == b'{' { OBJECT } else { VALUE };
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => measure.weight += VALUE,
            _ => {}
        }
    }
    measure
}

/// A node of a tree with room for eleven members.
const OBJECT: usize = 640;
/// One place in a list that grew by doubling.
const VALUE: usize = 64;
/// What the allocator takes for a text beside its bytes.
const TEXT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        assert_eq!(measure(br#"{"a":[{"b":"[[[[\"[["}]}"#).depth, 3);
        assert_eq!(measure("[".repeat(1000).as_bytes()).depth, 1000);
        assert_eq!(measure(b"1").depth, 0);
    }

    #[test]
    fn many_small_things_weigh_more_than_one_large_text() {
        let small = "{\"a\":0},".repeat(1000);
        let large = format!("\"{}\"", "x".repeat(small.len()));
        assert!(measure(small.as_bytes()).weight > 20 * measure(large.as_bytes()).weight);
    }

    proptest! {
        #[test]
        fn what_is_shallow_here_is_read_by_the_parser(text in "[\\[\\]{}\":,a1\\\\]{0,40}") {
            // our count is never below the parser's own
            let deep = "[".repeat(200) + &text;
            prop_assert!(measure(deep.as_bytes()).depth >= 200);
            let _bounded = measure(text.as_bytes());
        }
    }
}
