"""The entry that ./aktivat execs: python -m aktivat_site.up."""

import os
import sys

from aktivat_site.up.console import Console
from aktivat_site.up.options import hold, read
from aktivat_site.up.supervisor import Supervisor


def main() -> int:
    os.umask(0o077)  # everything made in the data folder is for this user only
    options = read(sys.argv[1:], os.environ)
    with hold(options.data):
        return Supervisor(options, Console(sys.stdout)).run()


if __name__ == "__main__":
    sys.exit(main())
