"""The set-up script: what a newcomer reads when something is missing, and when it does what."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("sh", "dirname", "cat", "find", "rm", "touch", "mkdir")  # all there is; the last is ours

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no sh; the README says how")


class Checkout:
    """A copy of what the script reads, on a machine with only those Pythons that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.root, self.bin = folder / "checkout", folder / "bin"
        self.bin.mkdir()
        (self.root / ".ci").mkdir(parents=True)
        for name in (".ci/venv", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root / name)
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name) or name)

    def add_python(self, path: Path, pretend: str = "pass") -> None:
        """Put a Python at `path` that first does `pretend`, and does not really install."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "#!/bin/sh\n"
            f'[ "$1" = -m ] && echo "asked for: $*" && mkdir -p .venv/bin && exit\n'
            f"exec {sys.executable} -c 'import sys; {pretend}; exec(sys.argv[1])' \"$2\"\n"
        )
        path.chmod(0o755)

    def set_up(self, *arguments: str, python: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", str(self.root / ".ci/venv"), *arguments],
            env={"PATH": str(self.bin), "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )

    def make_ready(self) -> None:
        self.add_python(self.root / ".venv/bin/python")
        (self.root / ".venv/made-in").write_text(str(self.root.resolve()) + "\n")
        (self.root / ".venv/ready-for-students").touch()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_a_python_one_sentence_says_so(checkout: Checkout) -> None:
    outcome = checkout.set_up()
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("This workbook needs Python 3.11 or newer, but found none:")
    assert outcome.stderr.count("\n") == 1


def test_a_python_that_is_too_old_is_named_with_its_version(checkout: Checkout) -> None:
    checkout.add_python(checkout.bin / "python3", "sys.version_info = (3, 10)")
    assert "but found python3 (3.10): install one" in checkout.set_up().stderr


def test_without_the_venv_module_the_package_to_install_is_named(checkout: Checkout) -> None:
    checkout.add_python(
        checkout.bin / "python3", 'sys.version_info = (3, 12); sys.modules["ensurepip"] = None'
    )
    assert "sudo apt install python3.12-venv" in checkout.set_up().stderr


def test_a_chosen_python_that_does_not_run_is_named(checkout: Checkout) -> None:
    assert checkout.set_up(python="python3.99").stderr.startswith("PYTHON=python3.99 is not")


def test_the_newest_python_that_will_do_is_taken(checkout: Checkout) -> None:
    for name, minor in {"python3": 12, "python3.13": 13, "python3.11": 11}.items():
        checkout.add_python(checkout.bin / name, f"sys.version_info = (3, {minor})")
    assert "Making .venv with Python 3.13" in checkout.set_up().stdout


def test_what_is_ready_is_left_alone(checkout: Checkout) -> None:
    checkout.make_ready()
    outcome = checkout.set_up()
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_other_uses_install_what_they_need_besides(checkout: Checkout) -> None:
    checkout.make_ready()
    assert "--editable .[test]" in checkout.set_up("test").stdout


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_change_of_what_is_needed_installs_again(checkout: Checkout, name: str) -> None:
    checkout.make_ready()
    os.utime(checkout.root / ".venv/ready-for-students", (0, 0))
    os.utime(checkout.root / "requirements.txt", (0, 0))
    os.utime(checkout.root / "pyproject.toml", (0, 0))
    os.utime(checkout.root / name, (1, 1))
    assert "--editable ." in checkout.set_up().stdout
    assert checkout.set_up().stdout == ""


def test_a_folder_that_was_moved_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.make_ready()
    checkout.add_python(checkout.bin / "python3")
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    assert "Making .venv" in checkout.set_up().stdout
