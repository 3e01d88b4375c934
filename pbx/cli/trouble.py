"""What a command could not do, and what the person at the terminal can do about it."""

FAILED = 1  # the thing asked about is wrong: a configuration with mistakes, a folder in use
MISUSED = 2  # the question is wrong: no such tenant, no such time


class Trouble(Exception):
    """Ends a command. `what` happened and what to do `next`, one line each, go to stderr."""

    def __init__(self, what: str, next: str, *, exit_code: int = FAILED) -> None:
        super().__init__(f"{what}\n{next}")
        self.what = what
        self.next = next
        self.exit_code = exit_code
