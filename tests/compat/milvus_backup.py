# SPDX-License-Identifier: Apache-2.0
"""Writes a small backup of Milvus, as milvus-backup lays it out: logs with struct and pyarrow alone, metadata as JSON.

    python tests/compat/milvus_backup.py FOLDER [V1|V2]

Collection "books" (700): id Int64 (the key), title VarChar(64), year Int32 with the default 1900, which the older rows lack, emb
FloatVector of 4. Insert logs are V1 binlogs, or packed sets of V2. Partition "_default" (701) has segment 703 with two chunks of four rows and a delete of id 2; partition "new" (702)
has segment 704 with two rows. A delete of level zero, of all partitions, takes id 9. The ids count from 0 to 9.
Source: shared specification of Milvus' formats, sections 1, 2 and 6.
"""
import base64
import json
import pathlib
import struct
import sys

import pyarrow as pa
import pyarrow.parquet as pq

INSERT, DELETE, INDEX_FILE = 1, 2, 7
NONE, INT8, INT32, INT64, STRING, VARCHAR, FLOAT_VECTOR = 0, 2, 4, 5, 20, 21, 101
COLLECTION, DEFAULT, NEW, OLD_SEGMENT, NEW_SEGMENT, LEVEL_ZERO = 700, 701, 702, 703, 704, 705
DIMENSION = 4


def hybrid(seconds):
    """Hybrid timestamp of a second after 2024-01-01 00:00 UTC."""
    return (1704067200 + seconds) * 1000 << 18


def signed(time):
    """The bits of a hybrid timestamp, as an int64 column has them."""
    return time - (1 << 64 if time >> 63 else 0)


INSERTED, INSERTED_LATER, DELETED = hybrid(0), hybrid(60), hybrid(120)


def payload(values):
    """The Parquet file in an event."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"val": values}), sink, compression="zstd", store_schema=False)
    return sink.getvalue().to_pybytes()


def binlog(values, event, data_type, ids, times):
    """A file with one event that holds values; `ids`: collection, partition, segment, field."""
    return frame(payload(values), event, data_type, ids, times, {"original_size": str(values.nbytes)})


def frame(payload, event, data_type, ids, times, extras):
    """A file with one event."""
    extras = json.dumps(extras).encode()
    length = 81 + len(extras)
    descriptor = struct.pack("<QbiiqqqqQQi8Bi", 0, 0, length, 4 + length, *ids, *times, data_type, 52, *[16] * 7, len(extras)) + extras
    size = 33 + len(payload)
    return b"\xbc\xfa\xff\x00" + descriptor + struct.pack("<QbiiQQ", 0, event, size, 4 + length + size, *times) + payload


# Column groups of V2: system fields and the key, then each for itself what Milvus would put there.
GROUPS = {0: (0, 1, 100), 1: (101, 103), 102: (102,)}


def packed(columns, groups, group):
    """The file of a column group, which names the fields of all groups."""
    names = {0: "RowID", 1: "Timestamp", 100: "id", 101: "title", 102: "emb", 103: "year"}
    fields, arrays = [], []
    for field_id in groups[group]:
        _, values = columns[field_id]
        fields.append(pa.field(names[field_id], values.type, nullable=False, metadata={"PARQUET:field_id": str(field_id)}))
        arrays.append(values)
    rows = len(arrays[0])
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, pa.schema(fields), compression="zstd", store_schema=False) as writer:
        writer.write_table(pa.table(arrays, schema=pa.schema(fields)))
        writer.add_key_value_metadata({
            "group_field_id_list": ";".join(",".join(map(str, ids)) for ids in groups.values()),
            "row_group_metadata": f"{sum(array.nbytes for array in arrays)}|{rows}|0",
            "storage_version": "1.0.0",
        })
    return sink.getvalue().to_pybytes()


def vector(row_id):
    return [row_id / 2, 1.0, -row_id / 4, 0.0]


def title(row_id):
    return f"book {row_id}"


class Backup:
    def __init__(self, folder, version):
        self.folder, self.version = pathlib.Path(folder), version
        self.next_log = 9000

    def put(self, kind, parts, data):
        """The path that Milvus would have; in the backup, groups named after segments stand before these."""
        self.next_log += 1
        relative = [kind, str(COLLECTION), *map(str, parts), str(self.next_log)]
        grouped = [*relative[:3], relative[3], *relative[3:]] if parts[0] >= 0 else relative
        path = self.folder / "binlogs" / "/".join(grouped)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"log_path": "files/" + "/".join(relative), "log_size": len(data)}

    def insert(self, partition, segment, rows, time, with_year, lists):
        columns = {
            0: (INT64, pa.array(rows, pa.int64())),
            1: (INT64, pa.array([signed(time)] * len(rows), pa.int64())),
            100: (INT64, pa.array(rows, pa.int64())),
            101: (VARCHAR, pa.array([title(row) for row in rows], pa.string())),
            102: (FLOAT_VECTOR, pa.array([struct.pack("<4f", *vector(row)) for row in rows], pa.binary(4 * DIMENSION))),
        }
        if with_year:
            columns[103] = (INT32, pa.array([2000 + row for row in rows], pa.int32()))
        if self.version == "V2":
            groups = {group: tuple(field for field in fields if field in columns) for group, fields in GROUPS.items()}
            for group in groups:
                log = self.put("insert_log", (partition, segment, group), packed(columns, groups, group)) | {"entries_num": len(rows)}
                lists.setdefault(group, []).append(log)
            return
        for field, (data_type, values) in columns.items():
            data = binlog(values, INSERT, data_type, (COLLECTION, partition, segment, field), (time, time))
            log = self.put("insert_log", (partition, segment, field), data) | {"entries_num": len(rows)}
            lists.setdefault(field, []).append(log)

    def delete(self, partition, segment, keys):
        rows = [json.dumps({"pk": key, "ts": DELETED, "pkType": INT64}) for key in keys]
        data = binlog(pa.array(rows, pa.string()), DELETE, STRING, (COLLECTION, partition, segment, -1), (DELETED, DELETED))
        return [{"binlogs": [self.put("delta_log", (partition, segment), data)]}]

    def meta(self, name, infos):
        path = self.folder / "meta" / f"{name}_meta.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"infos": infos}))


def field(field_id, name, data_type, **members):
    params = [{"key": key, "value": str(value)} for key, value in members.pop("params", {}).items()]
    return {"fieldID": field_id, "name": name, "data_type": data_type, "type_params": params, **members}


# As encoding/json of Go writes it: what is 0 is left out.
def field_binlogs(lists):
    return [({"fieldID": field} if field else {}) | {"binlogs": logs} for field, logs in lists.items()]


def write(folder, version="V1", later=INSERTED_LATER, **members):
    """`later`: when rows 4 to 9 were inserted; `members`: more of the newer segment's metadata."""
    backup = Backup(folder, version)
    old, new = {}, {}
    backup.insert(DEFAULT, OLD_SEGMENT, [0, 1, 2, 3], INSERTED, False, old)
    backup.insert(DEFAULT, OLD_SEGMENT, [4, 5, 6, 7], later, True, old)
    backup.insert(NEW, NEW_SEGMENT, [8, 9], later, True, new)

    def segment(partition, segment_id, **members):
        return {"segment_id": segment_id, "collection_id": COLLECTION, "partition_id": partition} | members

    backup.meta("segment", [
        segment(DEFAULT, OLD_SEGMENT, num_of_rows=8, group_id=OLD_SEGMENT, binlogs=field_binlogs(old),
                deltalogs=backup.delete(DEFAULT, OLD_SEGMENT, [2])),
        segment(NEW, NEW_SEGMENT, num_of_rows=2, group_id=NEW_SEGMENT, binlogs=field_binlogs(new), deltalogs=[{}], **members),
    ])
    backup.meta("partition", [{"partition_id": DEFAULT, "partition_name": "_default", "collection_id": COLLECTION},
                              {"partition_id": NEW, "partition_name": "new", "collection_id": COLLECTION}])
    # 1900 in a ValueField message: member 2, a varint.
    year = base64.b64encode(bytes([0x10, 0xec, 0x0e])).decode()
    fields = [field(100, "id", INT64, is_primary_key=True), field(101, "title", VARCHAR, params={"max_length": 64}),
              field(102, "emb", FLOAT_VECTOR, params={"dim": DIMENSION}), field(103, "year", INT32, default_value_base64=year)]
    backup.meta("collection", [{
        "collection_id": COLLECTION, "db_name": "default", "collection_name": "books", "schema": {"name": "books", "fields": fields},
        "l0_segments": [segment(-1, LEVEL_ZERO, is_l0=True, deltalogs=backup.delete(-1, LEVEL_ZERO, [9]))],
    }])


if __name__ == "__main__":
    write(*sys.argv[1:])
