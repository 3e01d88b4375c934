"""What came with the installation: engine, prompts, portal."""

from collections.abc import Iterator

from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding

SHOWN_MAX = 5


def engine(facts: Facts) -> Iterator[Finding]:
    """Which codecs do calls have."""
    seen = facts.installed
    if seen.engine_version is None:
        remedy = "install mediacore of the same version, or in a checkout: `make dev`"
        yield Finding("codecs", "problem", f"the media engine does not load: {seen.engine_error}", remedy)
    elif seen.engine_version != seen.version:
        said = f"the media engine is {seen.engine_version}, the PBX {seen.version}"
        yield Finding("codecs", "problem", said, f"install mediacore {seen.version}, or in a checkout: `make dev`")
    else:
        yield Finding("codecs", "ok", f"{', '.join(seen.codecs)} (mediacore {seen.engine_version})")


def prompts(facts: Facts) -> Iterator[Finding]:
    """Is there something to say to callers."""
    missing = facts.installed.prompts_missing
    if missing:
        shown = ", ".join(missing[:SHOWN_MAX]) + (" …" if len(missing) > SHOWN_MAX else "")
        said = f"{len(missing)} of {facts.installed.prompts} are missing: {shown}"
        yield Finding("prompts", "problem", said, "install the wheel anew, or in a checkout: `git restore pbx/prompts`")
    else:
        yield Finding("prompts", "ok", f"all {facts.installed.prompts} are there")


def portal(facts: Facts) -> Iterator[Finding]:
    """Are there pages for people."""
    if facts.installed.has_portal:
        yield Finding("portal", "ok", "its pages are built")
    else:
        remedy = "install a wheel, which always has it, or in a checkout: `make portal`"
        yield Finding("portal", "advice", "its pages are not built: calls work, and nobody can look at them", remedy)
