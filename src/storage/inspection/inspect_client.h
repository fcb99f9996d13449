// SPDX-License-Identifier: Apache-2.0
// The part of InspectStore that sends requests.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "storage/remote/object_client.h"
#include "varve/store_inspection.h"

namespace varve::internal {

/// How much is tried.
struct Trials {
  bool writes = true;
  /// With `writes`, and where uploads can be told apart: elsewhere they weigh.
  bool uploads = false;
};

/// Fills in what `client`, at the root of the store, answers. One try a request: what goes wrong is
/// to be seen.
void InspectClient(ObjectClient* client, const Trials& trials, StoreInspection* found,
                   Clock* clock = Clock::System(), Random* random = Random::System());

/// What to do about a request that ended so; "" if there is nothing to say.
std::string AdviceFor(ObjectOutcome outcome, const StoreInspection& found);

}  // namespace varve::internal
