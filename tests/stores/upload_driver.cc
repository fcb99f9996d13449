// SPDX-License-Identifier: Apache-2.0
// Uploads for tests that interrupt them, in a process of its own:
//
//   upload_driver write STORE PATH BYTES     made up from BYTES, in parts of 5 MiB
//   upload_driver resume STORE PATH BYTES    goes on with what another one left
//   upload_driver check STORE PATH BYTES     whether the object is what they write
//   upload_driver uploads STORE [PREFIX]     "path id" of each that is unfinished
//   upload_driver abort STORE [PREFIX]       aborts them
//
// Exit status: 0; 1 with the error; 2 for a wrong command line.
#include <cstdlib>
#include <iostream>
#include <string>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "varve/chunk_manager.h"
#include "varve/unfinished_uploads.h"

namespace varve::internal {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

std::string Content(size_t bytes) {
  const auto random = Random::Seeded(bytes);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random->Next());
  return text;
}

Status Write(ChunkWriter* writer, const std::string& text) {
  for (size_t at = 0; at < text.size(); at += kPieceBytes) {
    ARROW_RETURN_NOT_OK(writer->Write(AsBytes(text.substr(at, kPieceBytes))));
  }
  return writer->Close();
}

// As a program does that gives up.
Status WriteOrAbort(ChunkWriter* writer, const std::string& text) {
  const Status written = Write(writer, text);
  if (written.ok()) return written;
  const Status aborted = writer->Abort();
  return aborted.ok() ? written : aborted;
}

Status Execute(const std::string& command, ChunkManager* store, const std::string& path,
               const std::string& text) {
  if (command == "write") {
    ARROW_ASSIGN_OR_RAISE(const auto writer, store->OpenWriter(path));
    return WriteOrAbort(writer.get(), text);
  }
  if (command == "resume") {
    ARROW_ASSIGN_OR_RAISE(const auto writer, ResumeWriter(*store, path));
    return WriteOrAbort(writer.get(), text);
  }
  if (command == "check") {
    ARROW_ASSIGN_OR_RAISE(const auto found, store->Read(path));
    return found->ToString() == text ? Status::OK() : Status::Invalid("other bytes");
  }
  ARROW_ASSIGN_OR_RAISE(const auto uploads, ListUnfinishedUploads(*store, path));
  for (const UnfinishedUpload& upload : uploads) {
    std::cout << upload.path << " " << upload.id << "\n";
    if (command == "abort") ARROW_RETURN_NOT_OK(AbortUnfinishedUpload(*store, upload));
  }
  return Status::OK();
}

int Main(int argc, char** argv) {
  if (argc < 3 || argc > 5) return 2;
  const std::string path = argc > 3 ? argv[3] : "";
  const std::string text = argc > 4 ? Content(std::strtoull(argv[4], nullptr, 10)) : "";
  const auto store = OpenChunkManager(argv[2]);
  const Status status = store.ok() ? Execute(argv[1], store->get(), path, text) : store.status();
  if (status.ok()) return 0;
  std::cerr << status.ToString() << "\n";
  return 1;
}

}  // namespace
}  // namespace varve::internal

int main(int argc, char** argv) { return varve::internal::Main(argc, argv); }
