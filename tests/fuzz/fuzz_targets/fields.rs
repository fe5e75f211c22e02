//! Dot paths are read or refused; what they leave is a part of what there was.
#![no_main]

use api_fetch::select::Fields;
use api_fetch::select::Path;
use api_fetch::select::measure;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (paths, label, body) = input;
    let measure = measure(body);
    if measure.depth > 64 {
        return;
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    if let Ok(path) = Path::parse(label) {
        let mut kept = value.clone();
        let touched = path.touches(&value);
        assert_eq!(path.remove(&mut kept), touched);
        assert!(!path.touches(&kept));
    }
    if let Ok(fields) = Fields::parse(paths.split(' '))
        && let Some(kept) = fields.project(value.clone())
    {
        assert!(kept.to_string().len() <= value.to_string().len());
        assert_eq!(fields.project(kept.clone()), Some(kept));
    }
});
