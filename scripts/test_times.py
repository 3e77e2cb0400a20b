#!/usr/bin/env python3
"""Where the time of a run of ctest went: test_times.py BUILD, after `ctest --output-junit tests.xml` in that folder,
and the same with slurm.xml in tests/slurm.

A row a label, most time first: number of tests, how many of them were skipped or failed, seconds added up over the
tests (several run at once), and the longest one. A test with two labels is in both rows.
"""
import collections
import json
import os
import subprocess
import sys
import xml.etree.ElementTree

build = sys.argv[1]
listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True)
labels = {}
for test in json.loads(listing.stdout)["tests"]:
    properties = {p["name"]: p["value"] for p in test.get("properties", [])}
    labels[test["name"]] = properties.get("LABELS") or ["no label"]

rows = collections.defaultdict(list)
for path in [f"{build}/tests.xml", f"{build}/tests/slurm/slurm.xml"]:
    if not os.path.exists(path):
        continue
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        for label in labels[case.get("name")]:
            rows[label].append((float(case.get("time")), case.get("name"), case.get("status")))


def minutes(seconds):
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


print(f"\n{'label':<12}{'tests':>6}{'skipped':>9}{'failed':>8}{'min:s':>10}   longest")
for label, tests in sorted(rows.items(), key=lambda row: -sum(t[0] for t in row[1])):
    count = collections.Counter(status for _, _, status in tests)
    seconds, name, _ = max(tests)
    print(f"{label:<12}{len(tests):>6}{count['notrun']:>9}{count['fail']:>8}{minutes(sum(t[0] for t in tests)):>10}"
          f"   {name} ({minutes(seconds)})")
