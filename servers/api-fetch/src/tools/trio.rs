//! Three tools for very many endpoints: a list of hundreds of tools would fill the model's memory
//! before it asked anything.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::label::Label;
use guard::label::Labeled;
use guard::schema;
use guard::schema::Arguments;
use guard::schema::Form;
use guard::schema::Kind;
use guard::schema::Parameter;
use guard::server::Answer;
use guard::server::Outcome;
use guard::server::Tool;

use super::ask;
use super::parameters;
use super::whole;
use crate::endpoint::Endpoint;
use crate::server::Inner;

/// The names of the three, sorted. No endpoint has one of them.
pub(crate) const NAMES: [&str; 3] = [CALL, DESCRIBE, SEARCH];

pub(super) fn tools(endpoints: &[Endpoint]) -> Vec<Tool> {
    let writes = endpoints.iter().any(Endpoint::writes);
    ALL.iter()
        .map(|tool| Tool {
            writes: tool.open_world && writes,
            ..*tool
        })
        .collect()
}

#[derive(Debug, Deserialize)]
struct Search {
    query: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Named {
    endpoint: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

pub(super) async fn call(
    inner: &Inner,
    call: &Call,
    tool: &'static str,
    arguments: Arguments,
) -> Outcome<Answer> {
    match tool {
        SEARCH => search(inner, call, &arguments.parse()?),
        DESCRIBE => describe(inner, call, &arguments.parse()?),
        CALL => {
            let named: Named = arguments.parse()?;
            let endpoint = inner.scope.find(call.caller(), &named.endpoint)?;
            // the gate knows only that these are some arguments
            let taken = parameters(endpoint);
            let arguments = Arguments::check(&taken, named.arguments)?;
            ask(inner, call, endpoint, arguments.given().clone()).await
        }
        _ => Err(Denial::UnknownTool.into()),
    }
}

/// The endpoints that are open to the caller and have all words of the query, best first.
fn search(inner: &Inner, call: &Call, wanted: &Search) -> Outcome<Answer> {
    let query = wanted.query.as_deref().unwrap_or_default().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut found: Vec<(usize, &Endpoint)> = Vec::new();
    for endpoint in inner.scope.open_to(call.caller()) {
        let (name, about) = (endpoint.name.to_lowercase(), endpoint.about.to_lowercase());
        let rest = format!("{about} {} {}", endpoint.title, endpoint.form()).to_lowercase();
        if words
            .iter()
            .all(|word| name.contains(word) || rest.contains(word))
        {
            let in_name = words.iter().filter(|word| name.contains(**word)).count();
            found.push((words.len() - in_name, endpoint));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    let total = found.len();
    let limit = wanted.limit.unwrap_or(20);
    let listed: Vec<Value> = found
        .into_iter()
        .take(limit)
        .map(|(_, endpoint)| json!({"name": endpoint.name, "about": endpoint.about}))
        .collect();
    let items = listed.len();
    let answer = json!({"endpoints": listed, "total": total});
    let answer = whole(answer, items as u64, items < total);
    Ok(Labeled::new(answer, Label::PUBLIC))
}

/// What an endpoint takes and gives.
fn describe(inner: &Inner, call: &Call, named: &Named) -> Outcome<Answer> {
    let endpoint = inner.scope.find(call.caller(), &named.endpoint)?;
    let schema = schema::json_schema(&parameters(endpoint));
    let mut answer = json!({
        "name": endpoint.name,
        "about": endpoint.about,
        "arguments": schema,
        "writes": endpoint.writes(),
        "label": inner.known.text(endpoint.label),
    });
    if let (Some(returns), Some(answer)) = (&endpoint.returns, answer.as_object_mut()) {
        answer.insert("returns".to_owned(), returns.json());
    }
    Ok(Labeled::new(whole(answer, 1, false), Label::PUBLIC))
}

/// Arguments of any endpoint: they are checked when it is known which one.
#[derive(Debug)]
struct AnyArguments;

impl Form for AnyArguments {
    fn expected(&'static self) -> &'static str {
        "an object, as describe_endpoint shows it"
    }

    fn accepts(&self, value: &Value) -> bool {
        value.as_object().is_some_and(|given| given.len() <= 100)
    }

    fn json(&self) -> Value {
        json!({"type": "object"})
    }
}

const CALL: &str = "call_endpoint";
const DESCRIBE: &str = "describe_endpoint";
const SEARCH: &str = "search_endpoints";
const ENDPOINT: Parameter = Parameter::new("endpoint", Kind::Text(64), "its name").required();

const ALL: [Tool; 3] = [
    Tool {
        name: CALL,
        title: "",
        about: "Call one endpoint with the arguments that describe_endpoint shows.",
        parameters: &[
            ENDPOINT,
            Parameter::new("arguments", Kind::Form(&AnyArguments), ""),
        ],
        output: super::OUTPUT,
        permission: None,
        open_world: true,
        writes: true,
    },
    Tool {
        name: DESCRIBE,
        title: "",
        about: "What an endpoint takes.",
        parameters: &[ENDPOINT],
        output: r#"{"type":"object","properties":{"name":{"type":"string"},"about":{"type":"string"},"arguments":{"type":"object"},"returns":{"type":"object"},"writes":{"type":"boolean"},"label":{"type":"string"}}}"#,
        permission: None,
        open_world: false,
        writes: false,
    },
    Tool {
        name: SEARCH,
        title: "",
        about: "Find endpoints by words of their names and descriptions.",
        parameters: &[
            Parameter::new("query", Kind::Text(200), ""),
            Parameter::new("limit", Kind::Whole(1, 100), "20"),
        ],
        output: r#"{"type":"object","properties":{"endpoints":{"type":"array"},"total":{"type":"integer"}}}"#,
        permission: None,
        open_world: false,
        writes: false,
    },
];
