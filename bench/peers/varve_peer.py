# SPDX-License-Identifier: Apache-2.0
from .peer import Peer, as_sql


class Varve(Peer):
    name, commits, sync, layout = "varve", True, True, None

    def load(self):
        super().load()
        global varve
        import varve

    def version(self):
        return varve.__version__

    def values(self, batch, name):
        return batch.column(name).to_numpy()

    def write(self, source, path):
        varve.create(path, source.reader(), layout=self.layout, sync=self.sync)

    def open(self, path):
        self.table = varve.open(path, sync=self.sync)

    def take(self, rows, columns):
        return self.table.take(rows, columns)

    def scan(self, columns):
        return self.table.scan(columns)

    def filter(self, condition, columns):
        return self.table.scan(columns, filter=as_sql(condition))

    def create(self, path, schema):
        varve.create(path, schema, sync=self.sync)

    def append(self, path, table):
        varve.open(path, sync=self.sync).append(table)

    def rows(self, path):
        return varve.open(path).count()


class VarveUnsynced(Varve):
    name, sync, note = "varve-unsynced", False, "sync=False: as durable as the peers that never sync"


class VarveCompact(Varve):
    name, layout, note = "varve-compact", {"emb": "compact"}, "layout compact: byte stream split and zstd"
