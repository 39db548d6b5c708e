"""ClickHouse in a process of its own, run by the peers' Python: a line of JSON with SQL in, rows and seconds out.

The seconds are those of the query alone: parsing, running it, and its result as text.
"""

import json
import sys
import time

from chdb.session import Session  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    session = Session(sys.argv[1])
    for line in sys.stdin:
        try:
            began = time.perf_counter()
            text = str(session.query(json.loads(line), "JSONCompactEachRow"))
            seconds = time.perf_counter() - began
            answer = {"rows": [json.loads(row) for row in text.splitlines() if row], "seconds": seconds}
        except RuntimeError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
    session.close()


if __name__ == "__main__":
    main()
