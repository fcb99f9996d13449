// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace varve::cli {

/// "██████░░░░░░ 50%" of `done` from 0 to 1; more counts as 1.
std::string ProgressBar(double done);

}  // namespace varve::cli
