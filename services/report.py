"""`status`: each part's state as the product's users and tests read it."""

import json
import os
from typing import Any

from services.home import Home
from services.stack import PROCESSES, SERVERS
from services.state import READY, STARTING, STOPPED, read_state


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
    up = state is not None and state.state in (READY, STARTING)
    shop = state.shop if state else None
    return {
        "ready": up
        and state is not None
        and state.state == READY
        and all(p["state"] == READY for p in parts),
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
    rows = [("part", "state", "pid", "address", "detail")]
    rows += [
        (p["name"], p["state"], str(p["pid"] or "-"), p["address"] or "-", p["detail"])
        for p in found["parts"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    if found["ready"]:
        summary = "All parts are ready."
    elif any(p["state"] != STOPPED for p in found["parts"]):
        waiting = ", ".join(p["name"] for p in found["parts"] if p["state"] != READY)
        summary = f"Not ready: {waiting or 'the last steps of the start'}."
    else:
        summary = "Nothing runs: `make up` starts it."
    places = (
        [
            f"Shop   {found['shop']}",
            f"Admin  {found['admin']} (user {found['adminUser']}, password in {found['adminPasswordFile']})",
        ]
        if found["shop"] and found["ready"]
        else []
    )
    return "\n".join([*(line.rstrip() for line in lines), "", summary, *places])
