// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <string>
#include <utility>
#include <variant>

#include "varve/data_codec.h"
#include "varve/index_file.h"

namespace varve {
namespace {

class Codec : public IndexFileCodec {
 public:
  Result<std::shared_ptr<arrow::Buffer>> Encode(const IndexFile& file) const override {
    BinlogDescriptor descriptor;
    descriptor.collection_id = file.ids.collection;
    descriptor.partition_id = file.ids.partition;
    descriptor.segment_id = file.ids.segment;
    descriptor.field_id = file.ids.field;
    descriptor.payload_type = file.payload_type;
    descriptor.extras[kIndexBuildIdExtra] = std::to_string(file.ids.build);
    return Serialize(IndexData{.descriptor = std::move(descriptor), .bytes = file.blob},
                     StorageType::kRemote);
  }

  Result<IndexFile> Decode(std::shared_ptr<arrow::Buffer> bytes,
                           const std::string& object) const override {
    ARROW_ASSIGN_OR_RAISE(FileData data, DeserializeFileData(bytes, object));
    auto* index = std::get_if<IndexData>(&data);
    if (index == nullptr) {
      return Corruption("not an index file", {.object = object, .expected = "an IndexFileEvent"});
    }
    const BinlogDescriptor& descriptor = index->descriptor;
    IndexFile file;
    file.ids.collection = descriptor.collection_id;
    file.ids.partition = descriptor.partition_id;
    file.ids.segment = descriptor.segment_id;
    file.ids.field = descriptor.field_id;
    file.payload_type = descriptor.payload_type;
    file.blob = std::move(index->bytes);
    const auto build = descriptor.extras.find(kIndexBuildIdExtra);
    const std::string text = build == descriptor.extras.end() ? "" : build->second;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), file.ids.build);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Corruption("an index file does not say whose it is", {.object = object,
                                                                   .field = kIndexBuildIdExtra,
                                                                   .expected = "a decimal build id",
                                                                   .found = "'" + text + "'"});
    }
    return file;
  }
};

}  // namespace

std::shared_ptr<const IndexFileCodec> EventIndexFileCodec() {
  static const auto codec = std::make_shared<const Codec>();
  return codec;
}

}  // namespace varve
