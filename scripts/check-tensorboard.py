"""Reads the event files of a run by TensorBoard's own reader, and holds them to what events.jsonl says."""

import json
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

log, events = sys.argv[1:]
accumulator = EventAccumulator(log, size_guidance={"scalars": 0})
accumulator.Reload()
logged = [json.loads(line) for line in open(events, encoding="utf-8")]


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def check(tag, kind, key):
    found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
    expected = [(event["step"], single(event[key])) for event in logged if event["_tag"] == kind]
    assert len(expected) > 0 and found == expected, (tag, found[:3], expected[:3])


check("step/loss", "StepDone", "loss")
check("step/learning-rate", "StepDone", "rate")
check("epoch/test-accuracy", "EpochDone", "testAccuracy")
check("epoch/test-loss", "EpochDone", "testLoss")
times = [event.wall_time for event in accumulator.Scalars("step/loss")]
assert times == sorted(times)
print(f"TensorBoard reads {len(accumulator.Tags()['scalars'])} scalars of {len(logged)} events")
