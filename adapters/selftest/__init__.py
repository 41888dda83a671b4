"""The promises, proved on the user's own host, beside their own store, with their own environment.

Each check is a function `check(bench) -> Result` in a module of its subject; `suite` runs them. What they record lies
in a folder of their own (`scratch`) and goes with it. A check does what a user's program does (`record`, `open_store`,
`kill -9`) and looks at the outcome: nothing in it is an imitation.
"""
