//! A path never climbs, and every spelling that is given out is read back as the same path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use readonly_fs::scope::RelPath;
use readonly_fs::scope::spelling;

fuzz_target!(|text: &str| {
    for path in [RelPath::parse(text).ok(), RelPath::from_uri(text)].into_iter().flatten() {
        for name in path.components() {
            assert!(!matches!(name, b"" | b"." | b"..") && !name.contains(&0));
        }
        let mut spelled = String::new();
        spelling::escape(&mut spelled, path.as_bytes());
        assert!(!spelled.chars().any(char::is_control));
        assert_eq!(RelPath::parse(&spelled).ok().as_ref(), Some(&path));
    }
});
