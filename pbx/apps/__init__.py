"""Applications: what answers a call that is not another phone. Each is a folder that knows no other."""
