"""The healthcheck of a part that answers over HTTP: `python -m compose.answers ADDRESS`."""

import sys
from urllib.error import URLError
from urllib.request import urlopen

TIMEOUT_SECONDS = 3


def main(address: str) -> int:
    try:
        with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (the address is the compose file's)
            print(f"{address} answered {answer.status}")
    except (URLError, TimeoutError) as error:
        print(f"{address} did not answer: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
