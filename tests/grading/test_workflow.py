"""The workflow for students' copies grades, and shows what the grading said at its end."""

import subprocess
from pathlib import Path
from typing import Any

import yaml
from graded import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/grade.yml").read_text(encoding="utf-8"))
SUMMARY = """\
exercises/ex01_basic_pipeline.ipynb ..... [100%]
================ exercises ================
  1  The basic pipeline   passed, 10 of 10 points
     total                10 of 10 points, seed 7
================ 5 passed ================
"""


def steps() -> dict[str, Any]:
    """Return the named steps of the job by name."""
    return {step["name"]: step for step in WORKFLOW["jobs"]["grade"]["steps"] if "name" in step}


def test_it_runs_what_the_readme_tells_an_instructor_to_run() -> None:
    assert steps()["Grade"]["run"].startswith("python -m pytest exercises ")


def test_it_leaves_the_repository_alone_that_copies_are_made_from() -> None:
    assert WORKFLOW["jobs"]["grade"]["if"] == "${{ !github.event.repository.is_template }}"
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_the_scores_are_shown_without_the_rest(tmp_path: Path) -> None:
    (tmp_path / "grades.txt").write_text(SUMMARY, encoding="utf-8")
    shown = tmp_path / "summary.md"
    subprocess.run(
        ["sh", "-c", steps()["Show the scores"]["run"]],
        cwd=tmp_path,
        env={"GITHUB_STEP_SUMMARY": str(shown), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    lines = shown.read_text(encoding="utf-8").splitlines()
    assert lines[0] == lines[-1] == "```"
    assert lines[1:-1] == SUMMARY.splitlines()[1:]
