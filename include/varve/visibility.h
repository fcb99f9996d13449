// SPDX-License-Identifier: Apache-2.0
// Symbols that leave the library.
#pragma once

#define VARVE_EXPORT __attribute__((visibility("default")))
