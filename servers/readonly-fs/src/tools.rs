//! The tools as the model sees them.
//!
//! # Invariants
//!
//! - All definitions together take less than 5 kB, so that they cost a model little.
//! - Every path in an answer can be given back as an argument.
//! - Nothing in an answer, no count, total or cursor, depends on what the caller may not see.

mod find;
mod list;
pub(crate) mod page;
mod read;
pub(crate) mod roots;
mod search;
mod stat;

use guard::call::Call;
use guard::error::Denial;
use guard::schema::Arguments;
use guard::schema::Kind;
use guard::schema::Parameter;
use guard::server::Answer;
use guard::server::Outcome;
use guard::server::Tool;

use crate::scope::RelPath;
use crate::server::Inner;
use crate::server::ReadonlyFs;
use crate::server::Weight;

/// The tools, sorted by name.
pub(crate) const TOOLS: [Tool; 6] = [
    Tool {
        about: "Find files by name, size or time. Gives one path a line.",
        parameters: &[
            Parameter::new("globs", Kind::Texts(16, GLOB), "`*.md`, `src/**/*.rs`").required(),
            PATH,
            Parameter::new("type", Kind::Choice(&["file", "directory", "any"]), ""),
            Parameter::new("min_size", Kind::Whole(0, i64::MAX), ""),
            Parameter::new("max_size", Kind::Whole(0, i64::MAX), ""),
            Parameter::new("modified_since", Kind::Text(64), "RFC 3339"),
            HIDDEN,
            IGNORED,
            Parameter::new("limit", Kind::Whole(1, 1000), ""),
            CURSOR,
        ],
        output: PAGE,
        ..tool("find_files")
    },
    Tool {
        about: "List a directory, one path a line; directories end with `/`.",
        parameters: &[
            PATH.required(),
            Parameter::new("depth", Kind::Whole(1, 8), ""),
            Parameter::new("glob", Kind::Text(GLOB), ""),
            HIDDEN,
            IGNORED,
            Parameter::new("sort", Kind::Choice(&["name", "size", "modified"]), ""),
            Parameter::new("sizes", Kind::Flag, "add size and time"),
            Parameter::new("limit", Kind::Whole(1, 1000), ""),
            CURSOR,
        ],
        output: PAGE,
        ..tool("list_directory")
    },
    Tool {
        about: "List the roots, their labels, the limits and the sandbox.",
        parameters: &[],
        output: r#"{"type":"object"}"#,
        ..tool("list_roots")
    },
    Tool {
        about: "Read files: all, lines, last lines or bytes. Cut text ends with the call that goes on.",
        parameters: &[
            PATH,
            Parameter::new("paths", Kind::Texts(50, SPELLING), "instead of path"),
            Parameter::new("from_line", Kind::Whole(1, i64::MAX), ""),
            Parameter::new("to_line", Kind::Whole(1, i64::MAX), "inclusive"),
            Parameter::new("tail", Kind::Whole(1, 2000), "last lines"),
            Parameter::new("from_byte", Kind::Whole(0, i64::MAX), ""),
            Parameter::new("to_byte", Kind::Whole(0, i64::MAX), "exclusive"),
            Parameter::new("numbered", Kind::Flag, ""),
        ],
        output: FILES,
        ..tool("read_file")
    },
    Tool {
        about: "Search file contents by regex, grouped by file with line numbers.",
        parameters: &[
            Parameter::new("pattern", Kind::Text(1024), "").required(),
            Parameter::new("literal", Kind::Flag, ""),
            Parameter::new(
                "case",
                Kind::Choice(&["sensitive", "insensitive", "smart"]),
                "",
            ),
            PATH,
            Parameter::new("glob", Kind::Text(GLOB), ""),
            Parameter::new("context", Kind::Whole(0, 5), ""),
            Parameter::new("mode", Kind::Choice(&["lines", "files", "count"]), ""),
            HIDDEN,
            IGNORED,
            Parameter::new("limit", Kind::Whole(1, 200), ""),
            CURSOR,
        ],
        output: PAGE,
        ..tool("search_text")
    },
    Tool {
        about: "Type, size, time, lines, encoding and label of paths.",
        parameters: &[Parameter::new("paths", Kind::Texts(50, SPELLING), "").required()],
        output: FILES,
        ..tool("stat_files")
    },
];

const fn tool(name: &'static str) -> Tool {
    Tool {
        name,
        title: "",
        about: "",
        parameters: &[],
        output: "",
        permission: None,
        open_world: false,
        writes: false,
    }
}

const PATH: Parameter = Parameter::new("path", Kind::Text(SPELLING), "");
const HIDDEN: Parameter = Parameter::new("hidden", Kind::Flag, "dot files");
const IGNORED: Parameter = Parameter::new("ignored", Kind::Flag, "gitignored");
const CURSOR: Parameter = Parameter::new("cursor", Kind::Text(CURSOR_BYTES), "from `next`");
const FILES: &str = r#"{"type":"object","properties":{"files":{"type":"array"}}}"#;
const PAGE: &str =
    r#"{"type":"object","properties":{"truncated":{"type":"boolean"},"next":{"type":"string"}}}"#;
const GLOB: usize = 256;
/// The name of a root, a slash, and the longest spelling of a path.
const SPELLING: usize = 65 + RelPath::MAX_SPELLING;
/// A cursor holds one spelling, in JSON and base64.
const CURSOR_BYTES: usize = 65_536;

/// Answers a call of one of [`TOOLS`].
pub(crate) async fn call(
    server: &ReadonlyFs,
    call: Call,
    tool: &'static str,
    arguments: Arguments,
) -> Outcome<Answer> {
    // what waits for nothing needs no thread to wait on
    let at_once = match tool {
        "list_roots" => Some(roots::list(server.inner(), &call)),
        "read_file" => read::read_at_once(server.inner(), &call, &arguments),
        _ => None,
    };
    if let Some(done) = at_once {
        return done;
    }
    type Work = fn(&Inner, &Call, Arguments) -> Outcome<Answer>;
    let (weight, work): (Weight, Work) = match tool {
        "find_files" => (Weight::Long, find::find),
        "list_directory" => (Weight::Long, list::list),
        "read_file" => (Weight::Short, read::read),
        "search_text" => (Weight::Long, search::search),
        "stat_files" => (Weight::Short, stat::stat),
        _ => return Err(Denial::UnknownTool.into()),
    };
    let work = move |inner: &Inner, call: &Call| work(inner, call, arguments.clone());
    server.run(call, weight, work).await
}

#[cfg(test)]
mod tests;
