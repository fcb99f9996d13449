# SPDX-License-Identifier: Apache-2.0
"""What `varve doctor` finds in a place, and places that cannot be written."""

import os

from conftest import run


def doctor(table, code=0):
    report = run("doctor", table, "--json", code=code).json
    return report, {check["check"]: check for check in report["checks"]}


def test_doctor_reports_what_killed_writers_left(tmp_path):
    run("quickstart", tmp_path / "t")
    left = tmp_path / "t" / "data" / f".varve-new-{7:032x}"
    young = tmp_path / "t" / "_versions" / f".varve-new-{8:032x}"
    left.write_bytes(b"x" * 1000)
    young.write_bytes(b"still being written")
    assert "left behind" not in run("doctor", tmp_path / "t").out
    os.utime(left, (1, 1))
    _, checks = doctor(tmp_path / "t")
    assert checks["left behind"]["outcome"] == "warning"
    assert "1 file (1000 B) of writers" in checks["left behind"]["finding"]
    assert f"data/{left.name}" in checks["left behind"]["finding"]
    assert left.exists() and young.exists()


def test_doctor_reports_files_that_no_version_names(tmp_path):
    table = tmp_path / "t"
    run("quickstart", table)
    report, checks = doctor(table)
    assert report["orphans"] == {"files": 0, "bytes": 0, "young_files": 0, "young_bytes": 0}
    assert checks["orphans"] == {"check": "orphans", "outcome": "ok", "finding": "none"}
    assert checks["table"]["outcome"] == "ok" and "version 1" in checks["table"]["finding"]
    for path in (table / "data").iterdir():
        os.utime(path, (1, 1))  # old, and named by a version
    old, young = table / "data" / "1-0-0000.parquet", table / "data" / "9-0-0000.parquet"
    young.write_bytes(b"y" * 20)
    report, checks = doctor(table)
    assert report["orphans"] == {"files": 0, "bytes": 0, "young_files": 1, "young_bytes": 20}
    assert checks["orphans"]["outcome"] == "ok" and "may belong to a writer at work" in checks["orphans"]["finding"]
    old.write_bytes(b"x" * 1000)
    os.utime(old, (1, 1))
    report, checks = doctor(table)
    assert report["orphans"] == {"files": 1, "bytes": 1000, "young_files": 1, "young_bytes": 20}
    assert checks["orphans"]["outcome"] == "warning" and "data/1-0-0000.parquet" in checks["orphans"]["finding"]
    assert "data/1-0-0000.parquet" in run("doctor", table).out
    assert old.exists() and young.exists()


def test_doctor_of_a_table_that_cannot_be_opened(tmp_path):
    run("quickstart", tmp_path / "t")
    manifest, = (tmp_path / "t" / "_versions").iterdir()
    manifest.write_bytes(b"")
    _, checks = doctor(tmp_path / "t", code=3)
    assert checks["table"]["outcome"] == "bad"
    assert manifest.name in checks["table"]["finding"] and "is empty" in checks["table"]["finding"]
    error = run("info", tmp_path / "t", "--json", code=3).error
    assert manifest.name in error["message"] and "is empty" in error["message"]


def test_export_to_a_place_that_cannot_be_written(tmp_path):
    run("quickstart", tmp_path / "t")
    error = run("export", tmp_path / "t", tmp_path / "no" / "a.parquet", "--json", code=1).error
    assert "No such file or directory" in error["message"] and str(tmp_path / "no" / "a.parquet") in error["message"]
    (tmp_path / "file").write_text("")
    assert "Not a directory" in run("export", tmp_path / "t", tmp_path / "file" / "a.parquet", code=1).err
