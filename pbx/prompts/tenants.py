"""The prompts of every tenant: each its own folder `REGION/TENANT` beside ours."""

from pathlib import Path

from pbx.prompts.library import Prompts
from pbx.tenants.scope import TenantScope


class TenantPrompts:
    """All under one folder, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, scope: TenantScope, language: str, name: str) -> Path:
        """The file of a prompt as this tenant's callers hear it. Raises UnknownPrompt."""
        return Prompts(self._folder / scope.region / scope.tenant).path(language, name)
