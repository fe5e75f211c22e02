//! Takes a secret from standard input: a line that is typed without echo, or all that is piped.
//!
//! # Invariants
//!
//! - The terminal is as it was afterwards, also when typing is cancelled.
//! - What is typed is in one buffer of fixed size, which is wiped.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::termios;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::SpecialCodeIndex;
use rustix::termios::Termios;
use secrecy::zeroize::Zeroizing;

use super::Secret;
use super::SecretError;
use super::Trouble;
use super::value::MAX_BYTES;

/// Reads a secret from `input`; `prompt` is written to `out` if somebody types there.
pub(super) fn read(
    input: impl AsFd,
    out: &mut dyn Write,
    prompt: &str,
) -> Result<Secret, SecretError> {
    let input = input.as_fd();
    let secret = if termios::isatty(input) {
        let say = |text: &str, out: &mut dyn Write| {
            let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            said.map_err(|error| SecretError::Report(error.kind()))
        };
        let quiet = Quiet::new(input).map_err(system)?;
        say(prompt, out)?;
        let line = line(input);
        drop(quiet);
        say("\n", out)?;
        line
    } else {
        all(input)
    };
    secret.map_err(SecretError::Input)
}

/// While this lives, the terminal shows nothing and hands over each key at once.
struct Quiet<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn new(terminal: BorrowedFd<'a>) -> Result<Self, Errno> {
        let before = termios::tcgetattr(terminal)?;
        let mut quiet = before.clone();
        // Signals off: an interrupt must not leave a terminal that shows nothing.
        quiet.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead was shown, and may not have been meant for here.
        termios::tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing is left to try if this fails.
        _ = termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// One line as it is typed, with the two keys that take characters back.
fn line(input: BorrowedFd<'_>) -> Result<Secret, Trouble> {
    let mut typed = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    let mut key = Zeroizing::new([0_u8; 1]);
    loop {
        match rustix::io::read(input, &mut *key) {
            Err(Errno::INTR) => continue,
            Err(error) => return Err(Trouble::System(error.kind())),
            Ok(0) => return Err(Trouble::Cancelled),
            Ok(_) => {}
        }
        let [pressed] = *key;
        match pressed {
            b'\r' | b'\n' => break,
            INTERRUPT | END => return Err(Trouble::Cancelled),
            ERASE_ALL => typed.clear(),
            BACKSPACE | DELETE => {
                // A character may have several bytes; all but the first look like this.
                while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            _ if typed.len() == MAX_BYTES => return Err(Trouble::TooLarge(MAX_BYTES)),
            byte => typed.push(byte),
        }
    }
    Secret::new(std::mem::take(&mut *typed))
}

fn all(input: BorrowedFd<'_>) -> Result<Secret, Trouble> {
    let mut bytes = Zeroizing::new(vec![0_u8; MAX_BYTES + 2]);
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match rustix::io::read(input, room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(Trouble::System(error.kind())),
        }
    }
    bytes.truncate(filled);
    Secret::new(std::mem::take(&mut *bytes))
}

fn system(error: Errno) -> SecretError {
    SecretError::Input(Trouble::System(error.kind()))
}

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const ERASE_ALL: u8 = 0x15;
const DELETE: u8 = 0x7f;

#[cfg(test)]
mod tests {
    use std::io::pipe;
    use std::os::fd::OwnedFd;
    use std::thread;
    use std::time::Duration;

    use rustix::fs::Mode;
    use rustix::fs::OFlags;
    use rustix::pty;

    use super::*;

    fn piped(bytes: &[u8]) -> Result<String, SecretError> {
        let (from, mut to) = pipe().unwrap();
        let bytes = bytes.to_vec();
        let writer = thread::spawn(move || to.write_all(&bytes));
        let mut out = Vec::new();
        let secret = read(&from, &mut out, "secret: ");
        drop(from);
        drop(writer.join().unwrap());
        assert!(out.is_empty(), "nobody sits there to be asked");
        secret.map(|secret| secret.show_to(str::to_owned))
    }

    /// What comes of keys that are typed, and what the terminal shows.
    fn typed(keys: &[u8]) -> (Result<String, SecretError>, Vec<u8>) {
        let master = pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY).unwrap();
        pty::grantpt(&master).unwrap();
        pty::unlockpt(&master).unwrap();
        let name = pty::ptsname(&master, Vec::new()).unwrap();
        let slave: OwnedFd =
            rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let before = termios::tcgetattr(&slave).unwrap().local_modes;
        let keys = keys.to_vec();
        let typist = thread::spawn(move || {
            // Not before the echo is off: what is typed ahead is thrown away.
            thread::sleep(Duration::from_millis(200));
            rustix::io::write(&master, &keys).unwrap();
            master
        });
        let mut out = Vec::new();
        let secret = read(&slave, &mut out, "secret: ");
        assert_eq!(out, b"secret: \n");
        assert_eq!(termios::tcgetattr(&slave).unwrap().local_modes, before);
        let master = typist.join().unwrap();
        drop(slave);
        let mut shown = vec![0; 100];
        let count = rustix::io::read(&master, &mut shown[..]).unwrap_or(0);
        shown.truncate(count);
        (secret.map(|secret| secret.show_to(str::to_owned)), shown)
    }

    #[test]
    fn what_is_piped_is_taken_whole() {
        assert_eq!(piped(b"pw\n").unwrap(), "pw");
        assert_eq!(piped(b"two\nlines\n").unwrap(), "two\nlines");
        assert_eq!(piped(b""), Err(SecretError::Input(Trouble::Empty)));
        assert_eq!(piped(&[b'x'; 65_536]).unwrap().len(), 65_536);
        let large = SecretError::Input(Trouble::TooLarge(65_536));
        assert_eq!(piped(&[b'x'; 65_537]), Err(large.clone()));
        assert_eq!(piped(&[b'x'; 100_000]), Err(large));
    }

    #[test]
    fn l4_what_is_typed_is_not_shown() {
        let (secret, shown) = typed("hunter2\u{e9}\u{7f}3\r".as_bytes());
        assert_eq!(secret.unwrap(), "hunter23");
        assert_eq!(shown, b"");
        let (secret, _) = typed(b"wrong\x15right\n");
        assert_eq!(secret.unwrap(), "right");
    }

    #[test]
    fn an_interrupt_leaves_the_terminal_as_it_was() {
        for keys in [&b"hun\x03"[..], b"hun\x04"] {
            let (secret, shown) = typed(keys);
            assert_eq!(secret, Err(SecretError::Input(Trouble::Cancelled)));
            assert_eq!(shown, b"");
        }
    }
}
