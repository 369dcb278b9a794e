// SPDX-License-Identifier: Apache-2.0
#define SIZE 1
#include "pinned.c"
