//! The exit codes of what the commands find, beside those of
//! [`Verdict::exit_code`](guard::audit::Verdict::exit_code). They are stable.

/// A place at which the trail is not what was written: as `verify` says of it.
pub(super) const BROKEN: u8 = 13;
/// Those of a trail that is whole, as far as was looked.
pub(super) const OF_WHOLE: [u8; 4] = [10, 11, UNPROVEN, UNPROVABLE];
/// A proof does not hold.
pub(super) const UNPROVEN: u8 = 20;
/// There is no proof of that record.
pub(super) const UNPROVABLE: u8 = 21;
/// A signal ended it before there was anything to say.
pub(super) const CANCELLED: u8 = 22;
/// A receiver did not take all.
#[cfg(feature = "forward")]
pub(super) const BEHIND: u8 = 30;
