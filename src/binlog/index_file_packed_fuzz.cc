// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a packed index file. A fuzzer does not guess a footer: the first byte of the
// input says whether the rest is the file itself, or a directory to be put into a sound one.
// Seeds: tests/fixtures/fuzz/packed_index/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/memory/memory_chunk_manager.h"
#include "varve/index_file_packed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve;            // NOLINT
  using namespace varve::internal;  // NOLINT
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    const auto directory_bytes = static_cast<uint32_t>(bytes.size());
    bytes = "MVSIDXV3123456789{}" + bytes;
    AppendFixed<uint16_t>(&bytes, 3);
    bytes.append(22, '\0');
    AppendFixed<uint32_t>(&bytes, 2);
    AppendFixed(&bytes, directory_bytes);
  }
  static const auto store = MemoryChunkManager::Make();
  if (!store->Write("index", AsBytes(bytes)).ok()) std::abort();
  const auto reader = PackedIndexReader::Open(store->OpenReader("index").ValueOrDie());
  if (!reader.ok()) return 0;
  for (const PackedIndexEntry& entry : (*reader)->entries()) {
    const auto blob = (*reader)->ReadEntry(entry.name);
    if (blob.ok() && (*blob)->size() != entry.bytes) std::abort();
  }
  return 0;
}
