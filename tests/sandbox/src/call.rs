//! The one door to the system: a call by its number, and its answer as a word.

use std::ffi::CString;

/// What the system answered: `ok`, or the name of the error.
pub fn raw(number: i64, arguments: [usize; 6]) -> (i64, String) {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: every pointer that an attempt passes is to memory that outlives the call, or null.
    // That the call itself may harm this process is the purpose; it ends soon.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if answer >= 0 {
        return (answer, "ok".to_owned());
    }
    let error = std::io::Error::last_os_error();
    (answer, name(error.raw_os_error().unwrap_or(0)))
}

/// Makes a call and prints how it ended. Gives back what it gave.
pub fn tried(what: &str, number: i64, arguments: [usize; 6]) -> i64 {
    let (answer, word) = raw(number, arguments);
    say(what, &word);
    answer
}

/// Prints how an attempt ended.
pub fn say(what: &str, word: &str) {
    println!("{}", serde_json::json!({"action": what, "result": word}));
}

/// A path for the system; leaked, so that it outlives every call.
pub fn path(text: impl AsRef<str>) -> usize {
    let text = CString::new(text.as_ref()).unwrap();
    Box::leak(text.into_boxed_c_str()).as_ptr() as usize
}

/// Bytes for the system; leaked likewise.
pub fn bytes<T>(value: T) -> usize {
    std::ptr::from_mut(Box::leak(Box::new(value))) as usize
}

/// A system call of the 32-bit interface, `getpid`.
#[cfg(target_arch = "x86_64")]
pub fn as_32_bit() {
    // SAFETY: the call takes no pointer and changes nothing.
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") 20_u64 => _, options(nostack));
    }
}

fn name(number: i32) -> String {
    let names = [
        (libc::EPERM, "EPERM"),
        (libc::EACCES, "EACCES"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::ENOENT, "ENOENT"),
        (libc::EXDEV, "EXDEV"),
        (libc::EINVAL, "EINVAL"),
        (libc::EFAULT, "EFAULT"),
        (libc::EBADF, "EBADF"),
    ];
    let known = names.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("E{number}"), |(_, name)| (*name).to_owned())
}
