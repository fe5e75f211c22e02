//! What stands behind `aws-sm:`: which secret, which version of it, which field.
//!
//! `ID`, `ID?stage=STAGE` or `ID?version=UUID`, each with `#FIELD` or without. The ID is a name, or an
//! ARN with its colons and slashes; neither has a question mark or a number sign.

use super::region::Region;

/// One value in Secrets Manager.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place<'a> {
    /// A name or an ARN.
    pub(super) id: &'a str,
    /// Which version; without one the current one.
    pub(super) version: Option<Version<'a>>,
    /// The field of the JSON object that the secret is; without one all of it.
    pub(super) field: Option<&'a str>,
}

/// How a version is named.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version<'a> {
    /// By a label that moves, such as `AWSPREVIOUS`.
    Stage(&'a str),
    /// By its own name, for good.
    Id(&'a str),
}

impl<'a> Place<'a> {
    /// Takes it apart.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (text, field) = match text.split_once('#') {
            Some((text, field)) => (text, Some(field)),
            None => (text, None),
        };
        let (id, version) = match text.split_once('?') {
            Some((id, version)) => (id, Some(Version::parse(version)?)),
            None => (text, None),
        };
        let place = Self { id, version, field };
        let field = field.is_none_or(|field| {
            (1..=255).contains(&field.len()) && !field.contains(char::is_control)
        });
        (field && place.has_id()).then_some(place)
    }

    /// The region, if the ID is an ARN.
    pub(super) fn region(&self) -> Option<Region> {
        Region::parse(Arn::parse(self.id)?.region)
    }

    fn has_id(&self) -> bool {
        match Arn::parse(self.id) {
            Some(arn) => arn.is_secret(),
            None => is_name(self.id),
        }
    }
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
        let (version, lengths) = match key {
            "stage" => (Self::Stage(value), 1..=256),
            "version" => (Self::Id(value), 32..=64),
            _ => return None,
        };
        (lengths.contains(&value.len()) && value.chars().all(plain)).then_some(version)
    }
}

/// `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME`.
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(6, ':');
        let mut next = || parts.next();
        Some(Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            kind: next()?,
            name: next()?,
        })
    }

    fn is_secret(&self) -> bool {
        let region = Region::parse(self.region);
        region.is_some_and(|region| region.partition() == self.partition)
            && self.service == "secretsmanager"
            && self.account.len() == 12
            && self.account.chars().all(|c| c.is_ascii_digit())
            && self.kind == "secret"
            && is_name(self.name)
    }
}

/// As the service has it, and `!`, which is in names that other services of AWS give.
fn is_name(name: &str) -> bool {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '=' | '.' | '@' | '-' | '!')
    };
    // Seven more than a name for what an ARN has at its end.
    (1..=519).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf";
    const UUID: &str = "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE";

    #[test]
    fn a_place_is_an_id_perhaps_a_version_and_perhaps_a_field() {
        let place = |text| Place::parse(text).unwrap();
        let plain = place("prod/db");
        assert_eq!(
            (plain.id, plain.version, plain.field),
            ("prod/db", None, None)
        );
        assert_eq!(plain.region(), None);
        let all = format!("{ARN}?stage=AWSPREVIOUS#password");
        let all = place(&all);
        assert_eq!(all.id, ARN);
        assert_eq!(all.version, Some(Version::Stage("AWSPREVIOUS")));
        assert_eq!(all.field, Some("password"));
        assert_eq!(all.region(), Region::parse("eu-central-1"));
        let dated = format!("rds!cluster-1?version={UUID}");
        assert_eq!(place(&dated).version, Some(Version::Id(UUID)));
        assert_eq!(place("a@b#a:b#c?d").field, Some("a:b#c?d"));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        let long = "x".repeat(520);
        for bad in [
            "",
            "#a",
            "a#",
            "?stage=a",
            "a?",
            "a?stage=",
            "a?stage=a&version=b",
            "a?version=short",
            "a?other=a",
            "a b",
            "a%2fb",
            "a\0",
            "a#b\n",
            "ä",
            "a:b",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a:b",
            "arn:aws:secretsmanager:eu-central-1:12345678901:secret:a",
            "arn:aws:ssm:eu-central-1:123456789012:secret:a",
            "arn:aws:secretsmanager::123456789012:secret:a",
            "arn:aws:secretsmanager:eu-central-1.evil:123456789012:secret:a",
            "arn:aws-cn:secretsmanager:eu-central-1:123456789012:secret:a",
            "arn:aws:secretsmanager:cn-north-1:123456789012:secret:a",
            "arn:aws:secretsmanager:eu-central-1:123456789012:parameter:a",
            "arn:",
            &long,
        ] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_id_holds_nothing_that_means_something_elsewhere(text in "[ -~ü\0]{0,60}") {
            if let Some(place) = Place::parse(&text) {
                let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!:".contains(c);
                prop_assert!(place.id.chars().all(plain));
            }
        }
    }
}
