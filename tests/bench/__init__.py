"""What recording and reading cost, measured: small programs, started by `run.py`. Nothing here is a test."""
