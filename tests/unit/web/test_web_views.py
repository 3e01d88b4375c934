"""Calls, registrations and CDRs as the API has them; whose they are, and what is said while calls are away."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trio.testing

from pbx.cdr.cdr import Cdr
from pbx.events.live_call import LiveCall
from pbx.events.live_registration import LiveRegistration
from tests.support.sample_cdr import sample_cdr
from tests.support.web_app import DEMO, HERONS, T0, Web, open_web, problem


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path) as web:
        await web.sign_in()
        yield web


def registration(extension: str, contact: str = "sip:101@192.0.2.7") -> LiveRegistration:
    return LiveRegistration(extension, "Ada", contact, "192.0.2.7:5060", "phone/1", T0, T0 + 3600)


async def test_calls_are_those_of_whoever_asks(web):
    def calls(scope, asked):
        return [LiveCall("c1", scope.tenant, "101", "102", "talking", T0, T0 + 4, ("102",))]

    web.answers["calls.list"] = calls
    (call,) = (await web.client.get("/api/calls")).json()
    assert (call["tenant"], call["phase"], call["answered_at"], call["parties"]) == ("demo", "talking", T0 + 4, ["102"])


async def test_every_extension_is_listed_registered_or_not(web):
    def pages(scope, asked):
        return [registration("101"), registration("101", "sip:101@192.0.2.8")] if not asked["after"] else []

    web.answers["registrations.list"] = pages
    ada, grace = (await web.client.get("/api/registrations")).json()
    assert (grace["extension"], grace["name"], grace["contacts"]) == ("102", "Grace", [])
    assert [contact["contact"] for contact in ada["contacts"]] == ["sip:101@192.0.2.7", "sip:101@192.0.2.8"]
    assert set(ada["contacts"][0]) == {"contact", "source", "user_agent", "registered_at", "expires_at"}


async def test_registrations_that_take_many_answers_are_put_together(web):
    def pages(scope, asked):
        return {"": [registration("101")], "101": [registration("102")], "102": []}[asked["after"]]

    web.answers["registrations.list"] = pages
    found = (await web.client.get("/api/registrations")).json()
    assert [(each["extension"], len(each["contacts"])) for each in found] == [("101", 1), ("102", 1)]


async def test_cdrs_come_by_pages_and_one_by_one(web):
    for n in range(3):
        await web.store.add_cdrs(DEMO, [sample_cdr(f"call-{n}", scope=DEMO, started_at=T0 + n)])
    first = (await web.client.get("/api/cdrs", params={"limit": 2})).json()
    second = (await web.client.get("/api/cdrs", params={"limit": 2, "after": first["next"]})).json()
    assert [cdr["id"] for cdr in first["cdrs"] + second["cdrs"]] == ["call-2", "call-1", "call-0"]
    assert second["next"] is None
    one = (await web.client.get("/api/cdrs/call-1")).json()
    assert msgspec.convert(one, Cdr) == sample_cdr("call-1", scope=DEMO, started_at=T0 + 1)


async def test_a_call_of_another_tenant_is_not_there(web):
    await web.store.add_cdrs(HERONS, [sample_cdr("theirs", scope=HERONS)])
    assert problem(await web.client.get("/api/cdrs/theirs"))["status"] == 404
    assert (await web.client.get("/api/cdrs")).json() == {"cdrs": [], "next": None}


@pytest.mark.parametrize(
    ("query", "status"), [("limit=0", 422), ("limit=1001", 422), ("limit=x", 422), ("after=x", 400)]
)
async def test_a_page_that_cannot_be_is_refused(web, query, status):
    assert problem(await web.client.get(f"/api/cdrs?{query}"))["status"] == status


async def test_while_the_call_process_is_away_records_can_be_read_and_calls_are_said_to_be_away(web):
    web.line.cut()
    await trio.testing.wait_all_tasks_blocked()
    for path in ("calls", "registrations", "voicemail"):
        answer = await web.client.get(f"/api/{path}")
        assert problem(answer)["detail"] == "the call process is not answering now; try again"
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (await web.client.get("/api/cdrs")).status_code == 200
    assert (await web.client.get("/api/me")).status_code == 200


async def test_the_description_of_the_api_has_every_path_and_every_record(web):
    document = (await web.client.get("/api/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/sign-in/link",
        "/api/sign-in",
        "/api/sign-out",
        "/api/me",
        "/api/me/password",
        "/api/calls",
        "/api/registrations",
        "/api/cdrs",
        "/api/cdrs/{cdr_id}",
        "/api/voicemail",
        "/api/voicemail/{box}/{message_id}/audio",
        "/api/voicemail/{box}/{message_id}",
        "/api/live",
    }
    schemas = document["components"]["schemas"]
    assert {"LiveCall", "ExtensionRegistrations", "Contact", "Cdr", "CdrLeg", "Message", "Me", "ProblemDetails"} <= set(
        schemas
    )
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', msgspec.json.encode(document).decode()))
    assert references <= set(schemas)
