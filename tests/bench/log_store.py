"""Builds a store of log records, and asks it: `just bench-logs`.

python tests/bench/log_store.py build --records 10000000 /tmp/logs-10m
"""
