"""What a side of bench/rivals.ts in Python speaks: a line of JSON asks for steps, one tells what they took."""

import json
import resource
import sys
import time


def serve(about, make):
    """Tells what this side is; then makes each subject once, and takes its steps: milliseconds of every one."""
    print(json.dumps(about), flush=True)
    known = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "memory":
            print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), flush=True)
        elif asked["do"] == "forget":
            known.clear()
            print("null", flush=True)
        else:
            key = json.dumps(asked["work"])
            if key not in known:
                known[key] = make(**asked["work"])
            taken = []
            for _ in range(asked["times"]):
                start = time.perf_counter()
                known[key]()
                taken.append(1000 * (time.perf_counter() - start))
            print(json.dumps(taken), flush=True)
