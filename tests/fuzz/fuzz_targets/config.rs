//! A configuration or policy is taken or refused, and a refusal repeats no value of it.
#![no_main]

use guard::config::Source;
use guard::policy::Policy;
use libfuzzer_sys::fuzz_target;
use readonly_fs::config::Config;

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.toml", text);
    if let Err(error) = Policy::parse(&source) {
        assert!(error.to_string().starts_with("fuzz.toml:"));
    }
    if let Err(error) = source.parse::<Config>() {
        assert!(error.to_string().lines().count() == 1);
    }
});
