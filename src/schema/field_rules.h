// SPDX-License-Identifier: Apache-2.0
// What makes one field of a schema valid, apart from its neighbours.
#pragma once

#include "varve/schema.h"

namespace varve::internal {

/// Checks `field`, fills its arrow_type and turns it into the stored form. Ids are not looked at.
/// Errors: Invalid naming the field and the mistake
Status CompleteField(FieldSchema* field);

/// Errors: Invalid for reserved ids and ids that Parquet cannot hold
Status CheckFieldId(const FieldSchema& field);

}  // namespace varve::internal
