//! `check --online`: whether each host can be reached and believed. Nothing is asked of it.

use std::io::Write;
use std::sync::Arc;

use guard::program::StartError;
use guard::secret::Providers;

use super::ask::plain;
use super::say;
use crate::effects::Settings;
use crate::effects::probe;
use crate::effects::upstream::Upstream;

/// Connects to each host and tells what it found. Fails if any of them could not be called.
pub(super) fn online(
    upstreams: &[Upstream],
    secrets: Arc<Providers>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let settings = Settings::new(secrets);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| StartError::step("connect to the hosts", cause))?;
    let (mut all, mut bad) = (0, 0);
    for upstream in upstreams {
        for probed in runtime.block_on(probe::probe(upstream, &settings)) {
            all += 1;
            bad += usize::from(!probed.is_good());
            say(out, &format!("\n{}  {}\n", probed.upstream, probed.origin))?;
            for finding in &probed.findings {
                let (sign, text) = match finding {
                    Ok(text) => ("ok", text),
                    Err(text) => ("NO", text),
                };
                // a certificate may say anything
                say(out, &format!("  {sign}  {}\n", plain(text)))?;
            }
        }
    }
    if bad > 0 {
        let why = format!("{bad} of {all} cannot be called");
        return Err(StartError::step("connect to the hosts", why));
    }
    Ok(())
}
