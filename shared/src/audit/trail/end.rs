//! Where the trail ends now, whoever wrote to it meanwhile.

use chrono::DateTime;
use chrono::Utc;

use super::super::directory::Identity;
use super::super::directory::check_file;
use super::super::directory::segment_name;
use super::super::mark::Held;
use super::super::mark::Mark;
use super::super::place;
use super::super::record::Record;
use super::super::torn;
use super::super::trouble::Trouble;
use super::super::words::Kind;
use super::MAX_OWN;
use super::Trail;
use super::id;

impl Trail {
    /// Makes sure that `here` is the end of the chain, unless there is no chain yet.
    pub(super) fn settle(&mut self, held: &Held<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
        let mark = held.mark()?;
        self.cut_again(mark.as_ref())?;
        if self.is_here(mark.as_ref()) {
            return Ok(());
        }
        let known = self.here.take();
        let Some(found) = place::find(&self.directory, mark.as_ref(), known)? else {
            return Ok(());
        };
        let (chain, mut place) = (found.chain, found.place);
        if let Some((identity, fd)) = &self.cutter
            && *identity == place.identity
            && let Ok(fd) = fd.try_clone()
        {
            place.fd = fd;
        }
        if found.torn > 0 {
            let event = torn::set_aside(&self.directory, &chain, &place, found.torn, now)?;
            self.disk.cut(&place.fd, place.bytes)?;
            self.tell(&event);
        } else if mark.is_none() {
            let mut event = Record::new(Kind::Log, id(now)?, now);
            event.action = Some("recover");
            event.reason = Some("the mark was missing".into());
            self.tell(&event);
        }
        if place.bytes > 0 && mark.as_ref() != Some(&place.mark(&chain)) {
            // lines that were written but perhaps never synced: now they are, or we stop here
            self.disk.sync(&place.fd)?;
            self.directory.sync()?;
            held.set_mark(&place.mark(&chain))?;
        }
        self.here = Some((chain, place));
        Ok(())
    }

    /// Puts a line of the trail's own before the next ones.
    fn tell(&mut self, event: &Record<'_>) {
        // while nothing can be written, the same must not pile up
        if self.own.len() < MAX_OWN {
            self.own.push(event.encode(&self.stamp));
        }
    }

    /// Whether the end that is remembered is the end, and its file still the one that was opened
    /// and the last one.
    fn is_here(&self, mark: Option<&Mark>) -> bool {
        let Some((chain, place)) = &self.here else {
            return false;
        };
        let there = self.directory.look(&segment_name(chain, place.number));
        // another process may have gone on in the next file and failed: without a mark, and with
        // lines that it could not cut off
        let next = segment_name(chain, place.number.saturating_add(1));
        mark == Some(&place.mark(chain))
            && matches!(place::is_there(&self.directory, &next), Ok(false))
            && there.is_ok_and(|stat| {
                Identity::of(&stat) == place.identity
                    && u64::try_from(stat.st_size) == Ok(place.bytes)
                    && check_file(&stat).is_ok()
            })
    }

    /// Cuts off what could not be cut off before, unless others have built upon it since.
    fn cut_again(&mut self, mark: Option<&Mark>) -> Result<(), Trouble> {
        if let Some((chain, place)) = &self.uncut {
            let untouched = match mark {
                Some(mark) if place.bytes > 0 => *mark == place.mark(chain),
                Some(mark) => mark.segment < place.number,
                None => place.bytes == 0,
            };
            if untouched {
                self.disk.cut(&place.fd, place.bytes)?;
            }
            self.uncut = None;
        }
        Ok(())
    }
}
