//! The endpoints as the model sees them: one tool each, or three tools for all of many.
//!
//! # Invariants
//!
//! - What a caller may not call is in no list, no search and no description; asking for it by name
//!   brings what asking for nothing brings.
//! - The label and the permission of an endpoint hold by whichever tool it is called.

mod trio;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::label::Labeled;
use guard::schema;
use guard::schema::Arguments;
use guard::schema::Kind;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;
use guard::server::Tool;

use crate::answer;
use crate::answer::Position;
use crate::answer::Shown;
use crate::answer::Wanted;
use crate::effects::upstream::Context;
use crate::endpoint::Endpoint;
use crate::parameters::declare::OWN;
use crate::scope::Scope;
use crate::select::Fields;
use crate::server::Inner;

pub(crate) use trio::NAMES as TRIO;

/// The tools over `scope`, sorted by name: one for each endpoint, or beyond `most` the three.
///
/// A tool's texts are those of the configuration and live as long as the process. They are given
/// away here once, at start, so that a refusal can quote a declaration and never a call.
pub(crate) fn tools(scope: Scope, most: usize) -> Vec<Tool> {
    let endpoints = scope.endpoints();
    if endpoints.len() > most {
        trio::tools(endpoints)
    } else {
        endpoints.iter().map(tool).collect()
    }
}

fn tool(endpoint: &'static Endpoint) -> Tool {
    Tool {
        name: &endpoint.name,
        title: &endpoint.title,
        about: &endpoint.about,
        parameters: Box::leak(parameters(endpoint).into_boxed_slice()),
        output: output(endpoint),
        permission: endpoint.permission.as_deref(),
        open_world: true,
        writes: endpoint.writes(),
    }
}

/// What comes back: of a good answer what the endpoint declares, of any other what all have.
fn output(endpoint: &Endpoint) -> &'static str {
    let Some(returns) = &endpoint.returns else {
        return OUTPUT;
    };
    let good = json!({"properties": {"status": {"minimum": 200, "maximum": 299}}});
    let told = json!({"properties": {"data": returns.json()}});
    let rest = OUTPUT.strip_suffix('}').unwrap_or(OUTPUT);
    let whole = format!("{rest},\"if\":{good},\"then\":{told}}}");
    Box::leak(whole.into_boxed_str())
}

/// What an endpoint takes, with the arguments that every one has.
fn parameters(endpoint: &'static Endpoint) -> Vec<schema::Parameter> {
    let declared = endpoint.parameters.iter().map(|parameter| {
        let declared =
            schema::Parameter::new(&parameter.name, Kind::Form(parameter), &parameter.about);
        if parameter.required {
            declared.required()
        } else {
            declared
        }
    });
    let mut all: Vec<_> = declared.collect();
    if !endpoint.writes() {
        all.push(FIELDS);
        all.push(CURSOR);
    }
    all
}

/// Answers a call of one of [`tools`].
pub(crate) async fn call(
    inner: &Inner,
    call: Call,
    tool: &'static str,
    arguments: Arguments,
) -> Outcome<Answer> {
    if TRIO.contains(&tool) {
        return trio::call(inner, &call, tool, arguments).await;
    }
    let endpoint = inner.scope.endpoint(tool).ok_or(Denial::UnknownTool)?;
    let given = arguments.given().clone();
    ask(inner, &call, endpoint, given).await
}

/// What a cursor is sealed to: the endpoint and the arguments without the cursor.
#[derive(Debug, Serialize)]
struct Request<'a> {
    endpoint: &'a str,
    arguments: &'a Map<String, Value>,
}

/// Asks one endpoint: decides, sends, and shows what came back.
async fn ask(
    inner: &Inner,
    call: &Call,
    endpoint: &'static Endpoint,
    mut given: Map<String, Value>,
) -> Outcome<Answer> {
    let cursor = given.remove(OWN[0]);
    let cursor = cursor.as_ref().and_then(Value::as_str);
    let request = Request {
        endpoint: &endpoint.name,
        arguments: &given,
    };
    let from = cursor.map(|cursor| call.unseal::<Position>(&request, cursor));
    let from = from.transpose()?.unwrap_or_default();
    let mut own = given.clone();
    let fields = own.remove(OWN[1]).as_ref().map(fields).transpose()?;
    let caller = call.caller();
    let permit = inner
        .scope
        .permit(caller, endpoint, &own, from.onward.as_ref())?;
    if let Some(permission) = &endpoint.permission {
        call.allowed_by(permission.as_str());
    }
    call.touch(&resource(endpoint), endpoint.label)?;
    call.note("api.request", endpoint.form());
    let context = Context {
        subject: caller.principal.subject().to_owned(),
        issuer: caller.principal.issuer().to_owned(),
        roles: caller.roles.clone(),
        call_id: call.id(),
    };
    let allowed = |path: &str| inner.scope.leads(caller, endpoint, path);
    let reply = inner
        .upstreams
        .send(call, &permit, &context, &allowed)
        .await?;
    call.count("api.bytes", reply.body.len() as u64);
    let wanted = Wanted { from, fields };
    let (origin, root) = inner.base(endpoint.upstream);
    let mut shown = answer::shown(
        endpoint,
        caller,
        &reply,
        &wanted,
        (origin, root),
        &permit.path,
    )?;
    if (200..300).contains(&reply.status) {
        hold(endpoint, call, &mut shown);
    }
    let mut value = shown.value;
    if let Some(next) = &shown.next {
        value.insert("next".to_owned(), call.seal(&request, next).into());
    }
    let answer = whole(Value::Object(value), shown.items, shown.truncated);
    let answer = Answer {
        untrusted: endpoint.untrusted,
        ..answer
    };
    Ok(Labeled::new(answer, shown.label))
}

/// Keeps back the data of a good answer that is not of the form that was promised of it.
fn hold(endpoint: &Endpoint, call: &Call, shown: &mut Shown) {
    let data = shown.value.get("data").unwrap_or(&Value::Null);
    if endpoint.returns.as_ref().is_none_or(|form| form.fits(data)) {
        return;
    }
    call.note("api.trouble", "form");
    let why = "not of the form that was declared for it";
    shown.value.insert("data".to_owned(), Value::Null);
    shown.value.insert("omitted".to_owned(), why.into());
    shown.items = 0;
}

fn fields(given: &Value) -> Result<Fields, Denial> {
    let paths = given.as_array().into_iter().flatten();
    let read = Fields::parse(paths.filter_map(Value::as_str));
    read.map_err(|_| Denial::Malformed {
        argument: OWN[1],
        expected: "dot paths such as `id`, `plan.name` or `items[*].{id,name}`",
    })
}

/// What the record calls an endpoint.
pub(crate) fn resource(endpoint: &Endpoint) -> String {
    format!("api://{}/{}", endpoint.upstream_name, endpoint.name)
}

/// An answer that says the same as text and as structured content.
fn whole(shown: Value, items: u64, truncated: bool) -> Answer {
    Answer {
        blocks: vec![Block::Text(shown.to_string())],
        structured: shown.into(),
        items,
        truncated,
        untrusted: false,
    }
}

const FIELDS: schema::Parameter =
    schema::Parameter::new(OWN[1], Kind::Texts(32, 256), "only these, as dot paths");
const CURSOR: schema::Parameter = schema::Parameter::new(OWN[0], Kind::Text(4096), "from `next`");
const OUTPUT: &str = r#"{"type":"object","properties":{"status":{"type":"integer"},"data":{},"truncated":{"type":"boolean"},"total":{"type":"integer"},"next":{"type":"string"},"retry_after":{"type":"integer"},"omitted":{"type":"string"}}}"#;
