// SPDX-License-Identifier: Apache-2.0
// What a doctor looked at, and what was found.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace varve::cli {

struct Check {
  std::string name;
  enum Outcome { kGood, kWarning, kBad } outcome = kGood;
  std::string finding;
  std::string fix;  ///< what to do about it; may be empty
};

class CheckList {
 public:
  void Add(std::string name, Check::Outcome outcome, std::string finding, std::string fix = "") {
    checks_.push_back({std::move(name), outcome, std::move(finding), std::move(fix)});
  }
  const std::vector<Check>& checks() const { return checks_; }

 private:
  std::vector<Check> checks_;
};

}  // namespace varve::cli
