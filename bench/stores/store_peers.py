# SPDX-License-Identifier: Apache-2.0
"""The systems that read object stores, on one that needs no credentials. `path` is a folder of the bucket `b`."""

from peers import formats, varve_peer

BUCKET = "b"


def options(endpoint):
    """As every one of them spells them."""
    return {"aws_access_key_id": "x", "aws_secret_access_key": "x", "aws_region": "us-east-1", "aws_endpoint": endpoint,
            "aws_allow_http": "true", "aws_virtual_hosted_style_request": "false"}


class VarveOnStore(varve_peer.Varve):
    appends = True

    def __init__(self, endpoint, verify=True, **more):
        self.options, self.verify = options(endpoint) | more, verify

    def load(self):
        super().load()
        import varve
        self.varve = varve

    def open(self, path):
        self.table = self.varve.open(f"s3://{BUCKET}/{path}", storage_options=self.options)

    def take(self, rows, columns):
        return self.table.take(rows, columns, verify=self.verify)

    def scan(self, columns, filter=None):
        return self.table.scan(columns, filter=filter, verify=self.verify)

    def filter(self, condition, columns):
        return self.scan(columns, varve_peer.as_sql(condition))

    def append(self, path, table):
        self.table.append(table)


class LanceOnStore(formats.Lance):
    appends = True

    def __init__(self, endpoint):
        self.options = options(endpoint)

    def load(self):
        super().load()
        import lance
        self.lance = lance

    def open(self, path):
        self.dataset = self.lance.dataset(f"s3://{BUCKET}/{path}", storage_options=self.options)

    def append(self, path, table):
        self.dataset = self.lance.write_dataset(table, self.dataset, mode="append", storage_options=self.options)


class VortexOnStore(formats.Vortex):
    appends = False

    def __init__(self, endpoint):
        self.options = {k: v for k, v in options(endpoint).items() if k != "aws_allow_http"}

    def load(self):
        super().load()
        import vortex
        from vortex.store import S3Store
        self.vortex, self.store = vortex, S3Store

    def open(self, path):
        store = self.store(BUCKET, config=self.options, client_options={"allow_http": True})
        self.file = self.vortex.open(path + "/d.vortex", store=store)


ALL = {"varve": VarveOnStore, "lance": LanceOnStore, "vortex": VortexOnStore}
