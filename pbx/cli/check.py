"""`pbx check`: reads the whole configuration and names every mistake in it. Starts and changes nothing."""

import sys

import msgspec

from pbx.cli.options import DATA, Data, Json
from pbx.cli.trouble import FAILED
from pbx.config.load import load
from pbx.config.mistake import ConfigMistakes


def check(*, data: Data = DATA, json: Json = False) -> int:
    """Read the configuration and name every mistake in it.

    Advice is about what works and is probably not meant; it does not fail the check.
    """
    try:
        config = load(data)
    except ConfigMistakes as refused:
        if not json:
            raise
        _print_json({"ok": False, "mistakes": refused.mistakes, "advice": [], "tenants": []})
        return FAILED
    if json:
        _print_json({"ok": True, "mistakes": [], "advice": config.advice, "tenants": list(config.tenants)})
        return 0
    for advice in config.advice:
        print(f"advice: {advice}")
    extensions = sum(len(tenant.extensions) for tenant in config.tenants.values())
    tests = sum(len(tenant.plan.tests) for tenant in config.tenants.values())
    print(f"no mistakes: {len(config.tenants)} tenant(s), {extensions} extension(s), {tests} plan test(s) held")
    return 0


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
