#!/usr/bin/env python3
"""Adds up the results of every suite of `./run test`.

Reads DIR/*.xml (JUnit, written by ctest) and DIR/*.one (one-command suites: "passed" or "failed: why").
Prints each failure and each test that did not run. A test that skipped itself counts as failed, unless
its words name what was left out on request: FEALTY_LONG (a slow tier) or FEALTY_WITHOUT_BROKER.
The last line is "N passed, M failed"; the exit code is 1 where M > 0 or nothing ran.
"""
import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def left_out_on_request(words):
    if "FEALTY_LONG" in words and not os.environ.get("FEALTY_LONG"):
        return True
    return "FEALTY_WITHOUT_BROKER" in words and bool(os.environ.get("FEALTY_WITHOUT_BROKER"))


def read_junit(path):
    """Yields (name, status, words) of each test case."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        words = " ".join(text for element in case for text in
                         (element.get("message", ""), element.text or ""))
        yield case.get("name"), case.get("status", "run"), words


def main(directory):
    passed, failed, asked = 0, 0, 0
    for path in sorted(directory.glob("*.xml")):
        suite_passed = suite_failed = 0
        for name, status, words in read_junit(path):
            if status == "run":
                suite_passed += 1
            elif status in ("notrun", "disabled") and left_out_on_request(words):
                asked += 1
                print(f"left out as asked: {path.stem}: {name}")
            else:
                suite_failed += 1
                print(f"{'FAILED' if status == 'fail' else 'NOT RUN'}: {path.stem}: {name}")
        print(f"{path.stem}: {suite_passed} passed, {suite_failed} failed")
        passed, failed = passed + suite_passed, failed + suite_failed
    for path in sorted(directory.glob("*.one")):
        words = path.read_text().strip()
        print(f"{path.stem}: {words}")
        passed, failed = passed + (words == "passed"), failed + (words != "passed")
    if asked:
        print(f"{asked} tests left out as asked (FEALTY_LONG=1 and a broker run them)")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
