//! `check`: what would be served, and whether every secret is where it is said to be.

use std::fmt::Write as _;
use std::io::Write;

use guard::label::Taxonomy;
use guard::program::Program;
use guard::program::Start;
use guard::program::StartError;
use guard::secret;

use super::ApiFetchProgram;
use super::online;
use super::open;
use super::open::Read;
use super::say;
use crate::effects::upstream::Credential;
use crate::effects::upstream::Upstream;
use crate::endpoint::Declared;
use crate::endpoint::Endpoint;

/// Shows hosts, tools, permissions and labels; then tries the secrets.
pub(super) fn check(
    start: &Start<'_, ApiFetchProgram>,
    online: bool,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let Read {
        declared,
        known,
        left_out,
    } = open::declared(start)?;
    say(out, &served(&declared, &known))?;
    for one in &left_out {
        let text = format!("\nleft out of {}: {}: {}", one.import, one.form, one.why);
        say(out, &text)?;
    }
    say(out, if left_out.is_empty() { "" } else { "\n" })?;
    let most = start.config.limits.tools_at_most.count();
    if declared.endpoints.len() > most {
        let text = format!(
            "\n{} endpoints are more than tools-at-most = {most}: search_endpoints, \
             describe_endpoint and call_endpoint stand for them.\n",
            declared.endpoints.len()
        );
        say(out, &text)?;
    }
    // certificates are read here as they are at a start
    open::serve(start)?;
    let references = ApiFetchProgram::secrets(start.config);
    let checked = secret::check(&references, &start.secrets());
    for one in &checked {
        say(out, &format!("\n{one}"))?;
    }
    let failed = checked.iter().filter(|one| one.outcome.is_err()).count();
    say(out, if checked.is_empty() { "" } else { "\n" })?;
    let reached = if online {
        online::online(&declared.upstreams, start.secrets(), out)
    } else {
        Ok(())
    };
    if failed > 0 {
        let why = format!("{failed} of {} cannot be used", checked.len());
        return Err(StartError::step("try the secrets", why));
    }
    reached
}

fn served(declared: &Declared, known: &Taxonomy) -> String {
    let mut text = String::new();
    for (number, upstream) in declared.upstreams.iter().enumerate() {
        // writing to a String cannot fail
        let _written = writeln!(
            text,
            "{}  {}{}",
            upstream.name,
            upstream.base,
            notes(upstream)
        );
        for endpoint in declared.endpoints.iter().filter(|e| e.upstream == number) {
            let _written = writeln!(text, "  {}", line(endpoint, known));
            for (_, label) in &endpoint.field_labels {
                let label = known.text(*label);
                let _written = writeln!(text, "  {:<28} a field that is {label}", "");
            }
        }
    }
    text
}

fn line(endpoint: &Endpoint, known: &Taxonomy) -> String {
    let permission = endpoint.permission.as_deref().unwrap_or("no permission");
    format!(
        "{:<28} {:<32} {permission:<20} {}",
        endpoint.name,
        endpoint.form(),
        known.text(endpoint.label)
    )
}

/// What a reviewer should see of a host.
fn notes(upstream: &Upstream) -> String {
    let mut text = String::new();
    text.push_str(match &upstream.credential {
        None => "  without a credential",
        Some(Credential::Bearer(_)) => "  bearer",
        Some(Credential::Basic { .. }) => "  basic",
        Some(Credential::Header { .. }) => "  a header",
        Some(Credential::Query { .. }) => "  a parameter of the query (proxies log it)",
        Some(Credential::ClientCredentials { .. }) => "  client credentials",
    });
    if let Some(context) = &upstream.user_context {
        let signed = if context.signed.is_some() {
            ", signed"
        } else {
            ""
        };
        text.push_str(&format!("; told who asks{signed}"));
    }
    for net in &upstream.allow_addresses {
        text.push_str(&format!("; may be at {net}"));
    }
    if !upstream.base.tls() {
        text.push_str("; WITHOUT TLS");
    }
    text
}
