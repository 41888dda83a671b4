"""`python -m cornerman` is the `cornerman` command, for hosts where scripts are not on the path."""

from cornerman.tui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
