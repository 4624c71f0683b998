"""The pipeline that uses everything, in real time; but nothing depends on how long it takes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_kit.example import __main__ as example
from pipeline_kit.example.orders import is_order, lines_of, load, write_files
from pipeline_kit.example.servers import Connection, Server, ServerError, price_of, started
from pipeline_kit.example.shop import Report, run


def account_for(folder: Path, report: Report) -> None:
    """Check that each line of the files has become what it should, and that once."""
    lines = list(lines_of(folder / f"orders-{number}.csv" for number in range(4)))
    assert len(lines) == report.stored + report.filtered + report.dead.total
    assert report.filtered == 4
    makes_sense = {line.split(",")[0] for line in lines if is_order(line) and "few" not in line}
    orders = load(folder / "orders.db")  # where a number can only be once
    assert {str(order.number) for order in orders} == makes_sense
    assert all("few" in letter.item for letter in report.dead)
    assert all(order.price in (price_of(order.article), None) for order in orders)
    due = dict.fromkeys((order.customer for order in orders), 0)
    for order in orders:
        due[order.customer] += order.quantity * (order.price or 0)
    assert report.turnover == due
    assert {
        order.customer: max(o.spent for o in orders if o.customer == order.customer)
        for order in orders
    } == due


def test_every_line_is_accounted_for_whatever_becomes_of_the_servers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = asyncio.run(example.main(tmp_path))
    account_for(tmp_path, report)
    slow, failing, doomed = report.servers
    assert slow.completed > 0
    assert failing.failed > 0
    assert doomed.failed > 0
    stages = report.snapshot.stages
    assert [stage.queue.depth for stage in stages] == [0, 0, 0]
    assert stages[-1].calls.completed == report.stored
    printed = capsys.readouterr().out
    assert "604 lines = 594 orders stored + 4 comments + 6 dead letters" in printed
    assert "bottleneck: " in printed


def test_without_any_server_orders_are_stored_without_a_price(tmp_path: Path) -> None:
    files = write_files(tmp_path, orders=200)

    async def main() -> Report:
        with started("a", "b") as servers:

            async def on_progress(stored: int) -> None:
                for server in servers:
                    server.kill()

            report = await run(files, tmp_path / "orders.db", servers, on_progress)
        assert len(asyncio.all_tasks()) == 1
        return report

    account_for(tmp_path, asyncio.run(main()))
    prices = [order.price for order in load(tmp_path / "orders.db")]
    assert None in prices
    assert prices.count(None) < len(prices)


@pytest.fixture
def server() -> Iterator[Server]:
    with started("a") as servers:
        yield servers[0]


def test_a_connection_is_used_again_unless_it_was_given_up_half_way(server: Server) -> None:
    async def main() -> None:
        async with server.connections(1) as pool:
            for _ in range(3):
                async with pool.acquire() as connection:
                    assert await connection.get("/price/A17") == b"219"
            assert pool.statistics().created == 1
            await server.become("slow")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001), pool.acquire() as connection:
                    await connection.get("/price/A1")
            async with pool.acquire() as connection:
                assert await connection.get("/price/A2") == b"114"
            assert pool.statistics().created == 2

    asyncio.run(main())


def test_a_server_that_fails_or_is_gone_says_so(server: Server) -> None:
    async def main() -> None:
        connection = await Connection.to(server.port)
        await server.become("failing")
        with pytest.raises(ServerError, match="/price/A1: out of order"):
            await connection.get("/price/A1")
        server.kill()
        with pytest.raises(OSError, match=r"hung up|reset|Broken pipe"):
            await connection.get("/price/A1")
        connection.close()
        with pytest.raises(OSError, match=r"onnect"):
            await Connection.to(server.port)

    asyncio.run(main())
