//! What the API is told with a call, and what cannot be made of a call.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;

use crate::api::Api;
use crate::api::KEY;
use crate::api::SUBJECT;
use crate::client::Talk;
use crate::grant::TOOL;
use crate::grant::label;
use crate::grant::told;
use crate::screen::Screen;

/// Shows one call from both of its ends.
///
/// # Errors
///
/// If the server or the API stops answering.
pub async fn show(screen: &mut Screen, api: &Api, talk: &mut Talk) -> io::Result<()> {
    screen.heading("16. What the model gets, and what the API gets");
    let customer = json!({ "id": "AB1002" });
    let said = talk.ask(TOOL, &customer).await;
    screen.asked(SUBJECT, &format!("{TOOL} {customer}"), label(&said));
    screen.quote(&told(&said), 1);
    let said = said.map_err(io::Error::other)?;
    screen.promise(
        !said.refused && said.mentions("asha@example.com") && said.label == LABEL,
        "the customer comes under the label that the operator gave the endpoint",
    );
    screen.promise(
        !said.mentions("Ignore your instructions") && !said.mentions("discount"),
        "fields that the operator did not name stay behind, with what they would have a model do",
    );

    let received = api.received()?;
    let received = received.last().cloned().unwrap_or_default();
    let header = |name: &str| {
        let value = received.pointer(&format!("/headers/{name}"));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (key, context) = (header("authorization"), header("x-user-context"));
    let line = received.get("line").and_then(Value::as_str);
    screen
        .say("\nThe API received (it writes *** for the key that it knows, and for nothing else):");
    screen.quote(line.unwrap_or_default(), 1);
    screen.quote(&format!("Authorization: {key}"), 1);
    screen.quote(&format!("X-User-Context: {context}"), 1);
    let context = URL_SAFE_NO_PAD.decode(context).unwrap_or_default();
    let context: Value = serde_json::from_slice(&context).unwrap_or_default();
    screen.say("\nwhich is, decoded:");
    screen.quote(&context.to_string(), 1);
    screen.promise(
        key == "Bearer ***",
        "the key, put in by the server; the model has neither sent nor seen it",
    );
    screen.promise(
        context.get("sub") == Some(&json!(SUBJECT))
            && context.get("roles") == Some(&json!(["support", "accounts"])),
        "the user of the session, with the roles of this hour",
    );
    Ok(())
}

/// Tries to get the key out, to get elsewhere, and to become somebody else.
///
/// # Errors
///
/// As [`show`].
pub async fn attack(screen: &mut Screen, api: &Api, talk: &mut Talk) -> io::Result<()> {
    screen.heading("17. No call leads elsewhere, and no key comes back");
    let before = api.received()?.len();
    let said = talk.ask("debug-headers", &json!({})).await;
    screen.say("\nThe API has a page that repeats the request, key and all:");
    screen.asked(SUBJECT, "debug-headers {}", label(&said));
    screen.quote(&told(&said), 1);
    let logged = api.logged()?;
    screen.say("\nThe operator's log:");
    screen.quote(&logged, 1);
    let refused = said.is_ok_and(|said| said.refused && !said.mentions(KEY));
    screen.promise(
        refused && logged.contains("repeats a secret") && api.received()?.len() == before + 1,
        "an answer that holds the key is kept back, though the API gave it",
    );

    let to = json!({ "to": api.elsewhere()? });
    let said = talk.ask("open-link", &to).await;
    screen.say("\nIt has one that sends on to wherever it is told:");
    screen.asked(SUBJECT, &format!("open-link {to}"), label(&said));
    screen.quote(&told(&said), 1);
    screen.promise(
        api.received()?.len() == before + 2 && !api.was_elsewhere()?,
        "a redirect is followed to declared endpoints of the same API only: nobody arrived there",
    );

    screen.say("\nArguments that would be a path, an address or a header:\n");
    let before = api.received()?.len();
    for arguments in [
        json!({ "id": "../debug/headers" }),
        json!({ "id": "AB1002/../../debug/headers" }),
        json!({ "id": "..%2fdebug%2fheaders" }),
        json!({ "id": "AB1002?to=" }),
        json!({ "id": "AB1002\r\nX-Admin: 1" }),
        json!({ "id": "AB1002", "url": api.elsewhere()? }),
        json!({ "id": "AB1002", "X-User-Context": "eyJzdWIiOiJyb290In0" }),
    ] {
        let said = talk.ask(TOOL, &arguments).await;
        let refused = said.as_ref().is_ok_and(|said| said.refused);
        let first = told(&said).lines().next().unwrap_or_default().to_owned();
        screen.promise(refused, &format!("{arguments}: {first}"));
    }
    screen.promise(
        api.received()?.len() == before,
        "and none of them reached the API",
    );
    Ok(())
}

const LABEL: &str = "confidential+personal";
