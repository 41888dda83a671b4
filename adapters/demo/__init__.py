"""The demo's training: three environments learn or act, paced so that a person can watch, and are recorded.

It runs in a process of its own (`python -m cornerman.adapters.demo`), as training does in real life; the terminal that
shows it shares nothing with it but the store.
"""
