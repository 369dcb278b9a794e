// SPDX-License-Identifier: Apache-2.0
// Tail calls of functions: the program that is called runs in the function's place
// and returns to its caller, which goes on with what it knew and what came back.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { LENGTH, PROTO, DEEPER, EMPTY, SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16);
} sums SEC(".maps");

int length(struct xdp_md *ctx);
int proto(struct xdp_md *ctx);
int deeper(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} answers SEC(".maps") = {
	.values = { [LENGTH] = &length, [PROTO] = &proto, [DEEPER] = &deeper },
};

static __noinline int ask(struct xdp_md *ctx, __u32 what, int otherwise)
{
	volatile int keep = otherwise;

	bpf_tail_call(ctx, &answers, what);
	return keep;
}

SEC("xdp")
int length(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

SEC("xdp")
int proto(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return -1;
	return bpf_ntohs(eth->h_proto);
}

SEC("xdp")
int deeper(struct xdp_md *ctx)
{
	int a = ask(ctx, LENGTH, 1000);
	int b = ask(ctx, PROTO, 2000);

	if (bpf_xdp_adjust_head(ctx, 4))
		return 7;
	return a * 3 + b;
}

SEC("xdp")
int tail_inside(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 key = 0, first;
	__u64 *sum;
	int n;

	if (data + 64 > end)
		return XDP_DROP;
	first = *(__u32 *)(data + 6);
	n = ask(ctx, first % (SLOTS + 1), 11);
	n += 3 * ask(ctx, PROTO, 12);
	n ^= ask(ctx, EMPTY, 13);
	n += ask(ctx, DEEPER, 14);
	key = (n + first) & 15;
	sum = bpf_map_lookup_elem(&sums, &key);
	if (sum)
		*sum += n;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + 4 > end)
		return XDP_DROP;
	*(__u32 *)data = n;
	return n & 1 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
