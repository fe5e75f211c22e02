//! `call`: one endpoint, as a principal of the policy would ask it.

use std::io::Write;

use guard::program::Start;
use guard::program::StartError;
use guard::server::Server;
use guard::text::is_unseen;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::ApiFetchProgram;
use super::open;
use super::say;
use crate::endpoint::Endpoint;
use crate::parameters::declare::OWN;

/// Calls one endpoint through the gate and prints what the model would see.
pub(super) fn ask(
    start: &Start<'_, ApiFetchProgram>,
    name: &str,
    given: &[String],
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let server = open::serve(start)?;
    let endpoint = server.endpoint(name).ok_or_else(|| {
        let why = "call: no endpoint of this name is declared";
        StartError::Arguments(why.to_owned())
    })?;
    let mut arguments = Map::new();
    for pair in given {
        let Some((key, text)) = pair.split_once('=') else {
            let why = "call: expected arguments as NAME=VALUE";
            return Err(StartError::Arguments(why.to_owned()));
        };
        arguments.insert(key.to_owned(), value(endpoint, key, text));
    }
    let own_tool = server.tools().iter().any(|tool| tool.name == name);
    let (tool, asked) = if own_tool {
        (name, Value::Object(arguments))
    } else {
        let asked = json!({"endpoint": name, "arguments": arguments});
        ("call_endpoint", asked)
    };
    let result = start.ask(server, tool, &asked)?;
    let told = result.get("structuredContent").unwrap_or(&Value::Null);
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        let message = told.get("message").and_then(Value::as_str);
        let message = message.unwrap_or("refused").to_owned();
        return Err(StartError::step("call", message));
    }
    say(out, &format!("{}\n", plain(&pretty(told))))
}

/// A value as the endpoint wants it: text where it takes text, else JSON where it is some.
fn value(endpoint: &Endpoint, key: &str, text: &str) -> Value {
    let as_text = Value::from(text);
    if key == OWN[1] {
        return text.split(' ').map(Value::from).collect();
    }
    let fits = |value: &Value| {
        use guard::schema::Form;
        let mut all = endpoint.parameters.iter();
        all.any(|p| p.name == key && p.accepts(value))
    };
    match serde_json::from_str::<Value>(text) {
        Ok(json) if !fits(&as_text) && fits(&json) => json,
        Ok(_) | Err(_) => as_text,
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// An answer must not move the cursor, colour the screen or turn the text around.
pub(super) fn plain(text: &str) -> String {
    let one = |c: char| {
        if is_unseen(c) && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o4_an_answer_cannot_command_the_terminal() {
        let shown = plain(&pretty(&json!({"a": "x\u{1b}[2J\u{9b}\u{202e}y"})));
        assert!(
            !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
            "{shown:?}"
        );
    }
}
