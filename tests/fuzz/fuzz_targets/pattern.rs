//! A search pattern compiles within its bounds or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use readonly_fs::effects::search::Case;
use readonly_fs::effects::search::Pattern;

fuzz_target!(|input: (&str, bool, u8)| {
    let (pattern, literal, case) = input;
    let case = match case % 3 {
        0 => Case::Sensitive,
        1 => Case::Insensitive,
        _ => Case::Smart,
    };
    let compiled = Pattern::compile(pattern, literal, case);
    assert!(pattern.len() <= 1024 || compiled.is_err());
});
