"""A job of ``concord serve`` in a process of its own, which logs as the server does: ``python -m admin.job``.

With ``--json-logs`` every run tells how it went; without, only what went wrong, since the server tells how jobs end.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from admin.cli.redaction import configure_logging, json_wanted
from sync import job


def main(options: Sequence[str]) -> int:
    """The child: one task from stdin, one answer to stdout, its log on stderr."""
    as_json = json_wanted() or "--json-logs" in options
    configure_logging(verbose="--verbose" in options, as_json=as_json)
    if as_json:
        logging.getLogger("concord").setLevel(logging.INFO)
    return job.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
