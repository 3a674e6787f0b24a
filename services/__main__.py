"""The command line of the embedded stack: `python -m services demo|up|down|status|servers`."""

import argparse
import sys

from services import commands
from services.home import Home
from services.machine import MachineError
from services.ports import PortError
from services.stack import OptionError


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    for verb, what in {
        "demo": "run everything here in the foreground, until Ctrl-C",
        "up": "start everything detached and wait until it is ready",
        "servers": "run Kafka, Postgres and Valkey only, in the foreground",
        "supervise": "what `up` detaches: run everything and print nothing",
    }.items():
        verbs.add_parser(verb, help=what).add_argument(
            "--without",
            default="",
            metavar="PART,...",
            type=lambda raw: frozenset(name.strip() for name in raw.split(",") if name.strip()),
            help="leave these parts out",
        )
    verbs.add_parser("down", help="stop everything in order")
    verbs.add_parser("status", help="tell each part's state; `manage.py status` adds its lag").add_argument(
        "--json", action="store_true"
    )
    verbs.add_parser("configure", help="generate secrets and addresses, start nothing")
    return top


def main() -> int:
    options = parser().parse_args()
    home = Home.from_environment()
    try:
        match options.verb:
            case "demo" | "servers":
                return commands.run_in_foreground(
                    home, servers_only=options.verb == "servers", without=frozenset(options.without)
                )
            case "supervise":
                return commands.supervise(home, None, servers_only=False, without=frozenset(options.without))
            case "up":
                return commands.up(home, without=frozenset(options.without))
            case "down":
                return commands.down(home)
            case "status":
                return commands.status(home, as_json=options.json)
            case _:
                return commands.configure(home)
    except (commands.CommandError, MachineError, OptionError, PortError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
