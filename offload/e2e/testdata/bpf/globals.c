// SPDX-License-Identifier: Apache-2.0
// Has variables, a constant and a string, each of which is a map of its own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct total {
	__u64 packets;
	__u32 queue;
};

struct total total;
__u32 step = 3;
const volatile __u32 limit = 53;

SEC("xdp")
int globals_xdp(struct xdp_md *ctx)
{
	bpf_printk("queue %d", ctx->rx_queue_index);
	total.packets += step;
	total.queue = ctx->rx_queue_index;
	return ctx->rx_queue_index == limit ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int globals_tc(struct __sk_buff *skb)
{
	total.packets += step;
	return skb->mark == limit ? 2 : -1;
}

char _license[] SEC("license") = "GPL";
