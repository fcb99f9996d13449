// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_layout.h"
