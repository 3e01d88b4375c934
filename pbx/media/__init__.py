"""The seam between calls and the media engine: an interface, the native engine behind it, a fake for tests."""
