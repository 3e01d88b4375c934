"""What a person sees who imports mediacore without having built it."""

import shutil
import subprocess
import sys
from pathlib import Path

import mediacore


def test_without_its_native_module_the_import_says_what_would_do(tmp_path):
    source = Path(mediacore.__file__).parent
    shutil.copytree(source, tmp_path / "mediacore", ignore=shutil.ignore_patterns("_native*", "__pycache__"))
    command = [sys.executable, "-c", "import mediacore"]
    result = subprocess.run(
        command, env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "make dev" in result.stderr
    assert "pip install mediacore" in result.stderr


def test_everything_public_is_at_the_top_and_documented():
    for name in mediacore.__all__:
        assert getattr(mediacore, name).__doc__, name
