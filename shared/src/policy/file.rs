//! The policy as the operator writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;
use toml::Spanned;
use toml::value::Datetime;

use super::Grant;
use super::Policy;
use super::Role;
use super::Stdio;
use crate::config::ConfigError;
use crate::config::Source;
use crate::label::Clearance;
use crate::label::Taxonomy;
use crate::principal::Principal;
use crate::quota::Quota;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    labels: LabelsTable,
    roles: BTreeMap<String, RoleTable>,
    grants: Vec<GrantTable>,
    stdio: StdioTable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct LabelsTable {
    levels: Option<Spanned<Vec<String>>>,
    categories: Option<Spanned<Vec<String>>>,
    default: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RoleTable {
    clearance: Spanned<String>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    quota: Quota,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct GrantTable {
    subject: Spanned<String>,
    issuer: Option<String>,
    role: Spanned<String>,
    from: Option<Spanned<Datetime>>,
    until: Spanned<Datetime>,
    /// Why, for whoever reads the policy.
    #[serde(rename = "reason", default)]
    _reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct StdioTable {
    subject: Option<Spanned<String>>,
    roles: Vec<Spanned<String>>,
}

impl Policy {
    /// Reads a policy from `source`.
    ///
    /// # Errors
    ///
    /// With the position of what is wrong: unknown keys and words, roles that are named and not
    /// defined, grants that end before they begin.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let file: File = source.parse()?;
        let taxonomy = taxonomy(source, &file.labels)?;
        let label = |text: &Spanned<String>| {
            let parsed = taxonomy.parse(text.get_ref());
            parsed.map_err(|reason| source.error_at(text.span(), reason))
        };
        let default_label = match &file.labels.default {
            Some(text) => label(text)?,
            None => taxonomy.unlabelled(),
        };
        let mut roles = BTreeMap::new();
        for (name, table) in file.roles {
            let role = Role {
                clearance: Clearance::up_to(label(&table.clearance)?),
                permissions: table.permissions.into_iter().collect(),
                quota: table.quota,
            };
            roles.insert(name, role);
        }
        let grants = file.grants.into_iter();
        let grants = grants.map(|table| grant(source, table, &roles));
        Ok(Self {
            grants: grants.collect::<Result<_, _>>()?,
            stdio: stdio(source, file.stdio, &roles)?,
            taxonomy: Arc::new(taxonomy),
            default_label,
            roles,
            hash: hash(source.text()),
        })
    }
}

fn taxonomy(source: &Source, table: &LabelsTable) -> Result<Taxonomy, ConfigError> {
    let (levels, categories) = (&table.levels, &table.categories);
    let Some(span) = levels.as_ref().or(categories.as_ref()).map(Spanned::span) else {
        return Ok(Taxonomy::default());
    };
    let built_in = || {
        ["public", "internal", "confidential"]
            .map(str::to_owned)
            .to_vec()
    };
    let levels = levels
        .as_ref()
        .map_or_else(built_in, |l| l.get_ref().clone());
    let categories = categories
        .as_ref()
        .map_or_else(Vec::new, |c| c.get_ref().clone());
    Taxonomy::new(levels, categories).map_err(|reason| source.error_at(span, reason))
}

fn grant(
    source: &Source,
    table: GrantTable,
    roles: &BTreeMap<String, Role>,
) -> Result<Grant, ConfigError> {
    let issuer = table.issuer.unwrap_or_else(|| Principal::LOCAL.to_owned());
    let span = table.subject.span();
    let subject = Principal::new(issuer, table.subject.into_inner())
        .map_err(|reason| source.error_at(span, reason))?;
    let instant = |text: &Spanned<Datetime>| {
        let parsed = DateTime::parse_from_rfc3339(&text.get_ref().to_string());
        let wanted = "expected an instant with its offset, such as 2026-12-01T09:00:00Z";
        parsed
            .map(|instant| instant.with_timezone(&Utc))
            .map_err(|_| source.error_at(text.span(), wanted))
    };
    let from = table.from.as_ref().map(instant).transpose()?;
    let until = instant(&table.until)?;
    if from.is_some_and(|from| until <= from) {
        return Err(source.error_at(table.until.span(), "the grant ends before it begins"));
    }
    Ok(Grant {
        subject,
        role: known_role(source, table.role, roles)?,
        from,
        until,
    })
}

fn stdio(
    source: &Source,
    table: StdioTable,
    roles: &BTreeMap<String, Role>,
) -> Result<Stdio, ConfigError> {
    let subject = table.subject.map(|text| {
        let span = text.span();
        Principal::new(Principal::LOCAL, text.into_inner())
            .map_err(|reason| source.error_at(span, reason))
    });
    let named = table
        .roles
        .into_iter()
        .map(|role| known_role(source, role, roles));
    Ok(Stdio {
        subject: subject.transpose()?,
        roles: named.collect::<Result<_, _>>()?,
        local: None,
    })
}

fn known_role(
    source: &Source,
    name: Spanned<String>,
    roles: &BTreeMap<String, Role>,
) -> Result<String, ConfigError> {
    let span = name.span();
    if roles.contains_key(name.get_ref()) {
        Ok(name.into_inner())
    } else {
        Err(source.error_at(span, "no role of this name is defined under [roles]"))
    }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_what_is_wrong_is_refused_at_its_place() {
        let role = "[roles.r]\nclearance = \"internal\"\n";
        for (text, place) in [
            ("[roles.r]\nclearance = \"top-secret-hunter2\"", "p:2:13: "),
            (
                "[roles.r]\nclearance = \"internal\"\nhunter2 = 1",
                "p:3:1: ",
            ),
            (&format!("{role}[stdio]\nroles = [\"hunter2\"]"), "p:4:10: "),
            (
                &format!("{role}[[grants]]\nsubject=\"a\"\nrole=\"r\"\nuntil=2026-01-01"),
                "p:6:7: ",
            ),
            (
                &format!(
                    "{role}[[grants]]\nsubject=\"a\"\nrole=\"r\"\nfrom=2026-01-02T00:00:00Z\nuntil=2026-01-01T00:00:00Z"
                ),
                "p:7:7: ",
            ),
            ("[labels]\nlevels = [\"low\", \"high\"]", "p:2:10: "),
            ("[labels]\ndefault = \"hunter2\"", "p:2:11: "),
        ] {
            let error = Policy::parse(&Source::new("p", text))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(place), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn own_words_replace_the_built_in_ones() {
        let text = "[labels]\nlevels=[\"public\",\"ward\",\"sealed\"]\ncategories=[\"health\"]\ndefault=\"ward\"\n[roles.nurse]\nclearance=\"ward+health\"";
        let policy = Policy::parse(&Source::new("p", text)).unwrap();
        assert_eq!(policy.taxonomy().text(policy.default_label()), "ward");
    }
}
