"""Phones with and without SRTP call each other through the real PBX, and hear each other; a sniffer hears nobody."""

import pytest

from tests.peers.test_peers_baresip import ADA_HZ, GRACE_HZ, TALK_S, assert_hears
from tests.support.baresip import start_baresip
from tests.support.capture import start_capture
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.stage import Stage

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("baresip", "tshark")


async def start_pbx(stage: Stage, **srtp: str) -> PbxProcess:
    """A PBX whose extensions have these settings, by number."""
    folder = await make_data_folder(stage)
    (tenant,) = (folder.path / "tenants").glob("*.toml")
    text = tenant.read_text()
    for number, use in srtp.items():
        heading = f"[extensions.{number.removeprefix('x')}]\n"
        assert heading in text
        text = text.replace(heading, f'{heading}srtp = "{use}"\n')
    tenant.write_text(text)
    return await PbxProcess.start(stage, folder)


@pytest.mark.parametrize(
    ("ada_srtp", "ada_uses", "grace_srtp", "grace_uses"),
    [
        ("required", "srtp-mand", "off", ""),
        ("off", "", "required", "srtp-mand"),
        ("optional", "srtp", "optional", ""),
        ("optional", "srtp-mandf", "optional", "srtp"),
    ],
)
async def test_who_has_srtp_and_who_has_not_hear_each_other(
    stage: Stage, ada_srtp: str, ada_uses: str, grace_srtp: str, grace_uses: str
):
    pbx = await start_pbx(stage, x101=ada_srtp, x102=grace_srtp)
    capture = await start_capture(stage, sip_port=pbx.address[1])
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ, mediaenc=ada_uses)
    grace = await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ, answers=True, mediaenc=grace_uses)

    await ada.dial("102")
    await ada.wait_event("CALL_ESTABLISHED")
    await ada.wait_heard(TALK_S)
    await grace.wait_heard(TALK_S)
    await ada.hang_up()
    for phone in (ada, grace):
        await phone.wait_event("CALL_CLOSED")

    assert_hears(ada, GRACE_HZ)
    assert_hears(grace, ADA_HZ)
    (cdr,) = await pbx.wait_cdrs(1)
    for leg in cdr.legs:
        assert leg.media is not None
        assert leg.media.packets_forwarded > TALK_S * 40, "sealed and opened, and never decoded"
        assert leg.media.packets_decoded == 0
    await capture.finish()
    assert capture.messages()
    await pbx.wait_nothing_left()


async def test_a_phone_without_srtp_gets_no_call_where_it_is_required(stage: Stage):
    pbx = await start_pbx(stage, x101="required")
    ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
    await start_baresip(stage, pbx, "102", tone_hz=GRACE_HZ, answers=True)
    await ada.dial("102")
    closed = await ada.wait_event("CALL_CLOSED")
    assert "488" in closed["param"]
    await pbx.wait_nothing_left()
