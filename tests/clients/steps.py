"""Steps of a client's script: each is done at once, counted, and told on a line.

In: the ready file's path on the command line. Out: BOX, what it says of Salesforce; the lines; the exit code. Must
not know: any client.
"""

import json
import sys
import traceback

with open(sys.argv[1], encoding="utf-8") as file:
    BOX = json.load(file)["salesforce"]
COUNTS = {"passed": 0, "failed": 0}


def step(name):
    """Does the step at once and tells how it went."""

    def run(work):
        try:
            work()
        except Exception as error:  # pylint: disable=broad-except
            COUNTS["failed"] += 1
            lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == sys.argv[0]]
            print(f"FAILED  {name}: {type(error).__name__}: {error} (line {lines[-1] if lines else 0})")
        else:
            COUNTS["passed"] += 1
            print(f"ok      {name}")
        return work

    return run


def end():
    """Tells the counts and ends the script."""
    print(f"{COUNTS['passed']} passed, {COUNTS['failed']} failed")
    sys.exit(1 if COUNTS["failed"] else 0)
