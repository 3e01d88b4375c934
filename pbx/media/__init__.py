"""The seam between calls and the media engine: an interface, the native engine behind it, and a fake for virtual time."""
