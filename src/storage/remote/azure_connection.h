// SPDX-License-Identifier: Apache-2.0
// Azure's connection strings, as its portal gives them, in the words of options.
//
//   DefaultEndpointsProtocol=https;AccountName=me;AccountKey=…;EndpointSuffix=core.windows.net
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

/// endpoint, account_name, account_key, sas_token: those that are in it.
/// Errors: Invalid naming a part that has no value; values are not repeated
Result<std::map<std::string, std::string>> ParseAzureConnection(std::string_view text);

/// "me" of "https://me.blob.core.windows.net"; "" of other endpoints.
std::string AzureAccountOf(std::string_view endpoint);

}  // namespace varve::internal
