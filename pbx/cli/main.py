"""`pbx COMMAND`: finds the command, and says what went wrong.

Each command is a function of its own name in a module of its own name, imported only when it is called: `pbx check`
must not wait for the server's imports.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from pbx.cli.trouble import MISUSED, Trouble
from pbx.config.mistake import ConfigMistakes

COMMANDS = {
    "init": "Write a first configuration with two extensions.",
    "check": "Read the configuration and name every mistake in it.",
    "pin": "Print the hash of a mailbox' PIN, for the tenant's file.",
    "route": "Say where a call would go, every step with its reason.",
    "serve": "Run the PBX until it is told to stop.",
    "demo": "Run a PBX with two extensions that has just tested itself.",
    "doctor": "Say what this machine and configuration give, and what is amiss.",
    "calls": "Show the calls of the running PBX.",
    "cdr": "Show the calls that are over.",
    "link": "Print a one-time link into the portal.",
}

app = App(
    name="pbx",
    help="A multi-tenant PBX that explains and tests itself.",
    help_format="plaintext",
    version=lambda: version("mediacore-pbx"),
)
for _name, _help in COMMANDS.items():
    app.command(f"pbx.cli.{_name}:{_name}", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (None: the process' own) and returns its exit code: 0, 1 it failed, 2 it was misused."""
    try:
        result = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:  # printed already
        print("`pbx --help` lists the commands, `pbx COMMAND --help` their options", file=sys.stderr)
        return MISUSED
    except ConfigMistakes as refused:
        return report(refused)
    except Trouble as trouble:
        print(f"pbx: {trouble.what}\n{trouble.next}", file=sys.stderr)
        return trouble.exit_code
    return result if isinstance(result, int) else 0


def report(refused: ConfigMistakes) -> int:
    """Every mistake on a line of its own on stderr; returns the exit code."""
    count = len(refused.mistakes)
    for mistake in refused.mistakes:
        print(mistake, file=sys.stderr)
    print(f"{count} mistake{'s' if count > 1 else ''}: mend them, then `pbx check` again", file=sys.stderr)
    return 1
