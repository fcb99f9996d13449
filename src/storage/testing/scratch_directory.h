// SPDX-License-Identifier: Apache-2.0
// A directory for one test, removed with everything in it afterwards.
#pragma once

#include <string>

namespace varve::internal {

class ScratchDirectory {
 public:
  /// Below $TMPDIR or /tmp.
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace varve::internal
