"""The REST API, a file for each noun. A handler is three statements: parse, call, present."""
