"""Becomes the command that follows, once the process is in order: `launch.py PARENT USER|- COMMAND...`.

A small program of its own, because hardly anything is safe between fork and exec in a parent with threads. It
runs with `-I -S`, so it imports the standard library only. The process leads a session of its own (the parent
made it), belongs to USER, and is killed by the kernel when the parent's main thread is gone.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return  # the guard alone sees to it
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("The supervisor was gone before this part began.")


def become(user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def main(parent: str, user: str, *command: str) -> None:
    if user != "-":
        become(user)
    die_with_parent(int(parent))  # after the change of user, which would clear it
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and that would be inherited
    os.execvp(command[0], command)  # noqa: S606  (a shell would stand between the signals and the part)


if __name__ == "__main__":
    main(*sys.argv[1:])
