"""`status`: each part's state as the product's users and tests read it."""

import json
import os
from typing import Any

from services.home import Home
from services.stack import PROCESSES, SERVERS
from services.state import READY, STOPPED, read_state


def report(home: Home) -> dict[str, Any]:
    """The stack of `home` as `status --json` prints it; `ready` only when every part is."""
    state = read_state(home)
    parts = [
        {
            "name": part.name,
            "state": part.state,
            "pid": part.pid,
            "address": part.address,
            "detail": part.detail,
        }
        for part in (state.parts if state else [])
        if not part.step
    ] or [
        {"name": name, "state": STOPPED, "pid": None, "address": "", "detail": "not started yet"}
        for name in SERVERS + PROCESSES
    ]
    shop = state.shop if state else None
    started = state is not None and state.state == READY
    return {
        "ready": started and all(part["state"] == READY for part in parts),
        "shop": shop,
        "admin": f"{shop}admin/" if shop else None,
        "adminUser": "admin",
        "adminPasswordFile": home.shown(home.path / "admin-password"),
        "writeKey": secret(home, "WRITE_KEY", "write-key"),
        "readKey": secret(home, "READ_KEY", "read-key"),
        "kafka": kafka_address(home),
        "parts": parts,
    }


def secret(home: Home, variable: str, name: str) -> str | None:
    """As config/environment.py reads it; None before there is one."""
    if value := os.environ.get(variable, "").strip():
        return value
    try:
        return home.secret(name)
    except FileNotFoundError:
        return None


def kafka_address(home: Home) -> str | None:
    try:
        address: str = json.loads((home.path / "stack.json").read_text())["kafka"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return address


def table(found: dict[str, Any]) -> str:
    """The report for people."""
    rows = [["part", "state", "pid", "address", "detail"]]
    for part in found["parts"]:
        rows.append([str(part[key] or "-") for key in ("name", "state", "pid", "address")] + [part["detail"]])
    widths = [max(len(row[column]) for row in rows) for column in range(4)] + [0]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *summary(found)])


def summary(found: dict[str, Any]) -> list[str]:
    if found["ready"]:
        return ["All parts are ready.", *places(found)]
    if all(part["state"] == STOPPED for part in found["parts"]):
        return ["Nothing runs: `make up` starts it."]
    waiting = ", ".join(part["name"] for part in found["parts"] if part["state"] != READY)
    return [f"Not ready: {waiting or 'the last steps of the start'}."]


def places(found: dict[str, Any]) -> list[str]:
    if not found["shop"]:
        return []
    admin = f"{found['admin']} (user {found['adminUser']}, password in {found['adminPasswordFile']})"
    return [f"Shop   {found['shop']}", f"Admin  {admin}"]
