//! Records that somebody read the trail, in the trail itself.
//!
//! # Invariants
//!
//! - A trail is not changed beyond that for it: one that is not there is not begun, one whose end
//!   a crash tore is not mended, and one that another key signs is not taken over.

use chrono::DateTime;
use chrono::Utc;

use super::Settings;
use super::directory::Directory;
use super::disk::Disk;
use super::mark::Lock;
use super::origin::Origin;
use super::place;
use super::record::Record;
use super::signing;
use super::trail;
use super::trail::Trail;
use super::trouble::Trouble;
use super::words::Kind;

/// Appends an `admin` record of `action`, by the user of this process, to the trail of `settings`.
///
/// # Errors
///
/// [`Trouble`] if there is no trail, this user may not write it, its end is not whole, or another
/// key than that of `settings` signs it; then nothing was written.
pub fn record_access(
    settings: Settings,
    origin: Origin,
    action: &'static str,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    check(&settings)?;
    let (mut trail, _) = Trail::open(Disk::default(), settings, origin, now)?;
    let mut record = Record::new(Kind::Admin, trail::id(now)?, now);
    record.action = Some(action);
    record.peer_uid = Some(rustix::process::geteuid().as_raw());
    let record = record.encode(&trail.stamp);
    trail.own.push(record);
    let written = trail.commit(&[], now);
    let ended = trail.finish(now);
    written.and(ended)
}

/// To be done before the trail is opened to write it, which would mend, sign and announce.
fn check(settings: &Settings) -> Result<(), Trouble> {
    let directory = Directory::open(&settings.dir)?;
    directory.check()?;
    let lock = Lock::open(&directory).ok_or(Trouble::Damaged("the mark of the trail"))?;
    let held = lock.share()?;
    let mark = held.mark()?;
    let found = place::find(&directory, mark.as_ref(), None)?;
    let found = found.ok_or(Trouble::Shortened)?;
    if found.torn > 0 {
        return Err(Trouble::Damaged("the end of the trail"));
    }
    let beside = match &settings.signing_key {
        Some(_) => None,
        None => signing::read(&directory)?,
    };
    let own = settings.signing_key.as_deref().or(beside.as_ref());
    let speaks = |speaker: &signing::Speaker| own.is_some_and(|own| speaker.is(own.verifier()));
    if found.place.spoken.by.as_ref().is_none_or(speaks) {
        Ok(())
    } else {
        Err(Trouble::OtherSigner)
    }
}
