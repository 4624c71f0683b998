"""A real JupyterLab, and a real browser that looks at it: what the tests and `make bench` drive."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright import sync_api

ROOT = Path(__file__).parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), "")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Lab:
    """A running JupyterLab whose root is a copy of the workbook."""

    def __init__(self, folder: Path) -> None:
        self.root, self._home = folder / "root", folder / "home"
        for part in ("notebooks", "exercises", "solutions"):
            shutil.copytree(ROOT / part, self.root / part)
        self._token, self._port = secrets.token_hex(8), _free_port()
        self._log = folder / "server.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *self._options()],
                cwd=self.root,
                env={**os.environ, **self._folders()},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _options(self) -> list[str]:
        return [
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            f"--port={self._port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self._token}",
            "--expose-app-in-browser",
            "--LabApp.extension_manager=readonly",
        ]

    def _folders(self) -> dict[str, str]:
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        folders = {name: str(self._home / name) for name in names}
        return {**folders, "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces")}

    def url(self, notebook: str) -> str:
        """Return the address at which `notebook` opens, in a workspace of its own."""
        base = f"http://127.0.0.1:{self._port}/lab/workspaces/auto-test"
        return f"{base}/tree/{notebook}?token={self._token}&reset"

    def wait(self) -> None:
        """Wait until the server answers."""
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api", timeout=1)
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"JupyterLab did not start: {self._log.read_text()[-2000:]}")

    def errors(self) -> list[str]:
        """Return the lines of the server's log that report an error."""
        entries = re.split(r"^(?=ERROR:|\[\w )", self._log.read_text(), flags=re.MULTILINE)
        # A request that reaches ipykernel while it starts makes it complain that its lock is None.
        ours = "".join(entry for entry in entries if "'_control_lock'" not in entry)
        return re.findall(r"^\[E .*|^Traceback.*", ours, re.MULTILINE)

    def stop(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        self._process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def browse() -> Iterator[sync_api.Browser]:
    """Start the system's Chromium, and close it at the end."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


class Notebook:
    """A notebook that is open in the browser."""

    def __init__(self, lab: Lab, browser: sync_api.Browser, path: str) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": 1200, "height": 1000})
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(lab.url(path))
        self.page.wait_for_function(_KERNEL_IDLE, timeout=60_000)

    def _listen(self, message: sync_api.ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def run_all(self) -> None:
        """Run every cell, and wait for the last."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")

    def errors(self) -> list[str]:
        """Return the errors in the cells' outputs."""
        return list(self.page.evaluate(_ERRORS))

    def kernel(self, expression: str) -> str:
        """Return the value of `expression` in the kernel, as text."""
        return str(self.page.evaluate(_ASK, expression))

    def wait_for(self, expression: str, value: str) -> None:
        """Wait until `expression` has this value, as text, in the kernel."""
        for _ in range(100):
            if (seen := self.kernel(expression)) == value:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{expression} is {seen}, not {value}")

    def output(self, cell: str) -> sync_api.Locator:
        """Return the output area of the cell with this id."""
        # JupyterLab attaches only the cells near the ones in sight, so go there first.
        self.page.evaluate(_GO_TO, cell)
        found = self.page.locator(f"[data-cell={cell}] .jp-Cell-outputArea")
        found.scroll_into_view_if_needed()
        return found


_PANEL = "jupyterapp.shell.currentWidget"
_KERNEL_IDLE = f"""() => {{
  const panel = window.jupyterapp && {_PANEL};
  const kernel = panel && panel.sessionContext && panel.sessionContext.session?.kernel;
  return kernel && kernel.status === "idle" && kernel.connectionStatus === "connected";
}}"""
_ERRORS = f"""() => {_PANEL}.content.widgets.flatMap((cell) =>
  (cell.model.sharedModel.outputs ?? []).filter((one) => one.output_type === "error")
    .map((one) => `${{one.ename}}: ${{one.evalue}}`))"""
_GO_TO = f"""async (id) => {{
  const notebook = {_PANEL}.content;
  const index = notebook.widgets.findIndex((cell) => cell.model.id === id);
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, "center");
  notebook.widgets[index].node.dataset.cell = id;
}}"""
_ASK = f"""async (expression) => {{
  const kernel = {_PANEL}.sessionContext.session.kernel;
  const future = kernel.requestExecute(
    {{ code: "", user_expressions: {{ value: expression }}, store_history: false }});
  const silence = new Promise((_, reject) => setTimeout(
    () => reject(new Error(`the kernel did not answer ${{expression}} within 15 s`)), 15000));
  const reply = await Promise.race([future.done, silence]);
  return reply.content.user_expressions.value.data?.["text/plain"]
    ?? JSON.stringify(reply.content.user_expressions.value);
}}"""
