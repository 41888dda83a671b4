"""What each exit code of `cornerman` means. Scripts rely on them: they are never renumbered."""

from __future__ import annotations

OK = 0
PROBLEM = 1
USAGE = 2
STORE = 3
TROUBLE = 4
TIMED_OUT = 5
FAULT = 70
HUNG_UP = 129
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143

MEANING = {
    OK: "it worked",
    PROBLEM: "a problem was found, or what was asked for is not there",
    USAGE: "typed wrongly: an unknown option, environment, policy or query",
    STORE: "the store cannot be used: none there, not ours, too new, locked, full",
    TROUBLE: "watch: something that --fail-on names happened",
    TIMED_OUT: "watch: --timeout passed first",
    FAULT: "a fault in Cornerman itself; --debug shows where",
    HUNG_UP: "the terminal went away (SIGHUP); what was recorded is stored",
    INTERRUPTED: "stopped by Ctrl-C (SIGINT); what was recorded is stored",
    BROKEN_PIPE: "the program that read the output went away",
    TERMINATED: "stopped by SIGTERM; what was recorded is stored",
}
"""In the words of `cornerman --help`."""
