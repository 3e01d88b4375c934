"""Media engine: RTP legs, bridges and audio on native threads, without the GIL."""

from mediacore._native import version

__version__ = version()
__all__ = ["__version__"]
