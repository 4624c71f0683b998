"""Run the example, give its servers trouble, and print what has become of every line."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline_kit.example.orders import lines_of, write_files
from pipeline_kit.example.servers import Server, started
from pipeline_kit.example.shop import Report, run


async def trouble(servers: list[Server], stored: int) -> None:
    """Make things worse, depending on how many orders are stored."""
    slow, failing, doomed = servers
    if stored >= 60:
        await slow.become("slow")
    if stored >= 100:
        await failing.become("failing" if stored < 240 else "well")
    if stored >= 140:
        doomed.kill()


async def main(folder: Path) -> Report:
    """Run the example in `folder`."""
    files = write_files(folder)
    with started("slow", "failing", "doomed") as servers:

        async def on_progress(stored: int) -> None:
            await trouble(servers, stored)

        report = await run(files, folder / "orders.db", servers, on_progress)
    print(report.snapshot, end="\n\n")
    for worker in report.servers:
        print(
            f"server {worker.name:8} answered {worker.completed:3}, failed {worker.failed:3}, "
            f"was ejected {worker.ejections} times"
        )
    lines = sum(1 for _ in lines_of(files))
    print(
        f"\n{lines} lines = {report.stored} orders stored "
        f"+ {report.filtered} comments + {report.dead.total} dead letters"
    )
    return report


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        asyncio.run(main(Path(temporary)))
