"""The door for the CLI: a Unix socket in the data folder."""

from pathlib import Path

import trio

from pbx.server import Server


async def serve_control(folder: Path, server: Server, *, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep_forever()
