//! Which endpoint and which region come out of which settings.

use super::*;
use crate::secret::aws::testing::noon;
use crate::secret::aws::testing::providers;

fn endpoint(variables: &[(&str, &str)], region: &str) -> Result<String, Trouble> {
    let providers = providers(variables, noon);
    let settings = Settings::read(&providers)?;
    let region = Region::parse(region).unwrap();
    let origin = settings.endpoint(Service::SecretsManager, &region)?;
    Ok(origin.authority())
}

#[test]
fn without_settings_it_is_the_regions_own_endpoint() {
    let said = endpoint(&[], "eu-central-1");
    assert_eq!(said.unwrap(), "secretsmanager.eu-central-1.amazonaws.com");
    let fips = endpoint(&[("AWS_USE_FIPS_ENDPOINT", "true")], "us-east-1");
    assert_eq!(fips.unwrap(), "secretsmanager-fips.us-east-1.amazonaws.com");
}

#[test]
fn the_services_own_endpoint_goes_before_that_of_all_and_both_can_be_ignored() {
    let own = (
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "https://vpce-1.example.org",
    );
    let all = ("AWS_ENDPOINT_URL", "https://all.example.org:8443/");
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let said = |variables: &[_]| endpoint(variables, "us-east-1").unwrap();
    assert_eq!(said(&[own, all]), "vpce-1.example.org");
    assert_eq!(said(&[all]), "all.example.org:8443");
    let usual = "secretsmanager.us-east-1.amazonaws.com";
    assert_eq!(said(&[own, all, ignore]), usual);
}

#[test]
fn o3_an_endpoint_that_could_be_something_else_is_refused() {
    for bad in [
        "http://secrets.example.org",
        "http://10.0.0.1",
        "http://169.254.170.2",
        "ftp://a",
        "https://a/path",
        "https://u:p@a",
        "https://a?b",
        "https://",
        "a",
    ] {
        let said = endpoint(&[("AWS_ENDPOINT_URL", bad)], "us-east-1");
        assert_eq!(said, Err(BAD_ENDPOINT), "{bad}");
    }
    let both = [
        ("AWS_ENDPOINT_URL", "https://a.example.org"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
    ];
    assert_eq!(endpoint(&both, "us-east-1"), Err(FIPS_ELSEWHERE));
    let flag = [("AWS_USE_FIPS_ENDPOINT", "yes")];
    assert_eq!(endpoint(&flag, "us-east-1"), Err(BAD_FLAG));
}

#[test]
fn the_region_is_the_arns_then_the_environments() {
    let region = |variables: &[_], id: &str| {
        let providers = providers(variables, noon);
        let settings = Settings::read(&providers)?;
        let region = settings.region(&Place::parse(id).unwrap())?;
        Ok(region.name().to_owned())
    };
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db";
    let (first, second) = (
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-west-2"),
    );
    assert_eq!(region(&[first, second], arn), Ok("eu-west-1".to_owned()));
    assert_eq!(region(&[first, second], "db"), Ok("us-east-1".to_owned()));
    assert_eq!(region(&[second], "db"), Ok("us-west-2".to_owned()));
    assert_eq!(region(&[], "db"), Err(NO_REGION));
    let bad = ("AWS_REGION", "evil.example.org/");
    assert_eq!(region(&[bad], "db"), Err(BAD_REGION));
}
