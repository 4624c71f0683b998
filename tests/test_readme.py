"""What the README shows is what happens, and what it names is there."""

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_readme_says() -> None:
    example = re.search(r"```python\n(.*?)```\n(.*?)\n\n(?! )", README, re.DOTALL)
    assert example
    run = subprocess.run(
        [sys.executable, "-c", example[1]], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == dedent(example[2]).strip()


def test_the_heart_of_the_example_is_as_the_readme_shows_it() -> None:
    excerpts = re.findall(r"```python\n(    .*?)```", README, re.DOTALL)
    assert len(excerpts) == 1
    assert excerpts[0] in (ROOT / "pipeline_kit/example/shop.py").read_text(encoding="utf-8")


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
