"""Which processes a process has started, as the kernel knows them."""

from pathlib import Path


def web_pid(parent: int) -> int | None:
    """Of the web process that this one started."""
    threads = Path(f"/proc/{parent}/task").iterdir()  # each has the children that it made
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    ours = (child for child in children if b"pbx.web" in Path(f"/proc/{child}/cmdline").read_bytes())
    return next(map(int, ours), None)
