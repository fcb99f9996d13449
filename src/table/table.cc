// SPDX-License-Identifier: Apache-2.0
#include "varve/table.h"
