//! Regions of AWS, their partitions, and the hosts that serve them.
//!
//! # Invariants
//!
//! - A [`Region`] is lower-case letters, digits and hyphens: it can be a part of a host's name and
//!   add nothing else to it.
//! - A region of a partition that is not known has no host.

use std::fmt;

/// The name of a region, such as `eu-central-1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Region {
    name: String,
    partition: &'static Partition,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Service {
    SecretsManager,
    Sts,
}

/// Regions that share accounts, a beginning of ARNs and a domain.
#[derive(Debug, Eq, PartialEq)]
struct Partition {
    /// The second part of an ARN.
    name: &'static str,
    /// What its regions begin with.
    prefixes: &'static [&'static str],
    domain: &'static str,
}

impl Region {
    /// The region of this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('-').collect();
        let (number, words) = parts.split_last()?;
        let is_word = |word: &&str| {
            !word.is_empty() && word.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9'))
        };
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        if name.len() > 32 || words.len() < 2 || !words.iter().all(is_word) || !is_number {
            return None;
        }
        let begins = |known: &&Partition| {
            let mut prefixes = known.prefixes.iter();
            prefixes.any(|prefix| name.starts_with(prefix))
        };
        let partition = PARTITIONS.iter().find(begins)?;
        Some(Self {
            name: name.to_owned(),
            partition,
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What its ARNs have behind `arn:`.
    pub(super) const fn partition(&self) -> &'static str {
        self.partition.name
    }

    /// The host that serves it; with `fips`, by modules validated under FIPS 140.
    pub(super) fn host(&self, service: Service, fips: bool) -> String {
        let (region, domain) = (&self.name, self.partition.domain);
        // In these regions all endpoints of this service are.
        let already = service == Service::Sts && self.partition.name == "aws-us-gov";
        let fips = if fips && !already { "-fips" } else { "" };
        format!("{}{fips}.{region}.{domain}", service.name())
    }
}

impl Service {
    /// The name in hosts and signatures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Sts => "sts",
        }
    }

    /// The end of the variable that names another endpoint.
    pub(super) const fn variable(self) -> &'static str {
        match self {
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// As AWS publishes them; the first that fits counts.
const PARTITIONS: &[Partition] = &[
    Partition {
        name: "aws-us-gov",
        prefixes: &["us-gov-"],
        domain: "amazonaws.com",
    },
    Partition {
        name: "aws-iso",
        prefixes: &["us-iso-"],
        domain: "c2s.ic.gov",
    },
    Partition {
        name: "aws-iso-b",
        prefixes: &["us-isob-"],
        domain: "sc2s.sgov.gov",
    },
    Partition {
        name: "aws-iso-f",
        prefixes: &["us-isof-"],
        domain: "csp.hci.ic.gov",
    },
    Partition {
        name: "aws-iso-e",
        prefixes: &["eu-isoe-"],
        domain: "cloud.adc-e.uk",
    },
    Partition {
        name: "aws-cn",
        prefixes: &["cn-"],
        domain: "amazonaws.com.cn",
    },
    Partition {
        name: "aws-eusc",
        prefixes: &["eusc-"],
        domain: "amazonaws.eu",
    },
    Partition {
        name: "aws",
        prefixes: &[
            "us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-",
        ],
        domain: "amazonaws.com",
    },
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One region of each partition, as botocore's endpoint rules have it.
    #[test]
    fn a_region_has_the_hosts_of_its_partition() {
        for (region, partition, domain) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ] {
            let known = Region::parse(region).unwrap();
            assert_eq!(known.partition(), partition);
            let sts_fips = match partition {
                "aws-us-gov" => "sts",
                _ => "sts-fips",
            };
            for (service, fips, name) in [
                (Service::SecretsManager, false, "secretsmanager"),
                (Service::SecretsManager, true, "secretsmanager-fips"),
                (Service::Sts, false, "sts"),
                (Service::Sts, true, sts_fips),
            ] {
                assert_eq!(
                    known.host(service, fips),
                    format!("{name}.{region}.{domain}")
                );
            }
        }
    }

    #[test]
    fn what_is_no_region_has_no_host() {
        for bad in [
            "",
            "us",
            "us-1",
            "us-east",
            "us-east-",
            "-east-1",
            "us--1",
            "US-EAST-1",
            "us-east-1.evil.example",
            "us-east-1/",
            "us-east-1@a",
            "us-east-1\n",
            "xx-east-1",
            "us-east-1x",
            "aws-global",
            "us-östlich-1",
        ] {
            assert_eq!(Region::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn o3_a_region_never_changes_the_domain(text in "(us|eu|cn|us-gov)-[a-z0-9./:@#?\\\\ -]{0,12}-?[0-9]{0,2}") {
            if let Some(region) = Region::parse(&text) {
                let host = region.host(Service::SecretsManager, false);
                prop_assert!(host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
                prop_assert!(host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
            }
        }
    }
}
