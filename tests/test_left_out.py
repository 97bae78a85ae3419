"""What ./test says at its end of what it left out, and when that fails CI."""

import os
import subprocess
import sys

from safelight_process import REPOSITORY

LOG_OF_CTEST = """\
12/27 Testing: blobs/filesystem
[ RUN      ] FaultTest.AFullDisk
/src/blobs/filesystem/fault_test.cc:242: Skipped
not on this machine: mounting

[  SKIPPED ] FaultTest.AFullDisk (3 ms)
[ RUN      ] FaultTest.AnotherOne
[       OK ] FaultTest.AnotherOne (0 ms)
[ RUN      ] Stores/Conformance.Reads/0
/src/blobs/conformance/conformance.cc:7: Skipped
no such backend

[  SKIPPED ] Stores/Conformance.Reads/0 (12 ms)
[ RUN      ] Stores/Conformance.Reads/1
/src/blobs/conformance/conformance.cc:7: Skipped
no such backend

[  SKIPPED ] Stores/Conformance.Reads/1 (0 ms)
[  PASSED  ] 1 test.
[  SKIPPED ] 3 tests, listed below:
[  SKIPPED ] FaultTest.AFullDisk
"""


def shell(path, commands):
    return subprocess.run(["bash", "-euo", "pipefail", "-c",
                           f". scripts/setup.sh; . scripts/left_out.sh; left_out={path}; {commands}"],
                          cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


def told(path, mode):
    done = shell(path, f"tell_left_out {mode}")
    return done.returncode, [line.strip() for line in done.stderr.splitlines()]


def test_cases_of_googletest_are_told_with_their_reasons(tmp_path):
    (tmp_path / "log").write_text(LOG_OF_CTEST)
    done = shell(tmp_path / "left", f"skipped_cases {tmp_path / 'log'}")
    assert done.stdout.splitlines() == ["FaultTest.AFullDisk: not on this machine: mounting",
                                        "Stores/Conformance.Reads/0: no such backend",
                                        "Stores/Conformance.Reads/1: no such backend"]


def test_a_gap_fails_ci_alone_and_by_name(tmp_path):
    left = tmp_path / "left"
    left.write_text("")
    assert told(left, "ci") == (0, [])
    lacks = "tests/test_outages.py::test_a[a: b]: not on this machine: mounting\n" * 2
    left.write_text(lacks)
    status, lines = told(left, "ci")
    assert status == 0 and lines[1:] == ["2 × tests/test_outages.py::test_a: not on this machine: mounting"]
    left.write_text(lacks + "what talks to S3, with MinIO: there is no Go\nStores/Conformance.Reads/0: no such backend\n"
                    "Stores/Conformance.Reads/1: no such backend\n")
    for mode, expected in ("ci", 1), ("all", 0):
        status, lines = told(left, mode)
        assert status == expected
        assert "1 × what talks to S3, with MinIO: there is no Go" in lines
        assert "2 × Stores/Conformance.Reads: no such backend" in lines


def test_whole_process_tests_that_are_skipped_are_told(tmp_path):
    """Those that need the collection of pictures, where there is none."""
    left = tmp_path / "left"
    subprocess.run([sys.executable, "-m", "pytest", "tests/test_quality.py", "-q", "--tell-skipped", str(left)],
                   cwd=REPOSITORY, env={**os.environ, "SAFELIGHT_IMAGES": str(tmp_path / "nothing")}, capture_output=True,
                   timeout=120, check=True)
    status, lines = told(left, "ci")
    assert status == 0 and len(lines) > 1
    assert all("test_quality.py::" in line and line.endswith("not on this machine: the collection of test images")
               for line in lines[1:])
