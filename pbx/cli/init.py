"""`pbx init`: writes a first configuration and prints the passwords and PINs that nobody can read again."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import MISUSED, Trouble
from pbx.config import folder as data_folder
from pbx.config.folder import FolderInUse, Initialised


def init(
    folder: Annotated[Path | None, Parameter(help="The same as --data.")] = None,
    /,
    *,
    data: Data = DATA,
    tenant: Annotated[str, Parameter(help="The first tenant's name.")] = "demo",
    domain: Annotated[str | None, Parameter(help="Its SIP domain; NAME.localhost if not given.")] = None,
    json: Json = False,
) -> int:
    """Write a first configuration with two extensions.

    Nothing that exists is written over. Passwords and PINs are printed once; the files hold only hashes of them.
    """
    folder = folder or data
    try:
        made = data_folder.init(folder, tenant=tenant, domain=domain)
    except FolderInUse as used:
        raise Trouble(str(used), "choose another folder, or edit what is there and run `pbx check`") from used
    except ValueError as error:
        raise Trouble(str(error), "`pbx init --help` shows the options", exit_code=MISUSED) from error
    except OSError as error:
        raise Trouble(
            f"{folder} cannot be written: {error.strerror}", "choose another folder with --data DIR"
        ) from error
    if json:
        sys.stdout.write(msgspec.json.encode(made, enc_hook=str).decode() + "\n")
    else:
        _print(made)
    return 0


def _print(made: Initialised) -> None:
    for path in made.files:
        print(f"wrote {path}")
    print(f"\ntenant {made.tenant}, domain {made.domain}; passwords and PINs are shown this once:")
    for extension in made.extensions:
        print(f"  {extension.number}  {extension.password}  PIN {extension.pin}  {extension.name}")
    print(f"\nnext: pbx check --data {made.folder}, then pbx serve --data {made.folder}")
