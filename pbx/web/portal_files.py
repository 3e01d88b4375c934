"""The portal as npm has built it: `/assets/*` for ever, anything else the page itself, which then looks at its address.

Where it was not built, as in a fresh clone, a plain page says how.
"""

import mimetypes
from pathlib import Path

from fastapi import Response
from fastapi.responses import FileResponse, HTMLResponse

from pbx.web.problem import Problem

FOLDER = Path(__file__).parent / "portal" / "static"

# The names have a hash of the content in them: another content is another name.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
NEVER = {"Cache-Control": "no-store"}

NOT_BUILT = """\
<!doctype html>
<html lang="en">
<title>pbx</title>
<h1>The portal was not built</h1>
<p>Calls and the API work. In the source tree, <code>make portal</code> builds the portal; then load this page
again.</p>
</html>
"""

_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}


class PortalFiles:
    """What is in `folder`; looked for at each request, so that a portal that is built anew is there at once."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def response(self, path: str) -> Response:
        """The answer to a GET of `path` (without the slash in front). Raises Problem."""
        file = self._file(path)
        is_asset = path.startswith("assets/")
        if file is not None and path != "index.html":
            return FileResponse(file, headers=FOR_EVER if is_asset else NEVER, media_type=_media_type(file))
        if is_asset:  # a page in its place would be run as a script
            raise Problem(404, "there is nothing under this address")
        index = self._folder / "index.html"
        if index.is_file():
            return FileResponse(index, headers=NEVER, media_type="text/html")
        return HTMLResponse(NOT_BUILT, headers=NEVER)

    def _file(self, path: str) -> Path | None:
        try:
            file = (self._folder / path).resolve()
            return file if file.is_relative_to(self._folder.resolve()) and file.is_file() else None
        except (OSError, ValueError):  # a name that no file can have
            return None


def _media_type(file: Path) -> str:
    return _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
