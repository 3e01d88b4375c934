"""The distribution `mediacore-pbx`: pyproject.toml says all but how the Cython scanner and the portal are built."""

import os
import subprocess
from pathlib import Path
from typing import ClassVar

from Cython.Build import cythonize
from setuptools import Command, Extension, setup
from setuptools.command.build import build

# Generated C goes under build/, so that neither a wheel nor git ever sees it.
EXTENSIONS = [
    Extension(f"{path.with_suffix('').as_posix().replace('/', '.')}", [str(path)], extra_compile_args=["-O3", "-g0"])
    for path in sorted(Path("pbx").rglob("*.pyx"))
]

PORTAL = Path("pbx/web/portal")
NOT_SOURCES = {"node_modules", "static"}  # what npm installs, and what it builds in a checkout


class BuildPortal(Command):
    """Has npm build the portal straight into the wheel; an editable install shows what `make portal` has built."""

    description = "build the portal (TypeScript, by npm)"
    user_options: ClassVar = [("build-lib=", "d", "where what is built goes")]
    editable_mode = False  # set by setuptools

    def initialize_options(self) -> None:
        self.build_lib: str | None = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build", ("build_lib", "build_lib"))

    def run(self) -> None:
        if self.editable_mode:
            return
        if not is_installed():
            npm("ci")
        npm("run", "build", "--", "--outDir", str(self.static), "--emptyOutDir")
        if not (self.static / "index.html").is_file():
            raise SystemExit(f"no wheel without the portal: npm left no {self.static / 'index.html'}")

    @property
    def static(self) -> Path:
        return Path(str(self.build_lib), PORTAL, "static").absolute()

    def get_source_files(self) -> list[str]:
        """What the sdist must have."""
        found = []
        for folder, folders, files in os.walk(PORTAL):
            folders[:] = [name for name in folders if name not in NOT_SOURCES]
            found += [str(Path(folder, name)) for name in files]
        return sorted(found)

    def get_outputs(self) -> list[str]:
        return [] if self.editable_mode else [str(path) for path in self.static.rglob("*") if path.is_file()]

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    """The usual build, and the portal."""

    sub_commands: ClassVar = [*build.sub_commands, ("build_portal", None)]


def is_installed() -> bool:
    """Whether npm's packages are there and not older than their lock."""
    installed = PORTAL / "node_modules" / ".package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= (PORTAL / "package-lock.json").stat().st_mtime


def npm(*arguments: str) -> None:
    """Runs npm in the portal's folder; what it says goes where the build's own words go."""
    try:
        subprocess.run(["npm", *arguments], cwd=PORTAL, check=True)
    except FileNotFoundError:
        raise SystemExit("npm is missing, and the portal is built by it: install Node.js 20.19 or newer") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"no wheel without the portal: npm {' '.join(arguments)} failed") from error


setup(
    ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", language_level=3),
    cmdclass={"build": Build, "build_portal": BuildPortal},
)
