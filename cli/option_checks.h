// SPDX-License-Identifier: Apache-2.0
// Checks of option values whose messages say what was wrong in a person's words.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class Validator;
}

namespace varve::cli {

/// A whole number, not below `least`.
CLI::Validator WholeNumber(int64_t least);

/// A number of a version, which count from 1.
CLI::Validator VersionNumber();

/// A filter that says something.
CLI::Validator FilterText();

}  // namespace varve::cli
