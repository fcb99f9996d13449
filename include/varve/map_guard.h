// SPDX-License-Identifier: Apache-2.0
// Protection of Varve's own reads of memory-mapped files.
//
// A mapped file that is truncated, or whose disk fails, raises SIGBUS when its pages are touched.
// With the guard installed, a fault while Varve itself copies or verifies mapped bytes becomes an
// error that names the file. A consumer that touches a zero-copy batch of such a file cannot be
// protected, and faults outside Varve go to whatever handler was there before.
//
// The command and the Python package install the guard. A C++ host opts in, since it owns its
// signal handlers.
#pragma once

#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Installs a SIGBUS handler that chains to the present one. Harmless when called again.
/// Threads: any; call it early.  Errors: kIo if the system refuses the handler
VARVE_EXPORT Status InstallMapGuard();

}  // namespace varve
