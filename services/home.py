"""The folder of an embedded stack: its addresses, secrets, logs, run files and data."""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SECRETS = {"secret-key": 50, "write-key": 18, "read-key": 24, "admin-password": 12, "postgres-password": 24}
"""Every generated secret and its strength in bytes."""


@dataclass(frozen=True, slots=True)
class Home:
    """`TRIBUTARY_HOME`, by default `.local` of the checkout."""

    path: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("TRIBUTARY_HOME") or CHECKOUT / ".local").resolve())

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def run(self) -> Path:
        return self.path / "run"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def create(self) -> None:
        """Makes the folders and generates the secrets that are not there yet."""
        for folder in (self.path, self.data, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        for name, strength in SECRETS.items():
            if not (self.path / name).exists():
                write_privately(self.path / name, secrets.token_urlsafe(strength) + "\n")

    def secret(self, name: str) -> str:
        return (self.path / name).read_text().strip()

    def write_addresses(self, addresses: dict[str, str]) -> None:
        """Tells Django's settings where the servers are; see config/environment.py."""
        write_privately(self.path / "stack.json", json.dumps(addresses, indent=2) + "\n")

    def shown(self, path: Path) -> str:
        """`path` as a person in the checkout would type it."""
        return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)

    def digest(self) -> int:
        """A number that is this folder's own, the same on every start."""
        return int.from_bytes(hashlib.sha256(str(self.path).encode()).digest()[:4], "big")


def write_privately(path: Path, text: str, *, lasting: bool = True) -> None:
    """Writes `path` in one step, readable by its owner only; `lasting` also through a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        if lasting:
            os.fsync(file.fileno())
    draft.replace(path)
