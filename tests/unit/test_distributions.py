"""What leaves the house: both sdists, and the wheels built from them, looked into and installed in empty environments.

Asks no index for anything: a fresh environment sees the dependencies that a wheel declares, and nothing else of ours.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import wave
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PORTAL = "pbx/web/portal/"
STATIC = f"{PORTAL}static/"

# The first build in a fresh clone compiles our crates twice more, on two cores.
pytestmark = pytest.mark.timeout(900)


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheels` makes."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, ROOT / "scripts" / "wheels", out, cwd=ROOT)
    return out


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels that `pip install ./mediacore .` makes on its way."""
    out = tmp_path_factory.mktemp("direct")
    run(sys.executable, ROOT / "scripts" / "wheels", "--direct", out, cwd=ROOT)
    return out


def wheel(folder: Path, distribution_name: str) -> Path:
    (found,) = folder.glob(f"{distribution_name}-*.whl")
    return found


def names_in(archive: Path) -> set[str]:
    if archive.suffix == ".whl":
        return set(ZipFile(archive).namelist())
    with tarfile.open(archive) as tar:
        return {member.name.partition("/")[2] for member in tar if member.isfile()}


def sdist_names(folder: Path, distribution_name: str) -> set[str]:
    (found,) = folder.glob(f"{distribution_name}-*.tar.gz")
    return names_in(found)


def project(folder: Path) -> dict[str, Any]:
    """The `[project]` table of the pyproject.toml in `folder`."""
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def test_both_distributions_and_the_crates_have_one_version() -> None:
    crates = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    ours, media = project(ROOT), project(ROOT / "mediacore")
    assert ours["version"] == media["version"] == crates
    assert f"mediacore=={crates}" in ours["dependencies"]


def test_the_mediacore_wheel_holds_the_engine_and_nothing_of_pbx(dist: Path) -> None:
    built = wheel(dist, "mediacore")
    names = names_in(built)
    wanted = ["__init__.py", "_native.abi3.so", "_native.pyi", "py.typed", "sdp/__init__.py"]
    assert {f"mediacore/{name}" for name in wanted} <= names
    *_, python, abi, platform = built.stem.split("-")
    assert (python, abi) == ("cp311", "abi3")  # one wheel for every CPython from 3.11 on
    assert re.fullmatch(r"manylinux_2_\d+_\w+", platform)  # looked into by maturin: nothing but glibc, and how old
    assert {name.split("/")[0] for name in names} == {"mediacore", f"mediacore-{project(ROOT)['version']}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_pbx_wheel_holds_the_compiled_scanner_and_no_sources_of_it(dist: Path) -> None:
    names = names_in(wheel(dist, "mediacore_pbx"))
    assert {"pbx/__init__.py", "pbx/py.typed", "pbx/cli/main.py"} <= names
    assert any(re.fullmatch(r"pbx/sip/_scan\.cpython-.*\.so", name) for name in names)
    assert "pbx/sip/_scan.pyi" in names
    compiled_from = (".pyx", ".pxd", ".c", ".html")  # Cython's report of a module is a page
    assert not [name for name in names if name.endswith(compiled_from) and not name.startswith(STATIC)]
    assert {name.split("/")[0] for name in names} == {"pbx", f"mediacore_pbx-{project(ROOT)['version']}.dist-info"}


def test_the_pbx_wheel_holds_the_prompts(dist: Path) -> None:
    names = names_in(wheel(dist, "mediacore_pbx"))
    wanted = ["texts.toml", "manifest.json", "en/vm-intro.flac", "pl/vm-intro.flac", "tones/beep.flac"]
    assert {f"pbx/prompts/{name}" for name in wanted} <= names


def test_the_pbx_wheel_holds_the_package_as_git_knows_it(dist: Path) -> None:
    """Nothing forgotten (a migration, a template), and nothing deleted long ago that an old build/ brought back."""
    known = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "pbx", cwd=ROOT).split()
    made_from = (".pyx", ".pxd")
    expected = {
        name
        for name in known
        if not name.endswith(made_from) and not name.startswith(PORTAL) and (ROOT / name).exists()
    }
    names = {name for name in names_in(wheel(dist, "mediacore_pbx")) if name.startswith("pbx/")}
    assert {name for name in names if not name.endswith(".so") and not name.startswith(STATIC)} == expected


def test_the_pbx_wheel_holds_the_portal_as_built_and_none_of_its_sources(dist: Path) -> None:
    names = {name for name in names_in(wheel(dist, "mediacore_pbx")) if name.startswith(PORTAL)}
    assert f"{STATIC}index.html" in names
    assert {Path(name).suffix for name in names} == {".html", ".css", ".js", ".svg"}
    assert not [name for name in names if not name.startswith(STATIC)]


def test_the_pbx_sdist_holds_the_sources_of_the_portal_and_nothing_built_or_installed(dist: Path) -> None:
    known = run("git", "ls-files", "--cached", "--others", "--exclude-standard", PORTAL, cwd=ROOT).split()
    names = {name for name in sdist_names(dist, "mediacore_pbx") if name.startswith(PORTAL)}
    assert names == {name for name in known if (ROOT / name).exists()}


def test_a_wheel_without_the_page_of_the_portal_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "npm").write_text("#!/bin/sh\n")  # says that all went well, and builds nothing
    (tmp_path / "npm").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "setup.py", "-q", "build_portal", "--build-lib", tmp_path / "lib"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "no wheel without the portal" in done.stderr


def test_the_lock_of_the_portal_names_no_registry_and_has_the_packages_of_every_system() -> None:
    lock = json.loads((ROOT / PORTAL / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    optional = {f"node_modules/{name}" for each in packages.values() for name in each.get("optionalDependencies", {})}
    assert optional <= packages.keys()
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []


def test_the_mediacore_sdist_holds_the_crates_and_their_lock(dist: Path) -> None:
    names = sdist_names(dist, "mediacore")
    crates = {f"native/mediacore-{crate}/Cargo.toml" for crate in ("rtp", "audio", "engine", "py")}
    assert {"Cargo.lock", "Cargo.toml", "pyproject.toml", "README.md", "src/mediacore/_native.pyi"} | crates <= names
    assert not [name for name in names if name.startswith(("pbx/", "target/")) or name.endswith(".so")]


def test_the_pbx_sdist_holds_what_is_compiled_and_nothing_compiled(dist: Path) -> None:
    names = sdist_names(dist, "mediacore_pbx")
    assert {"setup.py", "pbx/sip/_scan.pyx", "LICENSE"} <= names
    assert not [name for name in names if name.endswith((".c", ".so"))]


@pytest.mark.parametrize("distribution_name", ["mediacore", "mediacore_pbx"])
def test_the_sdist_builds_the_same_wheel_as_the_tree(distribution_name: str, dist: Path, direct: Path) -> None:
    from_sdist, from_tree = wheel(dist, distribution_name), wheel(direct, distribution_name)
    assert from_sdist.name == from_tree.name
    assert names_in(from_sdist) == names_in(from_tree)


def closure(requirements: list[str]) -> set[Distribution]:
    """The installed distributions that `requirements` ask for, and those that these ask for."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if name in found or name == "mediacore" or not applies:
            continue
        found[name] = distribution(name)
        waiting += [Requirement(line) for line in found[name].requires or []]
    return set(found.values())


def fresh_environment(folder: Path, *wheels: Path, requirements: list[str]) -> Path:
    """An environment with `wheels` installed by pip, beside links to their `requirements`; returns its python."""
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    links = folder / "links"
    links.mkdir()
    for found in closure(requirements):
        site = Path(str(found.locate_file("")))
        for top in {Path(file).parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            (links / top).symlink_to(site / top)
    (site_packages,) = (folder / "env").glob("lib/python*/site-packages")
    (site_packages / "links.pth").write_text(f"{links}\n")
    # Without --no-deps: pip itself checks that the wheel declares what it needs and that it is there.
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index"]
    run(*pip, *wheels, cwd=folder, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    return python


def test_mediacore_alone_runs_the_example_of_its_readme(dist: Path, tmp_path: Path) -> None:
    requirements = project(ROOT / "mediacore")["dependencies"]
    python = fresh_environment(tmp_path, wheel(dist, "mediacore"), requirements=requirements)
    readme = (ROOT / "mediacore" / "README.md").read_text()
    example = re.search(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert example is not None, "mediacore/README.md opens with an example"
    (tmp_path / "example.py").write_text(example[1])
    with wave.open(str(tmp_path / "welcome.wav"), "wb") as welcome:  # what a reader has of their own
        welcome.setparams((1, 2, 16_000, 8000, "NONE", ""))
        welcome.writeframes(bytes(16_000))
    run(python, "-W", "error", "example.py", cwd=tmp_path, env={"PATH": os.defpath})
    assert run(python, "-c", "import mediacore; print(mediacore.__file__)", cwd=tmp_path).startswith(str(tmp_path))


def test_both_wheels_give_the_command_pbx(dist: Path, tmp_path: Path) -> None:
    wheels = [wheel(dist, "mediacore"), wheel(dist, "mediacore_pbx")]
    requirements = project(ROOT)["dependencies"] + project(ROOT / "mediacore")["dependencies"]
    fresh_environment(tmp_path, *wheels, requirements=requirements)
    said = run(tmp_path / "env" / "bin" / "pbx", "--version", cwd=tmp_path, env={"PATH": os.defpath})
    assert project(ROOT)["version"] in said
    folder = tmp_path / "data"
    run(tmp_path / "env" / "bin" / "pbx", "init", "--data", folder, cwd=tmp_path, env={"PATH": os.defpath})
    run(tmp_path / "env" / "bin" / "pbx", "check", "--data", folder, cwd=tmp_path, env={"PATH": os.defpath})
