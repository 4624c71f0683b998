"""The files and the database of the example: orders, a line each; and what they come to."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_TABLE = """
    CREATE TABLE IF NOT EXISTS orders (
        number INTEGER PRIMARY KEY,  -- so an order that came twice would be refused
        customer TEXT, article TEXT, quantity INTEGER, price INTEGER, spent INTEGER
    )
"""


@dataclass(frozen=True, slots=True)
class Order:
    """So many of an article, for a customer."""

    number: int
    customer: str
    article: str
    quantity: int
    price: int | None = None
    """In cents; None where nobody could tell."""
    spent: int = 0
    """What this customer's orders have come to so far, in cents."""


def write_files(folder: Path, orders: int = 600, files: int = 4) -> list[Path]:
    """Write orders into files, each of which begins with a comment; one line in 100 makes no sense.

    Returns the paths of the files.
    """
    paths = [folder / f"orders-{number}.csv" for number in range(files)]
    for number, path in enumerate(paths):
        lines = [_line(order) for order in range(number, orders, files)]
        path.write_text("\n".join(["# number, customer, article, quantity", *lines]))
    return paths


def _line(number: int) -> str:
    quantity = "a few" if number % 100 == 99 else 1 + number % 5
    return f"{number}, customer {number % 23}, A{number * 7 % 300}, {quantity}"


def lines_of(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the lines of all files, one after the other."""
    for path in paths:
        with path.open() as file:
            yield from file


def is_order(line: str) -> bool:
    """Tell an order from a comment."""
    return not line.startswith("#")


def parse(line: str) -> Order:
    """Make an order of a line.

    Raises:
        ValueError: the line makes no sense.
    """
    number, customer, article, quantity = (part.strip() for part in line.split(","))
    return Order(int(number), customer, article, int(quantity))


def save(path: Path, orders: Iterable[Order]) -> None:
    """Write orders into the database, all of them or none."""
    rows = [(o.number, o.customer, o.article, o.quantity, o.price, o.spent) for o in orders]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_TABLE)
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)


def load(path: Path) -> list[Order]:
    """Read all orders from the database."""
    with closing(sqlite3.connect(path)) as database:
        return [Order(*row) for row in database.execute("SELECT * FROM orders ORDER BY number")]
