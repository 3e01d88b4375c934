"""The web process beside the call process: started, started anew when it ends, ended with us.

Its end is no concern of any call: it costs the portal a second. Its standard input is a pipe that we hold, and when
we are gone, by kill -9 too, that closes and it ends.

| it                         | then                                                             |
|----------------------------|------------------------------------------------------------------|
| ends, after STEADY_S or so | starts again after BACK_OFF_MIN_S                                |
| ends sooner                | starts again after twice the time of before, BACK_OFF_MAX_S last |
| hangs                      | is killed (see `liveness.py`), and that was its end              |
"""

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE

import structlog
import trio

from pbx.liveness import ANSWER_S, Liveness
from pbx.sip.uri import write_hostport

BACK_OFF_MIN_S, BACK_OFF_MAX_S = 1.0, 30.0
STEADY_S = 60.0  # who has run so long did not fail at its start
START_S = 30.0  # to say where it listens; then it is ended and started anew
STOP_S = 5.0  # to end in good order once its input is closed; then it is killed
LINE_MAX_BYTES = 4096  # of what it says on standard output; more is not for us

URL_FILE = "web.url"  # in the data folder, while the portal is up: what `pbx link` makes links for

log = structlog.get_logger()


async def run_web(
    folder: Path, web: tuple[str, int], on_up: Callable[[str], None], log_level: str | None = None
) -> None:
    """Runs `python -m pbx.web` on host and port `web` until cancelled; calls `on_up` with its address at each start.

    It logs as pbx.toml says, or from `log_level` on. With port 0 the first start chooses one, and the others keep to
    it: it is what people have in their browsers.
    """
    back_off_s = BACK_OFF_MIN_S
    try:
        while True:
            started_at, misses = trio.current_time(), 0
            try:
                async with _process(folder, web, log_level) as process:
                    if (url := await _said_where(process)) is not None:
                        web = (web[0], int(url.rpartition(":")[2]))
                        (folder / URL_FILE).write_text(url + "\n")
                        on_up(url)
                        misses = await _wait_end(process, url)
                why = f"exit code {process.returncode}"
            except OSError as error:  # no memory to fork, no disk to write to: nothing that may reach a call
                why = str(error)
            if trio.current_time() - started_at >= STEADY_S:
                back_off_s = BACK_OFF_MIN_S
            log.warning("the web process ended", why=why, again_in_s=back_off_s, unanswered=misses)
            await trio.sleep(back_off_s)
            back_off_s = min(2 * back_off_s, BACK_OFF_MAX_S)
    finally:
        with suppress(OSError):
            (folder / URL_FILE).unlink(missing_ok=True)


@asynccontextmanager
async def _process(folder: Path, web: tuple[str, int], log_level: str | None) -> AsyncIterator[trio.Process]:
    command = [sys.executable, "-m", "pbx.web", "--data", str(folder), "--web", write_hostport(*web)]
    command += [] if log_level is None else ["--log-level", log_level]
    process = await trio.lowlevel.open_process(command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    try:
        yield process
    finally:
        with trio.CancelScope(shield=True):  # bounded: STOP_S, then a kill
            await process.stdin.aclose()
            with trio.move_on_after(STOP_S):
                await process.wait()
            if process.poll() is None:
                process.kill()
                await process.wait()
            await process.stdout.aclose()


async def _wait_end(process: trio.Process, url: str) -> int:
    """Returns once it has ended, by itself or, where it hangs, by us: how often it did not answer."""
    liveness = Liveness(url)

    async def kill_if_hung() -> None:
        await liveness.wait_hung()
        log.warning("the web process hangs: it is killed", unanswered=liveness.misses, within_s=ANSWER_S)
        process.kill()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(kill_if_hung)
        await process.wait()
        nursery.cancel_scope.cancel()
    return liveness.misses


async def _said_where(process: trio.Process) -> str | None:
    """The address that it says it listens at; None: it ended, was silent for START_S, or said something else."""
    assert process.stdout is not None, "it was asked for"
    line = b""
    with trio.move_on_after(START_S):
        while b"\n" not in line and len(line) < LINE_MAX_BYTES:
            more = await process.stdout.receive_some(LINE_MAX_BYTES)
            if not more:
                return None
            line += more
    try:
        url = str(json.loads(line.partition(b"\n")[0])["web"])
        int(url.rpartition(":")[2])  # the port, which is kept
        return url
    except (ValueError, TypeError, KeyError):
        log.error("the web process said something else than where it listens", line=repr(line[:200]))
        return None
