// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/scratch_directory.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace varve::internal {

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "varve-test-XXXXXX").string();
  // Without a directory no test of files means anything.
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace varve::internal
