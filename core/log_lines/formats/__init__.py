"""One file a log format, each with `ORDER`, `STARTS` and `recognise(line, at)`: see `parsed.Recogniser`.

A new file here is found by itself. Somebody else's package adds one with a line of its own packaging:

    [project.entry-points."cornerman.log_formats"]
    mine = "mypackage.log_format"
"""
