//! Places that change, go away, come back and say no, at instants that the tests choose.

use std::io::ErrorKind;
use std::sync::Barrier;
use std::thread;

use super::*;
use crate::secret::LeaseId;
use crate::secret::Loaded;
use crate::secret::Trouble;
use crate::secret::Unreached;

/// A place under the control of a test.
struct Place {
    value: Mutex<Result<String, Trouble>>,
    lease: Mutex<Option<Lease>>,
    renewal: Mutex<Option<Lease>>,
    stamp: Mutex<Option<Stamp>>,
    fetched: Mutex<u32>,
    renewed: Mutex<u32>,
    /// Where two meet in the middle of fetching.
    gate: Option<(Barrier, Barrier)>,
}

impl Loads for Place {
    fn fetch(&self, reference: &SecretRef) -> Result<Loaded, SecretError> {
        *self.fetched.lock().unwrap() += 1;
        if let Some((entered, leave)) = &self.gate {
            entered.wait();
            leave.wait();
        }
        let value = self.value.lock().unwrap().clone();
        let value = value.map_err(|trouble| SecretError::unusable(reference, trouble))?;
        Ok(Loaded {
            secret: Secret::new(value).unwrap(),
            lease: self.lease.lock().unwrap().clone(),
        })
    }

    fn renew(&self, reference: &SecretRef, _: &LeaseId) -> Result<Lease, SecretError> {
        *self.renewed.lock().unwrap() += 1;
        let refused = SecretError::unusable(
            reference,
            Trouble::Refused {
                status: 400,
                remedy: "",
            },
        );
        self.renewal.lock().unwrap().clone().ok_or(refused)
    }

    fn stamp(&self, _: &SecretRef) -> Option<Stamp> {
        *self.stamp.lock().unwrap()
    }
}

fn place() -> Place {
    Place {
        value: Mutex::new(Ok("one".to_owned())),
        lease: Mutex::default(),
        renewal: Mutex::default(),
        stamp: Mutex::default(),
        fetched: Mutex::default(),
        renewed: Mutex::default(),
        gate: None,
    }
}

fn kept(place: Place) -> (Arc<Place>, Arc<Kept>, Instant) {
    let place = Arc::new(place);
    let loads: Arc<dyn Loads> = Arc::clone(&place) as _;
    let kept = Kept::new("env:X".parse().unwrap(), loads, Rhythm::default());
    (place, Arc::new(kept), Instant::now())
}

fn set(place: &Place, value: Result<&str, Trouble>) {
    *place.value.lock().unwrap() = value.map(str::to_owned);
}

fn at(kept: &Kept, start: Instant, seconds: u64) -> Result<String, SecretError> {
    let now = start + Duration::from_secs(seconds);
    kept.current(now)
        .map(|secret| secret.show_to(str::to_owned))
}

fn fetched(place: &Place) -> u32 {
    *place.fetched.lock().unwrap()
}

fn lease(seconds: u64, renewable: bool) -> Lease {
    Lease {
        time: Duration::from_secs(seconds),
        renewable: renewable.then(|| LeaseId("database/creds/x/1".to_owned())),
    }
}

fn stamp(inode: i128) -> Stamp {
    Stamp([1, inode, 3, 0, 0, 0, 0])
}

const AWAY: Trouble = Trouble::Unreached(Unreached::Connect(ErrorKind::ConnectionRefused));
const NO: Trouble = Trouble::Refused {
    status: 403,
    remedy: "",
};

#[test]
fn a_value_is_read_anew_at_its_interval_and_not_before() {
    let (place, kept, start) = kept(place());
    assert_eq!(at(&kept, start, 0).unwrap(), "one");
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 299).unwrap(), "one");
    assert_eq!(fetched(&place), 1);
    assert_eq!(at(&kept, start, 300).unwrap(), "two");
    assert_eq!(fetched(&place), 2);
}

#[test]
fn a_file_is_read_anew_when_it_looks_different_and_only_then() {
    let one = place();
    *one.stamp.lock().unwrap() = Some(stamp(1));
    let (place, kept, start) = kept(one);
    for second in 0..600 {
        assert_eq!(at(&kept, start, second).unwrap(), "one");
    }
    assert_eq!(fetched(&place), 1);
    set(&place, Ok("two"));
    *place.stamp.lock().unwrap() = Some(stamp(2));
    assert_eq!(at(&kept, start, 602).unwrap(), "two");
    assert_eq!(fetched(&place), 2);
}

#[test]
fn a_lease_is_renewed_before_it_ends_and_the_value_stays() {
    let one = place();
    *one.lease.lock().unwrap() = Some(lease(90, true));
    *one.renewal.lock().unwrap() = Some(lease(90, true));
    let (place, kept, start) = kept(one);
    at(&kept, start, 0).unwrap();
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 59).unwrap(), "one");
    assert_eq!(*place.renewed.lock().unwrap(), 0);
    assert_eq!(at(&kept, start, 60).unwrap(), "one");
    assert_eq!(at(&kept, start, 119).unwrap(), "one");
    assert_eq!((*place.renewed.lock().unwrap(), fetched(&place)), (1, 1));
    *place.renewal.lock().unwrap() = None;
    assert_eq!(
        at(&kept, start, 120).unwrap(),
        "two",
        "no longer: another is fetched"
    );
}

#[test]
fn a_long_lease_is_left_alone_for_two_thirds_of_it() {
    let one = place();
    *one.lease.lock().unwrap() = Some(lease(7200, true));
    *one.renewal.lock().unwrap() = Some(lease(7200, true));
    let (place, kept, start) = kept(one);
    for second in [0, 300, 4799] {
        at(&kept, start, second).unwrap();
    }
    assert_eq!((*place.renewed.lock().unwrap(), fetched(&place)), (0, 1));
    at(&kept, start, 4800).unwrap();
    assert_eq!((*place.renewed.lock().unwrap(), fetched(&place)), (1, 1));
}

#[test]
fn a_renewal_that_gives_no_more_time_is_a_reason_to_fetch_another() {
    let one = place();
    *one.lease.lock().unwrap() = Some(lease(90, true));
    *one.renewal.lock().unwrap() = Some(lease(30, true));
    let (place, kept, start) = kept(one);
    at(&kept, start, 0).unwrap();
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 60).unwrap(), "two");
}

#[test]
fn a_place_that_is_away_at_the_start_is_an_error_that_is_not_asked_for_each_call() {
    let (place, kept, start) = kept(place());
    set(&place, Err(AWAY));
    let said = at(&kept, start, 0).unwrap_err().to_string();
    assert!(
        said.starts_with("env:X: cannot connect to the server"),
        "{said}"
    );
    for second in 0..10 {
        assert!(at(&kept, start, second).is_err());
    }
    assert_eq!(fetched(&place), 1);
    set(&place, Ok("one"));
    assert_eq!(at(&kept, start, 10).unwrap(), "one");
}

#[test]
fn a_place_that_is_away_later_leaves_the_last_value_until_it_ends() {
    let (place, kept, start) = kept(place());
    at(&kept, start, 0).unwrap();
    set(&place, Err(AWAY));
    for second in 300..3900 {
        assert_eq!(at(&kept, start, second).unwrap(), "one", "{second}");
    }
    assert_eq!(fetched(&place), 1 + 360, "not at each call");
    assert!(at(&kept, start, 3900).is_err());
    assert!(at(&kept, start, 3905).is_err());
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 3910).unwrap(), "two");
}

#[test]
fn behind_its_lease_a_value_is_given_to_nobody() {
    let one = place();
    *one.lease.lock().unwrap() = Some(lease(90, false));
    let (place, kept, start) = kept(one);
    at(&kept, start, 0).unwrap();
    set(&place, Err(AWAY));
    assert_eq!(at(&kept, start, 89).unwrap(), "one");
    // the last attempt was a second ago, and that is no reason
    assert!(at(&kept, start, 90).is_err());
}

#[test]
fn a_place_that_says_no_is_believed_at_once() {
    let (place, kept, start) = kept(place());
    at(&kept, start, 0).unwrap();
    set(&place, Err(NO));
    assert_eq!(at(&kept, start, 299).unwrap(), "one");
    assert!(at(&kept, start, 300).is_err());
    assert!(at(&kept, start, 309).is_err());
    assert_eq!(fetched(&place), 2, "and is not asked by each call");
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 310).unwrap(), "two");
    set(&place, Err(Trouble::Absent("")));
    assert!(at(&kept, start, 610).is_err());
    set(&place, Ok("three"));
    let found = at(&kept, start, 610).unwrap();
    assert_eq!(found, "three", "what is put there is found at once");
}

#[test]
fn a_value_that_was_refused_is_fetched_anew_and_at_most_once_a_second() {
    let (place, kept, start) = kept(place());
    let anew = |millis| {
        let found = kept.anew(start + Duration::from_millis(millis));
        found.map(|secret| secret.show_to(str::to_owned))
    };
    let old = kept.current(start).unwrap();
    assert_eq!(anew(0).unwrap(), "one");
    assert!(kept.current(start).unwrap().is_same(&old));
    assert_eq!(fetched(&place), 2);
    set(&place, Ok("two"));
    assert_eq!(anew(999).unwrap(), "one", "that was fetched just now");
    assert_eq!(fetched(&place), 2);
    assert_eq!(anew(1000).unwrap(), "two");
    assert_eq!(anew(1500).unwrap(), "two");
    assert_eq!(
        fetched(&place),
        3,
        "the second who was refused finds what the first fetched"
    );
    // a look from outside costs nothing
    *place.stamp.lock().unwrap() = Some(stamp(1));
    assert_eq!(anew(2000).unwrap(), "two");
    set(&place, Ok("looks different"));
    *place.stamp.lock().unwrap() = Some(stamp(2));
    assert_eq!(anew(2001).unwrap(), "looks different");
    *place.stamp.lock().unwrap() = None;
    set(&place, Err(Trouble::Absent("")));
    anew(3001).unwrap_err();
    set(&place, Ok("three"));
    anew(4000).unwrap_err();
    assert_eq!(anew(4001).unwrap(), "three");
}

#[test]
fn one_fetches_and_the_others_do_not_wait_while_the_last_value_is_good() {
    let (_, quiet, start) = kept(place());
    let mut gated = place();
    gated.gate = Some((Barrier::new(2), Barrier::new(2)));
    let (place, kept, _) = kept(gated);
    // as if it had been fetched long ago
    quiet.current(start).unwrap();
    *kept.state() = std::mem::take(&mut *quiet.state());
    let slow = Arc::clone(&kept);
    let thread = thread::spawn(move || at(&slow, start, 300));
    let (entered, leave) = place.gate.as_ref().unwrap();
    entered.wait();
    set(&place, Ok("two"));
    assert_eq!(at(&kept, start, 300).unwrap(), "one");
    leave.wait();
    assert_eq!(thread.join().unwrap().unwrap(), "two");
    assert_eq!(at(&kept, start, 300).unwrap(), "two");
    assert_eq!(fetched(&place), 1);
}

#[test]
fn many_who_ask_first_fetch_once() {
    let (place, kept, start) = kept(place());
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(at(&kept, start, 0).unwrap(), "one"));
        }
    });
    assert_eq!(fetched(&place), 1);
}
