// SPDX-License-Identifier: Apache-2.0
// Checks of options whose messages say what was wrong in a person's words.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "varve/status.h"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace varve::cli {

/// A whole number, not below `least`.
CLI::Validator WholeNumber(int64_t least);

/// A number of a version, which count from 1.
CLI::Validator VersionNumber();

/// A filter that says something.
CLI::Validator FilterText();

/// More than nothing: what comes from an unset variable of a shell would count as not given.
CLI::Validator NotEmpty();

/// Invalid for the first of `options`, by their long names, that was given: it would do nothing
/// without `goes_with`.
Status CheckNotGiven(const CLI::App& app, std::initializer_list<const char*> options,
                     const std::string& goes_with);

}  // namespace varve::cli
