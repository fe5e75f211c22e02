//! A kernel that is older than this one: some calls are not there.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::process::ExitCode;

use seccompiler::BpfProgram;
use seccompiler::SeccompAction;
use seccompiler::SeccompFilter;

/// Runs `program` without `calls`; does not come back.
pub fn run(calls: &str, program: &str, arguments: &[&str]) -> ExitCode {
    let numbers = calls.split(',').flat_map(|call| match call {
        "landlock" => vec![
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self,
        ],
        "seccomp" => vec![libc::SYS_seccomp],
        "openat2" => vec![libc::SYS_openat2],
        "clone3" => vec![libc::SYS_clone3],
        other => panic!("{other} is not known"),
    });
    let rules: BTreeMap<i64, _> = numbers.map(|number| (number, Vec::new())).collect();
    let gone = SeccompAction::Errno(libc::ENOSYS as u32);
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, gone, arch).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&filter).unwrap();
    panic!("{}", Command::new(program).args(arguments).exec());
}
