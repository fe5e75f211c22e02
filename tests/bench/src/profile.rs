//! Where the processor time of a call goes, by the function that runs, as `perf` sees it.
//!
//! A function that the compiler put into another counts as that one, and the kernel hides some of
//! its own time from a virtual machine: the shares are good to a few percent.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::client::Client;
use serde_json::Value;

/// One layer and its share of the time, from 0 to 1.
pub type Share = (&'static str, f64);

/// Watches `client` while it answers `count` calls of `tool`; the layers, the largest first.
/// Nothing where `perf` cannot watch.
#[must_use]
pub fn watch(
    client: &mut Client,
    tool: &str,
    arguments: &Value,
    count: usize,
    data: &Path,
) -> Option<Vec<Share>> {
    let mut perf = Command::new("perf")
        .args(["record", "--quiet", "--freq", "5000", "--output"])
        .arg(data)
        .args(["--pid", &client.pid().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // it says nowhere that it began
    std::thread::sleep(Duration::from_millis(500));
    client.pipelined(tool, arguments, count, 64);
    let interrupt = Command::new("kill")
        .args(["-INT", &perf.id().to_string()])
        .status();
    let ended = interrupt.ok()?.success() && perf.wait().is_ok();
    ended.then(|| shares(data)).flatten()
}

fn shares(data: &Path) -> Option<Vec<Share>> {
    let report = Command::new("perf")
        .args(["report", "--stdio", "--sort", "sym", "--input"])
        .arg(data)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let mut layers: BTreeMap<&'static str, f64> = BTreeMap::new();
    let text = String::from_utf8_lossy(&report.stdout);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((share, symbol)) = line.trim().split_once('%') {
            *layers.entry(layer(symbol)).or_default() += share.parse::<f64>().ok()? / 100.0;
        }
    }
    let mut layers: Vec<Share> = layers.into_iter().collect();
    layers.sort_by(|a, b| b.1.total_cmp(&a.1));
    (!layers.is_empty()).then_some(layers)
}

/// Which layer a function belongs to: that of the first word that is in its name.
fn layer(symbol: &str) -> &'static str {
    let known = LAYERS
        .iter()
        .find(|(words, _)| words.iter().any(|word| symbol.contains(word)));
    known.map_or("other", |(_, layer)| layer)
}

/// Words of names, and the layer that they tell.
const LAYERS: [(&[&str], &str); 12] = [
    (&["[k]"], "the kernel"),
    (
        &[
            "malloc",
            "_int_free",
            "cfree",
            "unlink_chunk",
            "realloc",
            "memalign",
            "calloc",
        ],
        "memory: taking and giving back",
    ),
    (
        &["memmove", "memset", "memcmp", "memcpy"],
        "memory: copying",
    ),
    (&["sha2::", "hmac::", "Key::hmac"], "record: hashes"),
    (&["guard::audit"], "record: encoding and writing"),
    (
        &[
            "serde_json::de",
            "serde_json::read",
            "Deserialize",
            "guard::serve::message",
        ],
        "reading JSON",
    ),
    (
        &["serde_json::ser", "value::ser", "SerializeMap", "Serialize"],
        "writing JSON",
    ),
    (
        &["readonly_fs", "globset", "encoding_rs", "memchr"],
        "the server's own work",
    ),
    (&["guard::serve"], "transport"),
    (&["guard::"], "gate: permits, quota, session, label"),
    (&["rmcp::"], "the protocol library"),
    (
        &["tokio", "CancellationToken", "clock_gettime"],
        "tasks, channels, timers",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_layer_that_its_name_tells() {
        for (symbol, wanted) in [
            (" [k] fput", "the kernel"),
            (" [.] _int_malloc", "memory: taking and giving back"),
            (
                " [.] guard::audit::encode::push_quoted",
                "record: encoding and writing",
            ),
            (
                " [.] rmcp::service::serve_inner::{{closure}}",
                "the protocol library",
            ),
            (
                " [.] guard::gate::Gate<S>::pass::{{closure}}",
                "gate: permits, quota, session, label",
            ),
            (" [.] main", "other"),
        ] {
            assert_eq!(layer(symbol), wanted, "{symbol}");
        }
    }
}
