"""Run a command beside a PostgreSQL server of its own: `python -m tools.with_postgres [--durable] COMMAND …`.

The command finds the server's address in MSX_TEST_DATABASE_URL, and MSX_TEST_DATABASE says postgresql.
"""

import argparse
import os
import subprocess
import sys

from tests.database import KIND, SERVER
from tests.postgres import Cluster


def main() -> int:
    """The command's own exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--durable", action="store_true", help="every commit reaches the disk, as in use")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    command = [word for position, word in enumerate(given.command) if (position, word) != (0, "--")]
    if not command:
        parser.error("no command")
    with Cluster(durable=given.durable) as cluster:
        env = {**os.environ, KIND: "postgresql", SERVER: cluster.url()}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
