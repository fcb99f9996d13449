// SPDX-License-Identifier: Apache-2.0
#include "manifest/testing/manifest_samples.h"

#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

#include "base/coding.h"

namespace varve::internal {
namespace {

std::string RandomBytes(Random* random, uint64_t count) {
  std::string bytes;
  for (uint64_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(random->Next()));
  return bytes;
}

std::string RandomText(Random* random) { return RandomBytes(random, random->Uniform(12)); }

std::vector<uint64_t> RandomIds(Random* random) {
  std::vector<uint64_t> ids;
  for (uint64_t i = random->Uniform(4); i > 0; --i) ids.push_back(random->Next());
  return ids;
}

// A number of any magnitude.
uint64_t RandomNumber(Random* random) { return random->Next() >> random->Uniform(64); }
int64_t RandomCount(Random* random) {
  return static_cast<int64_t>(random->Next() >> (2 + random->Uniform(62)));
}

StatisticValue RandomBound(Random* random) {
  switch (random->Uniform(5)) {
    case 0:
      return std::monostate{};
    case 1:
      return static_cast<int64_t>(random->Next());
    case 2:
      return random->Next();
    case 3:
      return static_cast<double>(static_cast<int64_t>(random->Next())) / 1024;
    default:
      return RandomText(random);
  }
}

std::string RandomPath(Random* random) {
  switch (random->Uniform(5)) {
    case 0:
      return "data/" + std::to_string(RandomNumber(random)) + "-" +
             std::to_string(random->Uniform(4)) + "-" + ToHex(AsBytes(RandomBytes(random, 8))) +
             ".parquet";
    case 1:
      return "data/007-0-00ff.parquet";  // like the usual form, but not it
    case 2:
      return "data/7-0-00FF.parquet";
    case 3:
      return "data/7-0-00f.parquet";
    default:
      return "imported/" + ToHex(AsBytes(RandomBytes(random, 3))) + "/\xff part.parquet";
  }
}

FileEntry RandomFile(Random* random) {
  FileEntry file;
  file.base_id = static_cast<uint32_t>(random->Uniform(3));
  file.path = RandomPath(random);
  for (uint64_t i = random->Uniform(4); i > 0; --i) {
    file.field_ids.push_back(static_cast<int64_t>(random->Uniform(3)) + 100);
  }
  file.file_bytes = RandomCount(random);
  file.schema_id = static_cast<uint32_t>(random->Uniform(3));
  file.layout = RandomText(random);
  return file;
}

std::string ToText(const StatisticValue& value) {
  std::ostringstream out;
  out.precision(17);
  out << value.index() << ":";
  if (const auto* number = std::get_if<int64_t>(&value)) out << *number;
  if (const auto* number = std::get_if<uint64_t>(&value)) out << *number;
  if (const auto* number = std::get_if<double>(&value)) out << *number;
  if (const auto* text = std::get_if<std::string>(&value)) out << ToHex(AsBytes(*text));
  return out.str();
}

std::string Hex(const std::string& text) { return ToHex(AsBytes(text)) + ";"; }

template <typename T>
std::string ToText(const std::vector<T>& values) {
  std::string out = "[";
  for (const T value : values) out += std::to_string(value) + " ";
  return out + "]";
}

}  // namespace

std::shared_ptr<const CollectionSchema> SampleSchema() {
  auto schema = CollectionSchema::Make({
      {.name = "id", .data_type = DataType::kInt64, .primary_key = true},
      {.name = "title", .data_type = DataType::kVarChar, .max_length = 200},
      {.name = "price", .data_type = DataType::kFloat},
      {.name = "ts", .data_type = DataType::kInt64},
      {.name = "label", .data_type = DataType::kInt32},
      {.name = "embedding", .data_type = DataType::kFloatVector, .dim = 16},
  });
  if (!schema.ok()) schema.status().Abort("sample schema");
  return *schema;
}

SegmentEntry SampleSegment(Random* random, int64_t num_rows) {
  SegmentEntry segment;
  segment.num_rows = num_rows;
  FileEntry file;
  file.path = "data/1-0-" + ToHex(AsBytes(RandomBytes(random, 8))) + ".parquet";
  file.field_ids = {100, 101, 102, 103, 104, 105};
  file.file_bytes = 5000 + static_cast<int64_t>(random->Uniform(200));
  file.layout = RandomBytes(random, 24);
  for (int column = 0; column < 11; ++column) {
    AppendFixed<int64_t>(&file.layout, 64 + 512 * column);
    AppendFixed<int64_t>(&file.layout, 320);
  }
  segment.files.push_back(std::move(file));
  const auto row = static_cast<int64_t>(random->Uniform(1'000'000));
  segment.statistics = {
      {.field_id = 100, .null_count = 0, .min = row, .max = row + 9},
      {.field_id = 101,
       .null_count = 0,
       .min = "title " + std::to_string(row),
       .max = "title " + std::to_string(row + 9)},
      {.field_id = 102, .null_count = 0, .min = 0.25, .max = static_cast<double>(row) / 8},
      {.field_id = 103,
       .null_count = 0,
       .min = 1'700'000'000'000 + row,
       .max = 1'700'000'000'009 + row},
      {.field_id = 104, .null_count = 0, .min = int64_t{0}, .max = int64_t{9}},
  };
  return segment;
}

ManifestEdit AppendOf(SegmentEntry segment, const std::string& message) {
  ManifestEdit edit;
  edit.operation.kind = OperationKind::kAppend;
  edit.operation.message = message;
  edit.added_segments.push_back(std::move(segment));
  return edit;
}

Manifest RandomManifest(uint64_t seed) {
  const auto owner = Random::Seeded(seed);
  Random* random = owner.get();
  Manifest manifest;
  manifest.table_id = random->NextUuid();
  manifest.version = 1 + random->Uniform(uint64_t{1} << (1 + random->Uniform(60)));
  manifest.parent_version = manifest.version - 1;
  manifest.parent_crc32c = static_cast<uint32_t>(random->Next());
  manifest.parent_branch = RandomText(random);
  manifest.commit_id = random->NextUuid();
  manifest.commit_micros = static_cast<int64_t>(random->Next());
  manifest.next_row_id = uint64_t{1} << 60;
  manifest.max_ts = random->Next();
  for (uint64_t i = random->Uniform(5); i > 0; --i) {
    SegmentEntry segment;
    segment.segment_id = manifest.next_segment_id;
    manifest.next_segment_id += 1 + random->Uniform(1000);
    segment.num_rows = static_cast<int64_t>(RandomNumber(random) >> 8);
    segment.first_row_id = RandomNumber(random) >> 8;
    segment.sequence = 1 + random->Uniform(manifest.version);
    segment.min_ts = random->Uniform(manifest.max_ts + 1);
    segment.max_ts = segment.min_ts + random->Uniform(manifest.max_ts - segment.min_ts + 1);
    for (uint64_t j = random->Uniform(4); j > 0; --j) segment.files.push_back(RandomFile(random));
    for (uint64_t j = random->Uniform(6); j > 0; --j) {
      segment.statistics.push_back(
          {.field_id = RandomCount(random),
           .null_count = random->Uniform(2) == 0 ? -1 : RandomCount(random),
           .min = RandomBound(random),
           .max = RandomBound(random),
           .exact = random->Uniform(2) == 0});
    }
    if (random->Uniform(3) == 0) {
      segment.deletion_vectors.push_back({.base_id = static_cast<uint32_t>(random->Uniform(2)),
                                          .path = RandomPath(random),
                                          .offset = RandomCount(random) / 2,
                                          .length = RandomCount(random) / 2,
                                          .cardinality = segment.num_rows / 2,
                                          .crc32c = static_cast<uint32_t>(random->Next())});
    }
    manifest.segments.push_back(std::make_shared<const SegmentEntry>(std::move(segment)));
  }
  const uint64_t num_schemas = 1 + random->Uniform(2);
  for (uint64_t i = 0; i < num_schemas; ++i) {
    manifest.schemas.push_back({.schema_id = static_cast<uint32_t>(2 * i),
                                .schema = SampleSchema(),
                                .version = 1 + random->Uniform(manifest.version)});
  }
  for (uint64_t i = random->Uniform(3); i > 0; --i) {
    manifest.deltas.push_back({.base_id = static_cast<uint32_t>(random->Uniform(2)),
                               .path = RandomPath(random),
                               .file_bytes = RandomCount(random),
                               .num_rows = RandomCount(random),
                               .sequence = 1 + random->Uniform(manifest.version)});
  }
  if (random->Uniform(2) == 0) {
    manifest.bases.push_back({.id = 1, .uri = RandomText(random)});
    manifest.changed_at.bases = manifest.version;
  }
  if (random->Uniform(2) == 0) {
    manifest.indexes.push_back({.name = RandomText(random),
                                .kind = RandomText(random),
                                .field_ids = {100, 101},
                                .segment_ids = RandomIds(random),
                                .sequence = RandomNumber(random),
                                .base_id = 1,
                                .path = RandomPath(random)});
    manifest.changed_at.indexes = manifest.version;
  }
  if (random->Uniform(2) == 0) {
    manifest.tags.push_back({.name = RandomText(random), .version = RandomNumber(random)});
    manifest.changed_at.tags = manifest.version;
  }
  if (random->Uniform(2) == 0) {
    manifest.properties.emplace_back(RandomText(random), RandomText(random));
    manifest.properties.emplace_back(RandomText(random), RandomText(random));
    manifest.changed_at.properties = manifest.version;
  }
  OperationRecord& operation = manifest.operation;
  operation.kind = static_cast<OperationKind>(random->Uniform(7));
  operation.read_version = RandomNumber(random);
  operation.segments_read = RandomIds(random);
  operation.segments_added = RandomIds(random);
  operation.segments_removed = RandomIds(random);
  operation.touched_row_ids = RandomText(random);
  operation.written_keys = RandomText(random);
  operation.predicate = RandomText(random);
  operation.rows_added = RandomCount(random);
  operation.rows_removed = RandomCount(random);
  operation.message = RandomText(random);
  manifest.chain.push_back(
      {.version = manifest.version, .next_segment_id = manifest.next_segment_id});
  return manifest;
}

std::string DumpSegments(const Manifest& manifest) {
  std::ostringstream out;
  for (const auto& segment : manifest.segments) {
    out << "segment " << segment->segment_id << " first_row_id " << segment->first_row_id
        << " rows " << segment->num_rows << " sequence " << segment->sequence << " ts "
        << segment->min_ts << ".." << segment->max_ts << "\n";
    for (const FileEntry& file : segment->files) {
      out << "  file " << file.base_id << " " << Hex(file.path) << " " << ToText(file.field_ids)
          << " bytes " << file.file_bytes << " schema " << file.schema_id << " layout "
          << Hex(file.layout) << "\n";
    }
    for (const ColumnStatistics& column : segment->statistics) {
      out << "  statistics " << column.field_id << " nulls " << column.null_count << " "
          << ToText(column.min) << ".." << ToText(column.max) << " exact " << column.exact << "\n";
    }
    for (const DeletionVectorEntry& vector : segment->deletion_vectors) {
      out << "  deletes " << vector.base_id << " " << Hex(vector.path) << " " << vector.offset
          << "+" << vector.length << " cardinality " << vector.cardinality << " crc "
          << vector.crc32c << "\n";
    }
  }
  return out.str();
}

std::string DumpManifest(const Manifest& manifest) {
  std::ostringstream out;
  out << "table " << ToHex(manifest.table_id) << "\nversion " << manifest.version << " parent "
      << manifest.parent_version << " " << manifest.parent_crc32c << " "
      << Hex(manifest.parent_branch) << "\ncommit " << ToHex(manifest.commit_id) << " at "
      << manifest.commit_micros << "\nnext_row_id " << manifest.next_row_id << " next_segment_id "
      << manifest.next_segment_id << " max_ts " << manifest.max_ts << " unknown "
      << manifest.has_unknown_fields << "\n";
  for (const auto& feature : manifest.reader_features) out << "reader feature " << feature << "\n";
  for (const auto& feature : manifest.writer_features) out << "writer feature " << feature << "\n";
  for (const SchemaEntry& entry : manifest.schemas) {
    out << "schema " << entry.schema_id << " since " << entry.version << " "
        << entry.schema->ToString() << "\n";
  }
  for (const BaseEntry& base : manifest.bases)
    out << "base " << base.id << " " << Hex(base.uri) << "\n";
  out << DumpSegments(manifest);
  for (const DeltaEntry& delta : manifest.deltas) {
    out << "delta " << delta.base_id << " " << Hex(delta.path) << " bytes " << delta.file_bytes
        << " rows " << delta.num_rows << " sequence " << delta.sequence << "\n";
  }
  for (const IndexEntry& index : manifest.indexes) {
    out << "index " << Hex(index.name) << " " << Hex(index.kind) << " " << ToText(index.field_ids)
        << " " << ToText(index.segment_ids) << " sequence " << index.sequence << " "
        << index.base_id << " " << Hex(index.path) << "\n";
  }
  for (const TagEntry& tag : manifest.tags)
    out << "tag " << Hex(tag.name) << " " << tag.version << "\n";
  for (const auto& [key, value] : manifest.properties) {
    out << "property " << Hex(key) << " " << Hex(value) << "\n";
  }
  const OperationRecord& operation = manifest.operation;
  out << "operation " << static_cast<int32_t>(operation.kind) << " read " << operation.read_version
      << " segments read " << ToText(operation.segments_read) << " added "
      << ToText(operation.segments_added) << " removed " << ToText(operation.segments_removed)
      << " row ids " << Hex(operation.touched_row_ids) << " keys " << Hex(operation.written_keys)
      << " predicate " << Hex(operation.predicate) << " rows +" << operation.rows_added << " -"
      << operation.rows_removed << " message " << Hex(operation.message) << "\n";
  for (const Manifest::Link& link : manifest.chain) {
    out << "link " << link.version << " crc " << link.crc32c << " next_segment_id "
        << link.next_segment_id << " removed " << ToText(link.removed_segments) << "\n";
  }
  return out.str();
}

}  // namespace varve::internal
