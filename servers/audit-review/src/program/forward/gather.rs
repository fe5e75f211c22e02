//! Takes the next batch from the trail, and tells where the trail is not what it was.
//!
//! # Invariants
//!
//! - Nothing of where a receiver stands changes here: what was gathered says where it then stands.
//! - Each line that is passed over has a notice in its place.

use std::ops::ControlFlow;

use guard::audit::Event;
use guard::audit::Next;
use guard::audit::Position;
use guard::audit::Trouble;
use guard::audit::Why;

use crate::effects::Trail;
use crate::forward::batch::Batch;
use crate::forward::batch::Item;
use crate::forward::batch::Notice;
use crate::forward::kept::At;

/// A batch, and where its receiver stands once it took it.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) batch: Batch,
    pub(super) end: At,
    /// Whether there may be more now.
    pub(super) more: bool,
    pub(super) notices: Vec<Notice>,
}

/// Why nothing could be gathered.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotGathered {
    #[error("the trail cannot be read: {0}")]
    Trail(#[from] Trouble),
    #[error("the trail cannot be read: {0}")]
    Length(#[from] std::io::Error),
    #[error("no file of the trail is there from the one on that was sent last")]
    Absent,
    #[error(
        "the trail is another one: remove the file of the position to send it from where `from` says"
    )]
    Other,
}

/// What is taken of a trail.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The findings of `watch` alone.
    pub(super) findings: bool,
    /// After so many bytes it is enough.
    pub(super) bytes: usize,
    /// Says when to stop.
    pub(super) stopped: &'a dyn Fn() -> bool,
}

/// What comes after `at`.
pub(super) fn gather(trail: &Trail, at: &At, wanted: Wanted<'_>) -> Result<Gathered, NotGathered> {
    let mut to = Taken {
        batch: Batch::default(),
        notices: Vec::new(),
        seq: at.seq,
        stuck: false,
        wanted,
    };
    let Some(from) = ground(trail, at, &mut to)? else {
        return Ok(Gathered {
            batch: to.batch,
            end: at.clone(),
            more: false,
            notices: to.notices,
        });
    };
    let mut more = false;
    let position = trail.lines_from(from, |next| {
        to.take(next);
        more = to.batch.is_full(wanted.bytes) || (wanted.stopped)();
        if more {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(Gathered {
        batch: to.batch,
        end: At {
            position,
            seq: to.seq,
            stuck: to.stuck,
        },
        // what comes after a line that is too long is in another file
        more: more || to.stuck,
        notices: to.notices,
    })
}

/// Where to go on: where it stands, unless that is not there any more. `None` where it waits.
fn ground(trail: &Trail, at: &At, to: &mut Taken<'_>) -> Result<Option<Position>, NotGathered> {
    let position = &at.position;
    match trail.length(position)? {
        Some(bytes) if bytes < position.byte => {
            // numbers begin anew here: what was cut off may have been written otherwise
            to.seq = None;
            to.notice(Notice::Shortened {
                segment: position.segment,
                sent: position.byte,
                bytes,
            });
            Ok(Some(Position {
                byte: 0,
                last: None,
                ..position.clone()
            }))
        }
        Some(_) if !at.stuck => Ok(Some(position.clone())),
        there => {
            let (next, known) = trail.after(position)?;
            match (next, there) {
                (Some(next), _) if next.chain == position.chain => Ok(Some(Position {
                    chain: next.chain,
                    segment: next.number,
                    byte: 0,
                    last: None,
                })),
                (_, Some(_)) => {
                    // it waits for the next file, and has told why
                    to.stuck = true;
                    Ok(None)
                }
                (_, None) if known => Err(NotGathered::Absent),
                (_, None) => Err(NotGathered::Other),
            }
        }
    }
}

struct Taken<'a> {
    batch: Batch,
    notices: Vec<Notice>,
    seq: Option<u64>,
    stuck: bool,
    wanted: Wanted<'a>,
}

impl Taken<'_> {
    fn take(&mut self, next: Next<'_>) {
        match next {
            Next::Event { line, link } | Next::Own { line, link } => {
                if let Some(after) = self.seq
                    && link.seq > after.saturating_add(1)
                {
                    self.notice(Notice::Gap {
                        after,
                        next: link.seq,
                    });
                }
                self.seq = Some(link.seq);
                self.line(line, link.seq);
            }
            Next::Bad { file, byte, why } => {
                self.stuck = why == Why::TooLong;
                self.seq = None;
                self.notice(Notice::Bad {
                    file: file.to_owned(),
                    byte,
                    why: why.to_string(),
                });
            }
        }
    }

    fn line(&mut self, line: &[u8], seq: u64) {
        // no other record has these bytes in it: within a text a quote is escaped
        if self.wanted.findings && memchr::memmem::find(line, FINDING).is_none() {
            return;
        }
        match (str::from_utf8(line), Event::parse(line)) {
            (Ok(text), Ok(_)) => self.batch.push(Item::Line(text.to_owned())),
            // its hash fits, and it is no record all the same: somebody made it
            _ => self.notice(Notice::Bad {
                file: format!("line {seq}"),
                byte: 0,
                why: "not a record".to_owned(),
            }),
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice.clone());
        self.batch.push(Item::Notice(notice));
    }
}

const FINDING: &[u8] = b",\"kind\":\"detect\"";

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test tampers with files")]
mod tests {
    use super::*;
    use crate::forward::settings::From;
    use crate::testing::write;

    fn record(who: &str) -> String {
        format!(",\"kind\":\"request\",\"principal.id\":\"{who}\"")
    }

    fn all(trail: &Trail, at: &At) -> Gathered {
        let wanted = Wanted {
            findings: false,
            bytes: usize::MAX,
            stopped: &|| false,
        };
        gather(trail, at, wanted).unwrap()
    }

    fn start(trail: &Trail) -> At {
        At {
            position: trail.end(From::Start).unwrap().unwrap(),
            seq: Some(0),
            stuck: false,
        }
    }

    fn path(trail: &Trail) -> std::path::PathBuf {
        let mut files = trail.dir().read_dir().unwrap();
        files.next().unwrap().unwrap().path()
    }

    #[test]
    fn a_batch_ends_at_its_bound_and_the_next_goes_on_there() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[
                (0..20).map(|_| record("ada")).collect(),
                vec![record("bob")],
            ],
        );
        let trail = Trail::new(dir.path());
        let whole = all(&trail, &start(&trail));
        assert_eq!((whole.batch.items().len(), whole.more), (23, false));
        let (mut at, mut texts) = (start(&trail), Vec::new());
        loop {
            let wanted = Wanted {
                findings: false,
                bytes: 500,
                stopped: &|| false,
            };
            let next = gather(&trail, &at, wanted).unwrap();
            assert!(next.batch.bytes() < 1000);
            let items = next.batch.items().iter();
            texts.extend(items.map(|item| item.text().into_owned()));
            at = next.end;
            if !next.more {
                break;
            }
        }
        let items = whole.batch.items().iter();
        assert_eq!(
            texts,
            items
                .map(|item| item.text().into_owned())
                .collect::<Vec<_>>()
        );
        assert_eq!((at.seq, at.position), (Some(23), whole.end.position));
    }

    #[test]
    fn l4_a_file_that_became_shorter_is_told_and_sent_anew() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[(0..5).map(|_| record("ada")).collect()]);
        let trail = Trail::new(dir.path());
        let at = all(&trail, &start(&trail)).end;
        // somebody wrote it anew, and less of it
        write(dir.path(), &[(0..2).map(|_| record("eve")).collect()]);
        let next = all(&trail, &at);
        assert!(
            matches!(next.notices[..], [Notice::Shortened { .. }]),
            "{next:?}"
        );
        assert_eq!(next.batch.items().len(), 4);
        assert!(all(&trail, &next.end).batch.is_empty());
    }

    #[test]
    fn l4_a_file_that_was_written_anew_does_not_follow() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[(0..5).map(|_| record("ada")).collect()]);
        let trail = Trail::new(dir.path());
        let at = all(&trail, &start(&trail)).end;
        write(dir.path(), &[(0..9).map(|_| record("eve")).collect()]);
        let next = all(&trail, &at);
        assert!(matches!(next.notices[..], [Notice::Bad { .. }]), "{next:?}");
    }

    #[test]
    fn what_follows_a_line_without_end_is_told_once_and_the_next_file_comes() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[vec![record("ada")]]);
        let trail = Trail::new(dir.path());
        let mut text = std::fs::read(path(&trail)).unwrap();
        text.extend(vec![b'x'; 1 << 20]);
        text.extend(b"\n");
        std::fs::write(path(&trail), text).unwrap();
        let first = all(&trail, &start(&trail));
        assert!(
            matches!(first.notices[..], [Notice::Bad { .. }]),
            "{first:?}"
        );
        let waits = all(&trail, &first.end);
        assert!(waits.batch.is_empty() && !waits.more && waits.end.stuck);
        let long = std::fs::read(path(&trail)).unwrap();
        let name = path(&trail);
        write(dir.path(), &[vec![record("ada")], vec![record("bob")]]);
        std::fs::write(name, long).unwrap();
        let next = all(&trail, &waits.end);
        assert_eq!(next.batch.items().len(), 2, "{next:?}");
        assert!(!next.end.stuck);
    }

    #[test]
    fn a_trail_of_another_chain_is_not_taken_for_this_one() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[vec![record("ada")]]);
        let trail = Trail::new(dir.path());
        let mut at = start(&trail);
        at.position.chain = "ffffffffffffffff".to_owned();
        let wanted = Wanted {
            findings: false,
            bytes: 1,
            stopped: &|| false,
        };
        assert!(matches!(
            gather(&trail, &at, wanted),
            Err(NotGathered::Other)
        ));
    }

    #[test]
    fn findings_are_told_from_what_only_speaks_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let finding = ",\"kind\":\"detect\",\"detect.rule\":\"flood\"".to_owned();
        let quotes =
            r#","kind":"request","principal.id":"\u0022,\u0022kind\u0022:\u0022detect\u0022""#;
        write(
            dir.path(),
            &[vec![record("ada"), finding, quotes.to_owned()]],
        );
        let trail = Trail::new(dir.path());
        let wanted = Wanted {
            findings: true,
            bytes: usize::MAX,
            stopped: &|| false,
        };
        let got = gather(&trail, &start(&trail), wanted).unwrap();
        assert_eq!(got.batch.items().len(), 1);
        assert_eq!(got.end.seq, Some(4));
    }
}
