"""The command ``servanda``: one file for every family of commands; ``app`` holds what they share."""

# Help lists commands in the order in which these files are imported: from a new mission to its exports.
from servanda.cli import init, pull, work, look, forms, out  # isort: skip
from servanda.cli.app import app, main

__all__ = ["app", "forms", "init", "look", "main", "out", "pull", "work"]
