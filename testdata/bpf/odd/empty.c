// SPDX-License-Identifier: Apache-2.0
// A function, but no program.
#include <linux/bpf.h>

int twice(int x)
{
	return 2 * x;
}
