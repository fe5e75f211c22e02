//! No text opens as a cursor that was not sealed here.
#![no_main]

use chrono::DateTime;
use chrono::TimeDelta;
use guard::cursor::Seal;
use guard::principal::Principal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let seal = Seal::new([7; 32], TimeDelta::seconds(60));
    let nobody = Principal::default();
    let opened = seal.open::<serde_json::Value>(&nobody, &"fuzz", text, DateTime::UNIX_EPOCH);
    assert!(opened.is_err());
});
