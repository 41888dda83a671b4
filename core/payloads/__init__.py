"""The stored formats: one file per payload and version, each readable for ever."""
