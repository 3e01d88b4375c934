"""One migration a file, in order, never edited once released."""
