"""Every word that can stand in a log line of ours, and the one way to write it."""
