// SPDX-License-Identifier: Apache-2.0
// Checks of this machine.
#pragma once

#include <cstdint>
#include <string>

#include "cli/doctor/check.h"

namespace varve::cli {

/// Versions, processor, clock.
void CheckMachine(CheckList* checks);

/// The file system that holds `path`, or will.
void CheckLocalDisk(const std::string& path, CheckList* checks);

/// The nearest folder that exists: a table makes its own.
std::string ExistingFolder(const std::string& path);

/// Microseconds since the epoch.
int64_t NowMicros();

}  // namespace varve::cli
