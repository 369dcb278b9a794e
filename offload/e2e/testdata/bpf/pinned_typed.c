// SPDX-License-Identifier: Apache-2.0
// As pinned.c, but for what the 8 bytes of a value are.
struct halves {
	unsigned int low, high;
};

#define VALUE struct halves
#include "pinned.c"
