"""Messages that callers leave in a real PBX: a box to leave them in, and whether what is in it plays."""

import io
import json
import wave

import numpy as np
import pytest

from pbx.blobs.local import LocalBlobs
from pbx.bus.folder import connect_in
from pbx.events.voicemail_message import Message, audio_key
from tests.support.pbx_process import DataFolder, PbxProcess
from tests.support.tone_heard import WINDOW_S, windows

TO_DIAL = "8102"
BEEP_HZ = 1000.0
GREETING_S = 1.2  # from the first beep to the recording: the greeting here is the beep too, and each takes 0.3 s
UNSAVED_S = 0.5  # of a recording whose writer dies: 0.2 s, and what was on its way
ASK_S = 5.0
BOX = """
[nodes.greeted-box]
kind = "voicemail"
box = "102"
greeting = "beep"
"""


def add_box(folder: DataFolder) -> None:
    """TO_DIAL leads to the box of 102, whose greeting is a beep."""
    tenant = folder.path / "tenants" / f"{folder.scope.tenant}.toml"
    tenant.write_text(tenant.read_text().replace("[numbers]\n", f'[numbers]\n"{TO_DIAL}" = "greeted-box"\n') + BOX)


async def messages(pbx: PbxProcess) -> list[Message]:
    """All messages of the tenant, the oldest first, as the web process asks for them."""
    async with connect_in(pbx.folder.path) as bus:
        answer = await bus.request(pbx.folder.scope, "voicemail.list", timeout_s=ASK_S)
    return list(reversed([Message(**each) for each in json.loads(answer)]))


async def assert_plays(folder: DataFolder, message: Message, tone_hz: float, spoken_s: float) -> None:
    """The file has the tone, for as long as it was sent but for the last moment."""
    blobs = LocalBlobs(folder.path / "blobs")
    async with blobs.get(folder.scope, audio_key(message.box, message.id)) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
        assert file.getnframes() / file.getframerate() == pytest.approx(message.duration_s, abs=0.01)
    tone_s = sum(abs(each.peak_hz - tone_hz) < 8 for each in windows(samples)) * WINDOW_S
    assert tone_s >= spoken_s - UNSAVED_S - WINDOW_S
    assert tone_s <= spoken_s + 1.0
