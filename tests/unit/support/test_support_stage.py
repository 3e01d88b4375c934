"""What the tests with real programs rely on: waits that end, notices that are true."""

from pathlib import Path

import pytest
import trio
import trio.testing

from tests.support.stage import InVain, Stage, eventually, waiting_for


@pytest.fixture
async def stage(nursery: trio.Nursery, tmp_path: Path) -> Stage:
    return Stage(nursery, tmp_path)


async def test_a_line_is_found_whenever_it_was_printed(stage: Stage):
    program = await stage.start("talker", ["sh", "-c", "echo one; echo two >&2; exit 3"])
    assert await program.wait_exit() == 3
    assert (await program.wait_line("t(w)o"))[1] == "w"
    assert program.lines == ["one", "two"]
    await stage.close()


async def test_a_program_that_ended_without_the_line_is_not_waited_for(stage: Stage):
    program = await stage.start("mute", ["true"])
    with pytest.raises(InVain, match=r"mute ended \(exit code 0\) before printing 'ready'"):
        await program.wait_line("ready")
    await stage.close()


async def test_closing_the_stage_ends_what_runs_and_then_runs_the_checks(stage: Stage):
    program = await stage.start("sleeper", ["sleep", "1000"])
    codes: list[int | None] = []
    stage.at_end.append(lambda: codes.append(program.process.returncode))
    await stage.close()
    assert codes == [-15]


async def test_the_story_has_a_chapter_for_everybody_who_said_something(stage: Stage):
    program = await stage.start("talker", ["echo", "hello"])
    await program.wait_exit()
    await (await stage.start("mute", ["true"])).wait_exit()
    stage.add_chapter("ladder", lambda: "INVITE")
    assert stage.story() == [("ladder", "INVITE"), ("talker", "hello")]
    await stage.close()


async def test_a_wait_in_vain_says_for_what(autojump_clock: trio.testing.MockClock):
    with pytest.raises(InVain, match="the moon: not within 5 s"):
        await eventually(lambda: None, "the moon", within_s=5)
    with pytest.raises(InVain, match="the sun: not within 5 s"), waiting_for(lambda: "the sun", within_s=5):
        await trio.sleep_forever()
    assert trio.current_time() == pytest.approx(10, abs=0.1)
