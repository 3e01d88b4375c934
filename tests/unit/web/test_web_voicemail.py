"""Voicemail over HTTP: the list, the audio whole and in parts, marking and deleting through the call process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.events.voicemail_message import Message
from pbx.web.audio import Unsatisfiable, read_range
from tests.support.web_app import DEMO, HERONS, T0, Web, open_web, problem

AUDIO = bytes(range(256)) * 1000  # more than a chunk


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path) as web:
        await web.sign_in()
        yield web


def message(message_id: str, *, at: float = T0, heard: bool = False) -> Message:
    return Message(message_id, "101", "102", "Grace", at, 3.5, heard)


async def keep(web: Web, message_id: str = "m1", *, scope=DEMO) -> None:
    await web.blobs.put(scope, f"voicemail/101/{message_id}.wav", AUDIO)
    await web.blobs.put(scope, f"voicemail/101/{message_id}.json", msgspec.json.encode(message(message_id)))


async def test_without_a_voicemail_application_there_are_no_messages(web):
    assert (await web.client.get("/api/voicemail")).json() == []


async def test_messages_come_newest_first(web):
    async def listed(scope, payload):
        return msgspec.json.encode([message("old", at=T0), message("new", at=T0 + 1)])

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(web.bus.handle("voicemail.list", listed))
        assert [each["id"] for each in (await web.client.get("/api/voicemail")).json()] == ["new", "old"]


async def test_the_audio_comes_whole(web):
    await keep(web)
    answer = await web.client.get("/api/voicemail/101/m1/audio")
    assert (answer.status_code, answer.content) == (200, AUDIO)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(AUDIO))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 255_999),
        ("bytes=65535-65536", 65_535, 65_536),
        ("bytes=200000-", 200_000, 255_999),
        ("bytes=-10", 255_990, 255_999),
        ("bytes=-999999999", 0, 255_999),
        ("bytes=255999-999999", 255_999, 255_999),
    ],
)
async def test_a_part_of_the_audio_comes_as_asked(web, asked, first, last):
    await keep(web)
    answer = await web.client.get("/api/voicemail/101/m1/audio", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(AUDIO)}"
    assert answer.content == AUDIO[first : last + 1]


async def test_a_part_behind_the_end_cannot_be_had(web):
    await keep(web)
    answer = await web.client.get("/api/voicemail/101/m1/audio", headers={"Range": "bytes=256000-"})
    assert problem(answer)["status"] == 416
    assert answer.headers["content-range"] == "bytes */256000"


async def test_a_part_of_what_was_there_before_is_answered_with_the_whole_of_what_is_there(web):
    await keep(web)
    headers = {"Range": "bytes=1-2", "If-Range": '"another"'}
    assert (await web.client.get("/api/voicemail/101/m1/audio", headers=headers)).status_code == 200
    headers["If-Range"] = (await web.client.get("/api/voicemail/101/m1/audio")).headers["etag"]
    assert (await web.client.get("/api/voicemail/101/m1/audio", headers=headers)).status_code == 206


async def test_a_message_of_another_tenant_is_not_there(web):
    await keep(web, scope=HERONS)
    assert problem(await web.client.get("/api/voicemail/101/m1/audio"))["status"] == 404
    assert problem(await web.client.put("/api/voicemail/101/m1", json={"heard": True}))["status"] == 404


@pytest.mark.parametrize("key", ["..%2f..%2fherons/m1", "101/..%2fm1", "101/.m1", "10%001/m1"])
async def test_no_key_leads_out_of_the_mailboxes(web, key):
    assert (await web.client.get(f"/api/voicemail/{key}/audio")).status_code in (400, 404)


async def test_marking_a_message_is_the_call_processs_work(web):
    await keep(web)
    asked = []

    def mark(scope, wanted):
        asked.append((scope, wanted))
        return message("m1", heard=wanted["heard"])

    web.answers["voicemail.mark"] = mark
    answer = await web.client.put("/api/voicemail/101/m1", json={"heard": True})
    assert answer.json() == msgspec.to_builtins(message("m1", heard=True))
    assert asked == [(DEMO, {"box": "101", "id": "m1", "heard": True})]
    for body in ({}, {"heard": "yes"}, {"heard": 1}):
        assert problem(await web.client.put("/api/voicemail/101/m1", json=body))["status"] == 422


async def test_deleting_a_message_is_the_call_processs_work(web):
    asked = []
    web.answers["voicemail.delete"] = lambda scope, wanted: asked.append((scope, wanted)) or {}
    assert (await web.client.delete("/api/voicemail/101/m1")).status_code == 204
    assert asked == [(DEMO, {"box": "101", "id": "m1"})]
    assert problem(await web.client.delete("/api/voicemail/101/.m1"))["status"] == 400


async def test_a_command_that_the_call_process_cannot_carry_out_is_said_to_be(web):
    await keep(web)
    answer = await web.client.put("/api/voicemail/101/m1", json={"heard": True})  # the handler here breaks
    assert problem(answer)["status"] == 503


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(0, 10_000))
def test_a_range_is_read_or_refused_and_lies_within(header, size):
    try:
        part = read_range(header, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < size
