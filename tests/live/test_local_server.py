"""These run on the real clock, because sockets do; nothing in them depends on how long it takes."""

import asyncio
import urllib.request

import pytest

from pipeline_kit.live.local_server import LocalServer, ServerError


def test_it_answers_over_a_real_connection_also_to_others():
    async def main():
        async with LocalServer("shop") as server:
            one = await server.ask("green tea?")
            opened = asyncio.to_thread(urllib.request.urlopen, f"{server.url}/green%20tea%3F")
            with await opened as answer:
                return one, answer.read().decode(), server.asked

    assert asyncio.run(main()) == ("shop on green tea?", "shop on green tea?", 2)


def test_its_failures_are_answers_with_an_error():
    async def main():
        async with LocalServer(failing=1) as server:
            with pytest.raises(ServerError, match="server has failed on tea"):
                await server.ask("tea")
            server.failing = 0
            return await server.ask("tea")

    assert asyncio.run(main()) == "server on tea"


def test_when_it_hangs_whoever_asks_can_give_up():
    async def main():
        async with LocalServer(delay=3600) as server:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(server.ask("tea"), 0.05)
            return server.asked

    assert asyncio.run(main()) == 1


def test_when_it_is_stopped_it_hangs_up_and_then_refuses():
    async def main():
        server = await LocalServer(delay=3600).start()
        asking = asyncio.create_task(server.ask("tea"))
        while not server.asked:
            await asyncio.sleep(0.001)
        await server.stop()
        with pytest.raises(ConnectionResetError, match="server has hung up"):
            await asking
        with pytest.raises(ConnectionRefusedError):
            await server.ask("tea")

    asyncio.run(main())


def test_it_can_be_started_again_at_the_same_port_and_twice_is_no_harm():
    async def main():
        server = await LocalServer().start()
        url = server.url
        await server.stop()
        await server.stop()
        assert not server.running
        await server.start()
        await server.start()
        assert (server.url, server.running) == (url, True)
        answer = await server.ask("tea")
        await server.stop()
        return answer

    assert asyncio.run(main()) == "server on tea"


def test_nothing_is_left_when_it_has_stopped():
    async def main():
        before = asyncio.all_tasks()
        async with LocalServer(delay=3600) as server:
            asking = [asyncio.create_task(server.ask(number)) for number in range(20)]
            while server.asked < 20:
                await asyncio.sleep(0.001)
        await asyncio.gather(*asking, return_exceptions=True)
        assert asyncio.all_tasks() == before

    asyncio.run(main())


@pytest.mark.parametrize(("name", "value"), [("delay", -1), ("failing", 1.5), ("failing", -0.1)])
def test_what_makes_no_sense_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*, got {value}"):
        LocalServer(**{name: value})
