"""One file per subcommand of `cornerman`: its arguments, its help, what it prints and its exit code."""
