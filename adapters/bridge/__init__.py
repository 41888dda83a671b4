"""Commands of other programs, run, watched and understood: `cornerman run` and `cornerman import-logs`."""
