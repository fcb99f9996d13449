# SPDX-License-Identifier: Apache-2.0
"""The Python package on the store that VARVE_TEST_STORE names (tests/stores/servers.py)."""

import os
import uuid

import pytest

varve = pytest.importorskip("varve")
STORE = os.environ["VARVE_TEST_STORE"]
KEYS = {"aws_endpoint": "AWS_ENDPOINT_URL", "aws_region": "AWS_REGION", "aws_access_key_id": "AWS_ACCESS_KEY_ID",
        "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY"}

pytestmark = [pytest.mark.skipif(bool(os.environ["VARVE_TEST_STORE_LACKS"]), reason="no store for tables"),
              pytest.mark.skipif(not hasattr(varve, "StorageMetrics"), reason="an older package is installed")]


@pytest.fixture
def uri():
    return f"{STORE}/{uuid.uuid4().hex}/books"


def test_a_table_is_made_read_and_measured(uri):
    rows = {"id": list(range(100)), "title": [f"title {i}" for i in range(100)]}
    table = varve.create(uri, rows, primary_key="id")
    assert table.uri == uri
    assert table.append({"id": [100], "title": ["last"]}) == 2
    same = varve.open(uri)
    assert same.take([100, 7]).to_pylist() == [{"id": 100, "title": "last"}, {"id": 7, "title": "title 7"}]
    metrics = same.storage_metrics()
    assert metrics.errors == 0 and metrics.requests >= metrics.calls > 0 and metrics.bytes > 0
    assert {operation.operation for operation in metrics.operations} >= {"read"}
    assert sum(operation.calls for operation in metrics.operations) == metrics.calls
    samples = [line for line in metrics.prometheus.splitlines() if not line.startswith("#")]
    assert any(line.startswith("varve_storage_requests_total{") for line in samples)
    assert all(f'{{store="{uri}"' in line for line in samples)


def test_a_table_that_is_not_there_is_not_found(uri):
    with pytest.raises(varve.NotFoundError):
        varve.open(uri)
    varve.create(uri, {"id": [1]})
    with pytest.raises(varve.AlreadyExistsError):
        varve.create(uri, {"id": [1]})


@pytest.mark.skipif(not STORE.startswith("s3://"), reason="keys of S3")
def test_options_of_the_caller_stand_in_for_the_environment(uri, monkeypatch, tmp_path):
    options = {name: os.environ[variable] for name, variable in KEYS.items()}
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    varve.create(uri, {"id": [1, 2, 3]}, storage_options=options)
    assert varve.open(uri, storage_options=options).take([2]).to_pylist() == [{"id": 3}]
    config = (f"storage:\n  type: minio\n  address: {options['aws_endpoint']}\n  region: {options['aws_region']}\n"
              f"  access_key_id: {options['aws_access_key_id']}\n  secret_access_key: {options['aws_secret_access_key']}\n")
    assert varve.open(uri, config=config).take([2]).to_pylist() == [{"id": 3}]
    assert varve.create(f"{uri}-too", {"id": [1]}, config=config).uri == f"{uri}-too"
    file = tmp_path / "varve.yaml"
    bucket = STORE.removeprefix("s3://")
    file.write_text(f"{config}  bucket_name: {bucket}\n  root_path: {uri.removeprefix(STORE + '/').removesuffix('/books')}\n")
    monkeypatch.setenv("VARVE_CONFIG", str(file))
    assert varve.open("books").uri == uri and varve.open("books").take([0]).to_pylist() == [{"id": 1}]
    canary = "canary-canary-canary"
    with pytest.raises(varve.DeniedError) as error:  # the caller goes before the file
        varve.open("books", storage_options={"secret_access_key": canary})
    assert canary not in str(error.value)
    with pytest.raises(varve.DeniedError) as error:
        varve.open(uri, storage_options={**options, "aws_secret_access_key": canary})
    assert canary not in str(error.value)
