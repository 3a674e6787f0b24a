"""All tests: those that need the whole product in one run, beside them all others on servers of their own.

The first kill and restart servers and wait for them most of the time; so the two together take hardly longer than the
longer of them. `pytest` by itself runs whatever it is given in one run.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("TRIBUTARY_HOME", ROOT / ".local" / "test"))
PYTEST = [sys.executable, "-m", "pytest", "-m"]
PRODUCT = "(product or with_product) and not soak"
OTHERS = "not product and not with_product and not soak"


def main() -> int:
    """Returns 0 where both runs passed."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return subprocess.run([*PYTEST, "not soak"], cwd=ROOT, check=False).returncode
    with tempfile.TemporaryFile() as told:
        beside = subprocess.Popen(
            [*PYTEST, OTHERS],
            cwd=ROOT,
            env=os.environ | {"TRIBUTARY_HOME": f"{HOME}-servers", "TEST_SERVERS_ONLY": "1"},
            stdout=told,
            stderr=subprocess.STDOUT,
        )
        try:
            product = subprocess.run([*PYTEST, PRODUCT], cwd=ROOT, check=False).returncode
            print("\nThe tests that need no more than servers, which ran beside these ...", flush=True)
            others = beside.wait()
        finally:
            beside.terminate()
            beside.wait()
            told.seek(0)
            sys.stdout.buffer.write(told.read())
            sys.stdout.flush()
    return product or others


if __name__ == "__main__":
    sys.exit(main())
