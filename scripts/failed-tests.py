#!/usr/bin/env python3
"""Names the Swift tests that failed in xUnit reports, or gives the pattern by which `swift test --filter` runs one of them.

    failed-tests.py REPORT…          a name a line, such as "ModelTests.AddressTests/reads(_:)"
    failed-tests.py --filter NAME    the pattern
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree


def failed(path):
    # A run that crashed leaves no whole report; then nothing is known of it.
    try:
        root = tree.parse(path).getroot()
    except (OSError, tree.ParseError):
        return
    for case in root.iter("testcase"):
        if case.find("failure") is not None:
            yield f"{case.get('classname')}/{case.get('name')}"


def main(arguments):
    if arguments[:1] == ["--filter"]:
        print("^" + re.escape(arguments[1]))
        return
    for name in sorted({name for path in arguments for name in failed(pathlib.Path(path))}):
        print(name)


main(sys.argv[1:])
