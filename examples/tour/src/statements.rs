//! Statements that mean harm, and what came back.

use std::io;

use serde_json::Value;
use serde_json::json;

use crate::client::Client;
use crate::crm::Crm;
use crate::crm::SECRET;
use crate::screen::Screen;
use crate::shown;

/// Tries them all as `support`.
///
/// # Errors
///
/// If the server stops answering.
pub async fn show(screen: &mut Screen, crm: &Crm, support: &Client) -> io::Result<()> {
    screen.heading("12. No statement leads out");
    screen.say("\nWhat support is not to see: notes, salaries, logins, and tickets of others.");
    let count = json!({ "sql": "SELECT count(*) FROM customers" });
    let before = support.call("query_rows", &count).await?;
    for (how, sql) in ATTACKS {
        let said = support.call("query_rows", &json!({ "sql": sql })).await?;
        let rows = shown::count(&said.structured);
        let outcome = if said.refused {
            let message = said.structured.get("message").and_then(Value::as_str);
            message.unwrap_or(&said.text).to_owned()
        } else {
            let first = said.structured.pointer("/rows/0/0").map(shown::text);
            format!("{rows} rows, the first: {}", first.unwrap_or_default())
        };
        screen.quote(sql, 1);
        let kept = !HIDDEN.iter().any(|word| said.mentions(word));
        screen.promise(kept, &format!("{how}: {outcome}"));
    }

    screen.say("\nGuesses: a statement that is answered must not tell whether the guess is right.");
    for (how, right, wrong) in GUESSES {
        let mut answers = Vec::new();
        for sql in [right, wrong] {
            let said = support.call("query_rows", &json!({ "sql": sql })).await?;
            answers.push((said.refused, said.text));
        }
        screen.quote(right, 1);
        answers.dedup();
        screen.promise(
            answers.len() == 1,
            &format!("{how}: the same answer as to a wrong guess"),
        );
    }

    let after = support.call("query_rows", &count).await?;
    screen.promise(
        !before.refused && before.text == after.text,
        "all tables are still there, and the server answers as before",
    );
    if let Some(ran) = crm.as_owner()? {
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        screen.say("\nThe server is told to connect as the owner of the tables:");
        screen.quote(&said, 1);
        screen.promise(
            !ran.status.success(),
            "it refuses a role that may do more than the configuration says",
        );
    }
    Ok(())
}

const ATTACKS: [(&str, &str); 12] = [
    (
        "a second statement",
        "SELECT 1; COMMIT; DROP SCHEMA public CASCADE;",
    ),
    ("a change", "DELETE FROM tickets"),
    ("a hidden column", "SELECT notes FROM customers"),
    (
        "a hidden column in ORDER BY",
        "SELECT name FROM customers ORDER BY notes",
    ),
    ("a whole row", "SELECT c FROM customers c"),
    (
        "a whole row as JSON",
        "SELECT row_to_json(c) FROM customers c",
    ),
    ("a hidden table", "SELECT name, salary FROM staff"),
    (
        "another table behind UNION",
        "SELECT name FROM customers UNION SELECT secret FROM portal_logins",
    ),
    (
        "the rows of another agent",
        "SELECT subject FROM tickets WHERE agent = 'field-desk' OR 1 = 1",
    ),
    ("a file of the server", "SELECT pg_read_file('/etc/passwd')"),
    (
        "the catalog of PostgreSQL",
        "SELECT rolname, rolpassword FROM pg_catalog.pg_authid",
    ),
    ("the catalog of SQLite", "SELECT sql FROM sqlite_schema"),
];

/// A right guess and a wrong one, of the same length.
const GUESSES: [(&str, &str, &str); 3] = [
    (
        "a masked value in WHERE",
        "SELECT count(*) FROM customers WHERE email = 'aoi@hillcrest.example'",
        "SELECT count(*) FROM customers WHERE email = 'ami@hillcrest.example'",
    ),
    (
        "a hidden column in a natural join",
        "SELECT count(*) FROM customers NATURAL JOIN (SELECT 'Lost her job in May.' AS notes) g",
        "SELECT count(*) FROM customers NATURAL JOIN (SELECT 'Lost her cat in May.' AS notes) g",
    ),
    (
        "a hidden table and one that is not there",
        "SELECT * FROM staff",
        "SELECT * FROM stuff",
    ),
];

/// What must not be in any answer to support.
const HIDDEN: [&str; 7] = [
    "divorce",
    "refused a loan",
    "71000",
    "door code",
    "CREATE TABLE",
    "root:",
    SECRET,
];
