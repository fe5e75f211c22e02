//! Any bytes read as a window of lines end within the budget, and never in a panic.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use readonly_fs::effects::lines_index::Indexes;
use readonly_fs::effects::text;
use readonly_fs::effects::text::Budget;
use readonly_fs::effects::text::Want;
use readonly_fs::effects::text_source::Source;

fuzz_target!(|input: (&[u8], u8, u8, bool)| {
    let (bytes, from, count, numbered) = input;
    let Ok(mut file) = tempfile::tempfile() else {
        return;
    };
    if file.write_all(bytes).is_err() {
        return;
    }
    let check = || Ok(());
    let Ok(source) = Source::new(&file, &check) else {
        return;
    };
    let indexes = Indexes::default();
    let from = u64::from(from);
    let wants = [
        Want::Lines {
            from: from + 1,
            to: Some(from + 1 + u64::from(count)),
        },
        Want::Tail(u64::from(count) + 1),
        Want::Bytes {
            from,
            to: Some(from + u64::from(count)),
        },
    ];
    for want in wants {
        let mut budget = Budget {
            bytes: 4096,
            lines: 100,
        };
        drop(text::read(&source, want, numbered, &mut budget, &indexes));
    }
});
