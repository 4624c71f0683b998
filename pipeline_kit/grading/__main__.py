"""The grader's command line: `python -m pipeline_kit.grading score`."""

import argparse
import sys
from pathlib import Path

from pipeline_kit.grading.folder import exercises_folder
from pipeline_kit.grading.scoreboard import scoreboard


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pipeline_kit.grading", description=__doc__)
    parser.add_argument("--exercises", type=Path, help="the folder of the exercises")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("score", help="show where you stand with all exercises")
    given = parser.parse_args(arguments)
    try:
        folder = given.exercises or exercises_folder()
    except FileNotFoundError as error:
        parser.error(str(error))
    print(scoreboard(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
