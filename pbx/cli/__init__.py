"""The command line: one verb, one noun, `--json` everywhere, errors on stderr with what to do next."""
