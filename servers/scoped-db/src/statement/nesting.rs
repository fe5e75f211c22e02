//! How deep a tree the parser would make, told from the tokens.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;

use crate::statement::parse::TOO_DEEP;
use crate::statement::place::Outcome;
use crate::statement::place::denied;

/// One pair of parentheses.
#[derive(Default)]
struct Level {
    /// Tokens since the last comma: a chain of operators leans to the left, and each is a level of
    /// the tree.
    run: usize,
    /// The deepest of the parentheses since the last comma.
    inner: usize,
    /// The deepest of the runs before.
    before: usize,
    /// Operators since the last comma; the parser goes a step in for one that binds closer.
    operators: usize,
    /// What the parser goes a step in for each time.
    prefixes: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.before.max(self.run + self.inner)
    }

    fn steps(&self) -> usize {
        3 + self.operators.min(BINDINGS) + self.prefixes
    }
}

/// Refuses what would make a deep tree, and tells how many steps into itself the parser needs, or
/// a few more.
pub(super) fn steps(tokens: &[TokenWithSpan], depth: usize) -> Outcome<usize> {
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    let (mut around, mut most) = (0, 0);
    let mut after_operand = false;
    for TokenWithSpan { token, span } in tokens {
        let kind = kind(token);
        match kind {
            Kind::Nothing => continue,
            Kind::Opening => {
                if outer.len() >= depth {
                    return Err(denied(TOO_DEEP, span.start));
                }
                level.run += 1;
                around += level.steps();
                outer.push(std::mem::take(&mut level));
            }
            Kind::Closing => {
                let depth = level.depth();
                level = outer.pop().unwrap_or_default();
                around = around.saturating_sub(level.steps());
                level.inner = level.inner.max(depth);
            }
            Kind::Comma => {
                level = Level {
                    before: level.depth(),
                    ..Level::default()
                };
            }
            Kind::Prefix => level.prefixes += 1,
            Kind::Operator if after_operand => level.operators += 1,
            Kind::Operator => level.prefixes += 1,
            Kind::Operand => {}
        }
        after_operand = matches!(kind, Kind::Operand | Kind::Closing);
        level.run += 1;
        most = most.max(around + level.steps());
        if level.depth() > LONGEST_CHAIN {
            return Err(denied(TOO_DEEP, span.start));
        }
    }
    Ok(most)
}

/// What a token means for the depth.
#[derive(Clone, Copy)]
enum Kind {
    Nothing,
    Opening,
    Closing,
    Comma,
    Prefix,
    Operator,
    Operand,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others are operators")]
fn kind(token: &Token) -> Kind {
    match token {
        Token::Whitespace(_) | Token::EOF => Kind::Nothing,
        Token::LParen | Token::LBracket | Token::LBrace => Kind::Opening,
        Token::RParen | Token::RBracket | Token::RBrace => Kind::Closing,
        Token::Comma | Token::SemiColon => Kind::Comma,
        Token::Period
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Placeholder(_) => Kind::Operand,
        Token::Word(word) => match word.keyword {
            Keyword::NOT
            | Keyword::CASE
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
            | Keyword::INTERVAL
            | Keyword::EXISTS
            | Keyword::BETWEEN => Kind::Prefix,
            Keyword::AND
            | Keyword::OR
            | Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::AT
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT => Kind::Operator,
            _ => Kind::Operand,
        },
        _ => Kind::Operator,
    }
}

/// How many strengths of binding there are.
const BINDINGS: usize = 14;
/// Levels of the tree, each of which takes stack when it is dropped.
const LONGEST_CHAIN: usize = 2000;
