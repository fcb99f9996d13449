// SPDX-License-Identifier: Apache-2.0
// Where a table is and how to get at it, as far as a configuration file says what the caller does
// not: for programs whose users write "books" or "s3://bucket/books", and the rest in a file.
//
//   ARROW_ASSIGN_OR_RAISE(const auto file, varve::FindConfiguration(path));
//   if (file) options = varve::TableOptionsFrom(*file, address = varve::Locate(*file, address));
//
// Threads: may be called concurrently
#pragma once

#include <optional>
#include <string>

#include "varve/configuration.h"
#include "varve/status.h"
#include "varve/table.h"
#include "varve/visibility.h"

namespace varve {

/// The variable of the environment that names a configuration file.
inline constexpr char kConfigurationVariable[] = "VARVE_CONFIG";

/// The file at `path`, or where that is empty, the one that VARVE_CONFIG names; nullopt: neither.
/// Errors: as StorageConfiguration::Load
VARVE_EXPORT Result<std::optional<StorageConfiguration>> FindConfiguration(
    const std::string& path = "");

/// `location`; if that is a plain relative name ("books", not "./books"), below the place that the
/// file names, if it names one.
VARVE_EXPORT std::string Locate(const StorageConfiguration& configuration,
                                const std::string& location);

/// Of the file, what is for the table at `location`: the codec of its rows, and the options of the
/// store if it is of the kind that the file is about. Anything else is as the defaults are.
VARVE_EXPORT TableOptions TableOptionsFrom(const StorageConfiguration& configuration,
                                           const std::string& location);

}  // namespace varve
