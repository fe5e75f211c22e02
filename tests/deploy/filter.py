"""Prints the BPF program of the SystemCallFilter= lines of a unit file, for `bwrap --seccomp`."""

import errno
import re
import subprocess
import sys

import seccomp


def members(name):
    """The system calls of a word: itself, or those of a set."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name],
        check=True, capture_output=True, text=True,
    ).stdout
    words = [line.strip() for line in listed.splitlines()[1:]]
    found = set()
    for word in words:
        if word and not word.startswith("#"):
            found |= members(word)
    return found


def allowed(unit):
    """What the lines allow together: the first one begins a list of what is allowed."""
    calls = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        denied = value.startswith("~")
        for word in value.removeprefix("~").split():
            calls = calls - members(word) if denied else calls | members(word)
    # what systemd itself allows in every list of what is allowed
    return calls | members("@default")


with open(sys.argv[1], encoding="utf-8") as file:
    calls = allowed(file.read())
program = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
for call in sorted(calls):
    try:
        program.add_rule(seccomp.ALLOW, call)
    except (RuntimeError, ValueError):
        pass  # of another architecture
program.export_bpf(sys.stdout.buffer)
