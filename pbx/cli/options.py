"""Options that several commands share, so that they are spelled and explained alike."""

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

DATA = Path("pbx-data")

Data: TypeAlias = Annotated[
    Path, Parameter(name="--data", env_var="PBX_DATA", help="The data folder: configuration, spool, records.")
]
Json: TypeAlias = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON, one object a line.")]
