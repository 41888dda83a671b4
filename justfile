# The recipes of the project; CI runs these and nothing else. `python3 .ci/bootstrap.py dev` installs what they need.

# Test and lint.
default: test lint

# The tests, on the checkout as it is installed here. `just test tests/core -k frames` runs some of them.
test *args:
    pytest {{ args }}

# Format, style and the import contracts.
lint:
    ruff format --check .
    ruff check .
    PYTHONPATH=tests/_ns lint-imports --no-cache  # its cache misses modules that are new

# Apply the format and the safe fixes.
format:
    ruff format .
    ruff check --fix .

# Both type checkers.
types:
    mypy
    pyright

# Cost of a step, disk, reading: `just bench loop:CartPole --quick`, `just bench --help`. Needs the `bench` extra.
bench *args:
    python tests/bench/run.py {{ args }}

# Log records: ten million of them, beside a plain table and, where it is installed, lnav.
bench-logs *args:
    python tests/bench/run.py logs {{ args }}

# A hundred kills, faults, long runs, file systems that are full or on a network.
soak *args:
    pytest -m "soak or mounts" {{ args }}

# Accept the screens as they are drawn now.
snapshot-update *args:
    pytest --snapshot-update -k snapshot {{ args }}

# Recreate the links through which the checkers see one import name.
links:
    mkdir -p tests/_ns/cornerman
    for folder in core store adapters log_catalog tui; do ln -sfn ../../../$folder tests/_ns/cornerman/$folder; done
    for file in __init__.py __main__.py py.typed; do ln -sfn ../../../core/_package/$file tests/_ns/cornerman/$file; done

# Regenerate the reference pages.
docs:
    python docs/generate.py

# Write the documents of new payload versions; says which version a changed definition needs.
payloads:
    python -m cornerman.core.payload_documents

# The demo.
demo *args:
    cornerman demo {{ args }}

# What a release is made of.
wheel:
    rm -rf build
    python -m pip wheel --no-deps --wheel-dir dist .
