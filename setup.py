"""The distribution `mediacore-pbx`: pyproject.toml says all but how the Cython scanner is compiled."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# Generated C goes under build/, so that neither a wheel nor git ever sees it.
EXTENSIONS = [
    Extension(f"{path.with_suffix('').as_posix().replace('/', '.')}", [str(path)], extra_compile_args=["-O3", "-g0"])
    for path in sorted(Path("pbx").rglob("*.pyx"))
]

setup(ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", language_level=3))
