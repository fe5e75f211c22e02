//! One folder, two readers: what each lists, finds and reads.

use std::io;

use serde_json::json;

use crate::client::Client;
use crate::client::Said;
use crate::screen::Screen;

/// Shows the same three questions asked by `support`, cleared for `internal`, and by `hr`.
///
/// # Errors
///
/// If a server stops answering.
pub async fn show(screen: &mut Screen, support: &Client, hr: &Client) -> io::Result<()> {
    screen.heading("1. What is listed is what may be read");
    let list = json!({ "path": "handbook", "depth": 4 });
    let to_support = ask(screen, "support", support, "list_directory", list.clone()).await?;
    let to_hr = ask(screen, "hr", hr, "list_directory", list).await?;
    screen.promise(
        !to_support.mentions("hr/") && !to_support.mentions("salaries"),
        "the folder hr/ does not exist for support",
    );
    screen.promise(
        to_hr.mentions("handbook/hr/salaries.csv"),
        "it exists for hr",
    );

    screen.heading("2. Searching tells no more than reading");
    let search = json!({ "pattern": "salary", "case": "insensitive" });
    let to_support = ask(screen, "support", support, "search_text", search.clone()).await?;
    let to_hr = ask(screen, "hr", hr, "search_text", search).await?;
    screen.promise(
        to_support.mentions("on-call.md") && !to_support.mentions("Asha"),
        "support finds the word where support may read, and nowhere else",
    );
    screen.promise(
        to_support.label == "internal" && to_hr.label == "confidential+personal",
        "each answer is labelled by what went into it, no higher and no lower",
    );

    screen.heading("3. Reading");
    let salaries = json!({ "path": "handbook/hr/salaries.csv" });
    let to_support = ask(screen, "support", support, "read_file", salaries.clone()).await?;
    let to_hr = ask(screen, "hr", hr, "read_file", salaries).await?;
    screen.promise(to_support.refused, "support may not read the salaries");
    screen.promise(
        to_hr.text.contains("71000"),
        "hr may, and gets them labelled confidential+personal",
    );
    let forecast = json!({ "path": "handbook/finance/forecast.md" });
    let said = ask(screen, "support", support, "read_file", forecast).await?;
    screen.promise(
        said.refused && !said.mentions("four percent"),
        "a name may be shown apart: support sees forecast.md in the list and cannot read it",
    );

    screen.heading("4. Forbidden and absent are the same bytes");
    screen.say("\nsupport reads a hidden file, no file beside it, and no file elsewhere:");
    let mut answers = Vec::new();
    for path in [
        "handbook/hr/salaries.csv",
        "handbook/hr/no-such.csv",
        "handbook/public/no-such.md",
    ] {
        let said = support.call("read_file", &json!({ "path": path })).await?;
        let bytes = said.whole.len();
        screen.quote(
            &format!("{path:<26}  {}  ({bytes} bytes in all)", said.text),
            1,
        );
        answers.push(said);
    }
    answers.dedup();
    screen.promise(
        answers.len() == 1,
        "support cannot tell a hidden file from no file",
    );
    let forbidden = support.resource("fs://handbook/hr/salaries.csv").await;
    let absent = support.resource("fs://handbook/hr/no-such.csv").await;
    screen.promise(
        forbidden.is_err() && forbidden == absent,
        "nor can it by resource address",
    );
    Ok(())
}

async fn ask(
    screen: &Screen,
    who: &str,
    client: &Client,
    tool: &'static str,
    arguments: serde_json::Value,
) -> io::Result<Said> {
    let what = format!("{tool} {arguments}");
    let said = client.call(tool, &arguments).await?;
    screen.asked(who, &what, &said.label);
    screen.quote(&said.text, 14);
    Ok(said)
}
