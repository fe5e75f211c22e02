//! Reads text into the parser's tree, if it is small and flat enough for everything that walks it.
//!
//! # Invariants
//!
//! - The depth of the tree was bounded on the tokens, before the parser saw them, so that neither
//!   building nor dropping it can use up the stack.
//! - Comments are gone before the parser sees anything.

use guard::error::Denial;
use sqlparser::ast::Expr;
use sqlparser::ast::Query;
use sqlparser::dialect::Dialect as Grammar;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::dialect::SQLiteDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Location;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Tokenizer;
use sqlparser::tokenizer::Whitespace;

use crate::statement::Bounds;
use crate::statement::Dialect;
use crate::statement::nesting;
use crate::statement::place::Outcome;
use crate::statement::place::START;
use crate::statement::place::denied;

/// A statement as it was written.
pub(super) struct Read<T> {
    /// The tree.
    pub(super) tree: T,
    /// The highest number of a parameter.
    pub(super) parameters: usize,
}

/// Reads one query.
pub(super) fn query(sql: &str, dialect: Dialect, bounds: Bounds) -> Outcome<Read<Box<Query>>> {
    read(sql, dialect, bounds, |parser| {
        let first = parser.peek_token();
        let known = [Keyword::SELECT, Keyword::WITH, Keyword::VALUES];
        let word = matches!(&first.token, Token::Word(word) if known.contains(&word.keyword));
        if word || first.token == Token::LParen {
            parser.parse_query().map_err(Failed::Parse)
        } else {
            Err(Failed::Denied(denied(ONLY_SELECT, first.span.start)))
        }
    })
}

/// Reads one expression.
pub(super) fn expression(text: &str, dialect: Dialect, bounds: Bounds) -> Outcome<Read<Expr>> {
    read(text, dialect, bounds, |parser| {
        parser.parse_expr().map_err(Failed::Parse)
    })
}

enum Failed {
    Denied(Denial),
    Parse(ParserError),
}

fn read<T: Send>(
    text: &str,
    dialect: Dialect,
    bounds: Bounds,
    parse: impl Fn(&mut Parser<'_>) -> Result<T, Failed> + Sync,
) -> Outcome<Read<T>> {
    if text.len() > bounds.bytes {
        return Err(denied("the statement is too long", START));
    }
    let found = tokens(text, dialect)?;
    let steps = nesting::steps(&found, bounds.depth)?;
    let parameters = parameters(&found)?;
    let tree = if steps <= USUAL {
        attempt(found, dialect, USUAL + SPARE, &parse)
    } else {
        with_room(|| attempt(found, dialect, DEEPEST, &parse))
    };
    match tree {
        Ok(tree) => Ok(Read { tree, parameters }),
        Err(Failed::Denied(denial)) => Err(denial),
        Err(Failed::Parse(error)) => Err(unreadable(&error)),
    }
}

/// The parser takes much stack for each step. Most statements need few, and are read where they
/// are; the others are read where there is room.
fn with_room<T: Send>(read: impl FnOnce() -> Result<T, Failed> + Send) -> Result<T, Failed> {
    std::thread::scope(|scope| {
        let room = std::thread::Builder::new().stack_size(ROOM);
        let Ok(reader) = room.spawn_scoped(scope, read) else {
            return Err(Failed::Parse(ParserError::RecursionLimitExceeded));
        };
        match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn attempt<T>(
    tokens: Vec<TokenWithSpan>,
    dialect: Dialect,
    limit: usize,
    parse: &impl Fn(&mut Parser<'_>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let mut parser = Parser::new(grammar(dialect))
        .with_recursion_limit(limit)
        .with_tokens_with_locations(tokens);
    let tree = parse(&mut parser)?;
    let mut ended = false;
    while parser.consume_token(&Token::SemiColon) {
        ended = true;
    }
    let next = parser.peek_token();
    if next.token == Token::EOF {
        return Ok(tree);
    }
    let reason = if ended { ONE_STATEMENT } else { NOT_UNDERSTOOD };
    Err(Failed::Denied(denied(reason, next.span.start)))
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    }
}

fn tokens(text: &str, dialect: Dialect) -> Outcome<Vec<TokenWithSpan>> {
    let tokens = Tokenizer::new(grammar(dialect), text).tokenize_with_location();
    let mut tokens = tokens.map_err(|error| denied(UNENDED, error.location))?;
    tokens.iter_mut().for_each(without_comment);
    Ok(tokens)
}

fn without_comment(token: &mut TokenWithSpan) {
    if let Token::Whitespace(space) = &mut token.token {
        match space {
            Whitespace::Space | Whitespace::Newline | Whitespace::Tab => {}
            Whitespace::SingleLineComment { .. } => *space = Whitespace::Newline,
            Whitespace::MultiLineComment(_) => *space = Whitespace::Space,
        }
    }
}

/// The highest number of a parameter; there is none without those below it.
fn parameters(tokens: &[TokenWithSpan]) -> Outcome<usize> {
    let mut seen = [false; MOST_PARAMETERS];
    let mut highest = 0;
    let mut place = START;
    for TokenWithSpan { token, span } in tokens {
        if let Token::Placeholder(text) = token
            && let Some(number) = parameter(text)
        {
            let Some(seen) = seen.get_mut(number) else {
                return Err(denied("too many parameters", span.start));
            };
            *seen = true;
            if number >= highest {
                highest = number + 1;
                place = span.start;
            }
        }
    }
    if seen.iter().take(highest).all(|seen| *seen) {
        Ok(highest)
    } else {
        Err(denied(
            "parameters are $1, $2 and so on, without gaps",
            place,
        ))
    }
}

/// The place, counted from zero, that `$1`, `?1` and so on mean.
pub(super) fn parameter(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['$', '?'])?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<usize>().ok()?.checked_sub(1)
}

/// Of the parser's message only the numbers at its end are used.
fn unreadable(error: &ParserError) -> Denial {
    match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            denied(NOT_UNDERSTOOD, place(message).unwrap_or(START))
        }
        ParserError::RecursionLimitExceeded => denied(TOO_DEEP, START),
    }
}

fn place(message: &str) -> Option<Location> {
    let (_, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location {
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

/// Said of everything that nests too deep.
pub(super) const TOO_DEEP: &str = "this nests too deep";
const ONLY_SELECT: &str = "only SELECT, VALUES and WITH are understood";
const ONE_STATEMENT: &str = "one statement at a time";
const NOT_UNDERSTOOD: &str = "this is not understood here";
const UNENDED: &str = "a string, name or comment does not end, or a character has no place here";
/// Steps that the parser can take in the smallest stack there is, 2 MiB, in a build that was not
/// optimized, and leave half of it.
const USUAL: usize = 14;
/// Steps on top of what was told from the tokens.
const SPARE: usize = 4;
/// More steps than any statement needs that is shallow enough to be printed.
const DEEPEST: usize = 300;
/// Stack for [`DEEPEST`], twice over: a step takes up to 82 kB in a build that was not optimized.
const ROOM: usize = 48 << 20;
const MOST_PARAMETERS: usize = 1000;
