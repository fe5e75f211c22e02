//! A trail of any bytes gets a verdict, and none that was not written by us is sound.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(dir) = tempfile::tempdir() else {
        return;
    };
    let file = dir.path().join("0123456789abcdef-000001.jsonl");
    if std::fs::write(file, bytes).is_err() {
        return;
    }
    if let Ok(report) = guard::audit::verify(dir.path(), &guard::audit::Trust::default()) {
        assert!(report.records == 0 || report.verdict.name() != "ok-unanchored");
    }
});
