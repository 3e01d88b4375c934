"""The web process beside the call process, both real: killed and come back, while phones talk and browsers look on."""

import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from pbx import liveness
from pbx.server import random_token
from pbx.supervise import run_web
from pbx.testphone.audio import NoAudio
from pbx.testphone.phone import Account, Phone
from pbx.transport.udp import UdpSocket
from tests.support.child_process import web_pid
from tests.support.pbx_process import PBX, DataFolder, PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually, eventually_async

PROGRAMS: list[str] = []  # nobody's but ours
PASSWORD = "correct horse battery"
CHANGING = {"X-Requested-With": "pbx"}


@dataclass
class Site:
    """A running PBX with its portal, and a browser that is signed in."""

    pbx: PbxProcess
    folder: DataFolder
    url: str
    link: str
    browser: httpx.AsyncClient

    async def get(self, path: str) -> Any:
        return (await self.browser.get(f"/api/{path}")).raise_for_status().json()

    def web_pid(self) -> int | None:
        """Of the process that serves the portal now."""
        return web_pid(self.pbx.program.process.pid)

    async def wait_answer(self) -> None:
        """Returns once the portal answers."""

        async def look() -> bool:
            try:
                return (await self.browser.get("/api/openapi.json")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually_async(look, "an answer of the portal")


@asynccontextmanager
async def open_site(stage: Stage) -> AsyncIterator[Site]:
    """Signed in by the link that `pbx serve` prints, with a password set."""
    folder = await make_data_folder(stage)
    pbx = await PbxProcess.start(stage, folder, web="127.0.0.1:0")
    said = json.loads((await pbx.program.wait_line(r'^\{"web".*\}$'))[0])
    async with httpx.AsyncClient(base_url=said["web"], headers=CHANGING, timeout=10) as browser:
        token = {"token": said["portal"].partition("#")[2]}
        (await browser.post("/api/sign-in/link", json=token)).raise_for_status()
        (await browser.put("/api/me/password", json={"password": PASSWORD})).raise_for_status()
        yield Site(pbx, folder, said["web"], said["portal"], browser)


@asynccontextmanager
async def phone(site: Site, number: str) -> AsyncIterator[Phone]:
    """Registered, over real UDP."""
    account = Account(number, site.folder.passwords[number], site.folder.domain, site.pbx.address)
    udp = UdpSocket.bind("127.0.0.1", 0)
    found = Phone(account, udp, NoAudio("127.0.0.1"), random_token)
    with closing(udp):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(found.run)
            await found.register()
            yield found
            nursery.cancel_scope.cancel()


async def test_a_browser_sees_phones_calls_and_records_as_they_come(stage: Stage) -> None:
    async with open_site(stage) as site, phone(site, "101") as ada:
        registered = {each["extension"]: len(each["contacts"]) for each in await site.get("registrations")}
        assert registered == {"101": 1, "102": 0}
        seen: list[tuple[str, Any]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow, site, seen)
            call = ada.dial("600")
            assert await call.wait_answered()
            assert [each["to_number"] for each in await site.get("calls")] == ["600"]
            await eventually(lambda: [d for n, d in seen if n == "calls" and d], "a live call in the stream")
            call.hang_up()
            await call.ended.wait()
            _, cdr = await eventually(lambda: next((e for e in seen if e[0] == "cdrs"), None), "its record")
            nursery.cancel_scope.cancel()
        assert (await site.get(f"cdrs/{cdr['id']}"))["to_number"] == "600"
        assert (await site.get("cdrs"))["cdrs"][0]["id"] == cdr["id"]


async def test_the_web_process_killed_comes_back_where_it_was_and_no_call_notices(stage: Stage) -> None:
    async with open_site(stage) as site, phone(site, "101") as ada:
        call = ada.dial("600")
        assert await call.wait_answered()
        for _ in range(3):
            pid = site.web_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await eventually(lambda pid=pid: site.web_pid() not in (pid, None), "another web process")
            await site.wait_answer()
            assert (await site.get("me"))["name"] == "admin", "the session is still good"
            assert [each["phase"] for each in await site.get("calls")] == ["application"]
        assert not call.ended.is_set()
        call.hang_up()
        await call.ended.wait()
        (cdr,) = await site.pbx.wait_cdrs(1)
        assert cdr.disposition == "answered"


async def test_a_web_process_that_hangs_is_killed_and_started_anew(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(liveness, "ASK_EVERY_S", 0.2)
    monkeypatch.setattr(liveness, "ANSWER_S", 1.0)
    folder = await make_data_folder(stage)
    urls: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_web, folder.path, ("127.0.0.1", 0), urls.append)
        await eventually(lambda: urls, "a web process")
        hanging = web_pid(os.getpid())
        assert hanging is not None
        os.kill(hanging, signal.SIGSTOP)
        await eventually(lambda: len(urls) == 2, "another one where it was")
        assert web_pid(os.getpid()) != hanging
        assert urls[0] == urls[1]
        assert await liveness.answers(urls[1])
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_end_of_the_call_process_is_the_end_of_the_web_process(stage: Stage, how: signal.Signals) -> None:
    async with open_site(stage) as site:
        pid = site.web_pid()
        assert pid is not None
        if how is signal.SIGKILL:
            await site.pbx.kill()
        else:
            await site.pbx.program.stop(how)
            assert not [line for line in site.pbx.program.lines if "call process is away" in line]
        await eventually(lambda: not Path(f"/proc/{pid}").exists(), "the end of the web process")


async def test_sessions_outlive_both_processes(stage: Stage) -> None:
    async with open_site(stage) as site:
        await site.pbx.program.stop()
        again = await PbxProcess.start(stage, site.folder, web=site.url.removeprefix("http://"))
        said = json.loads((await again.program.wait_line(r'^\{"web".*\}$'))[0])
        assert said == {"web": site.url, "portal": None}, "there is a password: no link is needed"
        assert (await site.get("me"))["has_password"] is True


async def test_a_link_can_be_made_at_any_time_and_is_good_once(stage: Stage) -> None:
    async with open_site(stage) as site:
        program = await stage.start("pbx link", [PBX, "link", "--data", site.folder.path, "--json"])
        assert await program.wait_exit() == 0
        link = json.loads(program.lines[0])["link"]
        assert link.startswith(f"{site.url}/sign-in#")
        token = {"token": link.partition("#")[2]}
        async with httpx.AsyncClient(base_url=site.url, headers=CHANGING) as other:
            first = {"token": site.link.partition("#")[2]}
            answers = [(await other.post("/api/sign-in/link", json=body)).status_code for body in (token, token, first)]
        assert answers == [200, 410, 410]


async def test_a_port_that_is_taken_costs_the_portal_and_no_call(stage: Stage) -> None:
    folder = await make_data_folder(stage)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        pbx = await PbxProcess.start(stage, folder, web=f"127.0.0.1:{taken.getsockname()[1]}")
        await pbx.program.wait_line("the portal cannot listen")
        site = Site(pbx, folder, "", "", httpx.AsyncClient())
        async with site.browser, phone(site, "101") as ada:
            call = ada.dial("600")
            assert await call.wait_answered()
            call.hang_up()
            await call.ended.wait()


async def follow(site: Site, seen: list[tuple[str, Any]]) -> None:
    """Collects what a browser is told, until cancelled."""
    async with site.browser.stream("GET", "/api/live", timeout=None) as answer:
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                seen.append((name, json.loads(value)))
