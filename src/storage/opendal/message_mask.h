// SPDX-License-Identifier: Apache-2.0
// Takes credentials out of what services and gateways say: some repeat what they were sent, headers
// and address included.
//
// Threads: immutable; share freely
#pragma once

#include <map>
#include <string>
#include <vector>

#include "varve/secret.h"

namespace varve::internal {

class MessageMask {
 public:
  /// Hides the values of all of a client's options but those that are known to be none's secret.
  explicit MessageMask(const std::map<std::string, std::string>& options);

  /// `message` with "***" for each secret, also in the form that addresses have.
  std::string Apply(std::string message) const;

 private:
  void Add(const std::string& value);

  std::vector<Secret> secrets_;
};

}  // namespace varve::internal
