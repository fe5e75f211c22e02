//! A permission for an hour: what is there before it, while it holds, and after.

use std::io;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use crate::api;
use crate::api::Api;
use crate::api::SUBJECT;
use crate::client::Said;
use crate::client::Talk;
use crate::screen::Screen;

/// The tool that needs the permission.
pub const TOOL: &str = "fetch-customer-data";

/// Shows that there is no such tool without the permission.
///
/// # Errors
///
/// If the server stops answering.
pub async fn before(screen: &mut Screen, api: &Api, talk: &mut Talk) -> io::Result<()> {
    screen.heading("14. Without the permission there is no such tool");
    let tools = listed(screen, talk).await?;
    let customer = json!({ "id": "AB1002" });
    let mut answers = Vec::new();
    for tool in [TOOL, "no-such-tool"] {
        let said = talk.ask(tool, &customer).await;
        screen.asked(SUBJECT, &format!("{tool} {customer}"), label(&said));
        screen.quote(&told(&said), 1);
        answers.push(said);
    }
    answers.dedup();
    screen.promise(
        !tools.iter().any(|tool| tool == TOOL) && answers.len() == 1,
        "a tool that may not be called is not listed, and called by its name it is not there",
    );
    screen.promise(api.received()?.is_empty(), "nothing left for the API");
    Ok(())
}

/// Grants the permission for an hour, to the session that runs.
///
/// # Errors
///
/// As [`before`].
pub async fn begins(screen: &mut Screen, api: &Api, talk: &mut Talk) -> io::Result<()> {
    screen.heading("15. Granted for an hour");
    screen.say("\nThe operator adds to the policy, and lets the running server read it again:\n");
    let now = api::now();
    let granted = api.grant(now + TimeDelta::hours(1))?;
    screen.quote(&granted, 5);
    api.reload(talk.client()).await?;

    let mut verdicts = Vec::new();
    for (when, at) in [
        ("now", now),
        ("in 61 minutes", now + TimeDelta::minutes(61)),
    ] {
        let explained = api.explain(TOOL, at)?;
        screen.say(&format!("\nexplain {SUBJECT} {TOOL}, {when}:"));
        let mut lines = explained.lines();
        let verdict = lines.next().unwrap_or_default().to_owned();
        screen.quote(&verdict, 1);
        let permissions = lines.find(|line| line.trim_start().starts_with("permissions"));
        screen.quote(permissions.unwrap_or_default(), 1);
        verdicts.push(verdict);
    }
    screen.promise(
        matches!(verdicts.as_slice(), [now, later]
            if now.starts_with("allowed") && later.starts_with("denied")),
        "what a grant will do, and when it will be over, can be asked beforehand",
    );
    let tools = listed(screen, talk).await?;
    screen.promise(
        tools.iter().any(|tool| tool == TOOL),
        "the same session has the tool now",
    );
    Ok(())
}

/// Lets the grant end, and calls before and after that instant.
///
/// # Errors
///
/// As [`before`].
pub async fn ends(screen: &mut Screen, api: &Api, talk: &mut Talk) -> io::Result<()> {
    screen.heading("18. The grant ends");
    let customer = json!({ "id": "AB1002" });
    let mut last = None;
    // a busy machine may need more than the first of them to read the policy and to call
    for seconds in [2, 8, 32] {
        // the policy counts in whole seconds, and a part of one is cut off
        let until = api::now() + TimeDelta::seconds(seconds);
        api.grant(until)?;
        api.reload(talk.client()).await?;
        let said = talk.ask(TOOL, &customer).await;
        if api::now() < until - TimeDelta::seconds(1) {
            last = Some((until, said));
            break;
        }
    }
    let (until, said) = last.ok_or_else(|| io::Error::other("the grant ended too early"))?;
    screen.say("\nThe operator moves the end of the grant to a moment from now. Before it:");
    screen.asked(SUBJECT, &format!("{TOOL} {customer}"), label(&said));
    screen.quote(&told(&said), 1);
    let held = said.is_ok_and(|said| !said.refused);
    let left = (until - api::now()).to_std().unwrap_or(Duration::ZERO);
    tokio::time::sleep(left).await;

    let received = api.received()?.len();
    let (after, absent) = (
        talk.ask(TOOL, &customer).await,
        talk.ask("no-such-tool", &customer).await,
    );
    screen.say("\nAnd after it, with nothing restarted or read again:");
    screen.asked(SUBJECT, &format!("{TOOL} {customer}"), label(&after));
    screen.quote(&told(&after), 1);
    screen.promise(
        held && after.is_err() && after == absent,
        "the permission ends by itself, to the second, for a session that runs",
    );
    let tools = listed(screen, talk).await?;
    screen.promise(
        !tools.iter().any(|tool| tool == TOOL) && api.received()?.len() == received,
        "the tool is gone from the list, and nothing left for the API",
    );
    Ok(())
}

async fn listed(screen: &Screen, talk: &Talk) -> io::Result<Vec<String>> {
    let tools = talk.client().tools().await?;
    screen.asked(SUBJECT, "tools/list", "public");
    screen.quote(&tools.join(", "), 1);
    Ok(tools)
}

/// What was said, in one line.
pub(crate) fn told(said: &Result<Said, String>) -> String {
    match said {
        Err(error) => error.clone(),
        Ok(said) => said.text.clone(),
    }
}

pub(crate) fn label(said: &Result<Said, String>) -> &str {
    said.as_ref().map_or("none", |said| &said.label)
}
