"""The commands of `python -m mediacore`, a file for each. Not for import by programs: they have `mediacore` itself."""
