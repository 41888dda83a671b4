"""One file per payload kind: pure functions from a frame to terminal cells."""
