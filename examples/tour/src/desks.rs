//! One database, two readers: what each is told of it, and what one statement gives to each.

use std::io;

use serde_json::Value;
use serde_json::json;

use crate::client::Client;
use crate::client::Said;
use crate::screen::Screen;
use crate::shown;

/// Shows what `support`, cleared for `internal`, and `auditor`, cleared for all, are told.
///
/// # Errors
///
/// If a server stops answering.
pub async fn show(screen: &mut Screen, support: &Client, auditor: &Client) -> io::Result<()> {
    screen.heading("9. The tables and columns that exist");
    let nothing = json!({});
    let to_support = ask(screen, SUPPORT, support, "list_tables", &nothing).await?;
    let to_auditor = ask(screen, AUDITOR, auditor, "list_tables", &nothing).await?;
    screen.promise(
        !to_support.mentions("staff") && to_auditor.mentions("staff"),
        "the table staff does not exist for support, and exists for the auditor",
    );
    screen.promise(
        !to_support.mentions("portal_logins") && !to_auditor.mentions("portal_logins"),
        "a table that the configuration does not name exists for nobody",
    );
    let customers = json!({ "table": "customers" });
    let to_support = ask(screen, SUPPORT, support, "describe_table", &customers).await?;
    let to_auditor = ask(screen, AUDITOR, auditor, "describe_table", &customers).await?;
    screen.promise(
        !to_support.mentions("notes") && to_auditor.mentions("notes"),
        "nor does the column notes exist for support",
    );

    screen.heading("10. One statement, two answers");
    let people = json!({
        "sql": "SELECT name, email, phone, born FROM customers ORDER BY name",
    });
    let to_support = ask(screen, SUPPORT, support, "query_rows", &people).await?;
    let to_auditor = ask(screen, AUDITOR, auditor, "query_rows", &people).await?;
    let masked = ["orchard.example", "1842", "1984"];
    let hidden = ["mira.castell", "+49 30", "1984-03"];
    screen.promise(
        masked.iter().all(|part| to_support.mentions(part))
            && !hidden.iter().any(|part| to_support.mentions(part)),
        "support gets domains, last digits and years, and no more of them",
    );
    screen.promise(
        hidden.iter().all(|part| to_auditor.mentions(part)),
        "the auditor gets the values",
    );
    screen.promise(
        to_support.label == "internal" && to_auditor.label == "confidential+personal",
        "each answer is labelled by the columns that the statement touched",
    );

    screen.heading("11. Rows of others");
    let tickets = json!({ "sql": "SELECT id, agent, subject FROM tickets ORDER BY id" });
    let to_support = ask(screen, SUPPORT, support, "query_rows", &tickets).await?;
    let to_auditor = ask(screen, AUDITOR, auditor, "query_rows", &tickets).await?;
    screen.promise(
        shown::count(&to_support.structured) == 2 && !to_support.mentions("field-desk"),
        "an agent sees their own tickets",
    );
    screen.promise(
        shown::count(&to_auditor.structured) == 4,
        "whoever has the role audit sees all of them",
    );
    Ok(())
}

async fn ask(
    screen: &Screen,
    who: &str,
    client: &Client,
    tool: &'static str,
    arguments: &Value,
) -> io::Result<Said> {
    let what = arguments.get("sql").or_else(|| arguments.get("table"));
    let what = what.and_then(Value::as_str).unwrap_or_default();
    let said = client.call(tool, arguments).await?;
    screen.asked(who, format!("{tool} {what}").trim_end(), &said.label);
    let shown = match tool {
        _ if said.refused => said.text.clone(),
        "list_tables" => shown::tables(&said.structured),
        "describe_table" => shown::columns(&said.structured),
        _ => shown::rows(&said.structured),
    };
    screen.quote(&shown, 10);
    Ok(said)
}

const SUPPORT: &str = "support";
const AUDITOR: &str = "auditor";
