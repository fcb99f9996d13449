// SPDX-License-Identifier: Apache-2.0
// The settings of one service as an address and storage options: what Milvus calls an access key is
// an account in Azure and a secret id in Tencent's cloud.
#pragma once

#include "storage/configuration/settings.h"
#include "varve/configuration.h"

namespace varve::internal {

/// Fills in type, uri, options and secrets, and adds warnings.
/// Errors: Invalid for a type nobody knows, and for settings that contradict each other
Status ApplyServiceSettings(const Settings& settings, StorageConfiguration* out);

}  // namespace varve::internal
