"""What came with this installation. Loads the media engine's module and starts no engine."""

from importlib.metadata import version
from pathlib import Path

import pbx
from pbx.doctor.facts import Installed
from pbx.prompts import installed

INDEX = Path(pbx.__file__).parent / "web" / "portal" / "static" / "index.html"


def see_installed() -> Installed:
    """The engine, the prompts and the portal's pages."""
    engine_version, engine_error, codecs = _engine()
    prompts = installed()
    return Installed(
        version=version("mediacore-pbx"),
        engine_version=engine_version,
        engine_error=engine_error,
        codecs=codecs,
        prompts=len(prompts),
        prompts_missing=tuple(name for name, is_there in prompts.items() if not is_there),
        has_portal=INDEX.is_file(),
    )


def _engine() -> tuple[str | None, str, tuple[str, ...]]:
    try:
        import mediacore
    except ImportError as error:
        return None, str(error), ()
    # "101 telephone-event/8000" is, to people, telephone-event.
    codecs = (text.split()[-1].partition("/")[0] for text in mediacore.RtpParams().codecs)
    return mediacore.__version__, "", tuple(codecs)
