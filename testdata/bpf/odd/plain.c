// SPDX-License-Identifier: Apache-2.0
// Programs in .text, and in sections that say no type: what they get does.
#include <linux/bpf.h>

static __attribute__((noinline)) int twice(int x)
{
	asm volatile("" : "+r"(x));
	return 2 * x;
}

int on_xdp(struct xdp_md *ctx) { return twice(ctx->rx_queue_index); }
int on_skb(struct __sk_buff *skb) { return twice(skb->len); }
int helper(int x) { return twice(x); }
