// SPDX-License-Identifier: Apache-2.0
// Variables that a loader sets before it loads, in every kind of type, and a map
// that it sizes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum mode { OFF, COUNT, BLOCK = 7 };

struct limit {
	__u16 rate;
	__s8 burst;
	__u8 low : 4, high : 4;
	struct { __u8 mac[6]; } peer;
};

const volatile __u32 blocked_port = 0;
const volatile enum mode mode = OFF;
const volatile struct limit limits[3] = { { .rate = 1 } };
static volatile const _Bool verbose = 0;
const volatile char name[8] = "none";
volatile __u64 start = 5;
volatile __u64 total;
volatile __u32 named SEC(".bss.named");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

SEC("xdp") int block(struct xdp_md *ctx)
{
	if (!blocked_port)
		return XDP_PASS;
	return ctx->rx_queue_index == blocked_port ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int all(struct xdp_md *ctx)
{
	total += start + named;
	if (verbose)
		total += name[0];
	return mode == BLOCK && limits[2].peer.mac[5] ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&counters, &key);

	if (n)
		*n += 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
