// SPDX-License-Identifier: Apache-2.0
// Reads the options of IPv4 headers in a loop over an iterator's numbers, drops short ones, and sums the
// bytes behind the header in another one.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BYTES 64

struct bpf_iter_num {
	__u64 opaque;
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/* As libbpf has it: the iterator ends with its scope. */
#define for_numbers(i, start, stop)                                                     \
	for (struct bpf_iter_num it __attribute__((cleanup(bpf_iter_num_destroy))),     \
	     *made __attribute__((unused)) = (bpf_iter_num_new(&it, (start), (stop)),   \
					      (void)bpf_iter_num_destroy, (void *)0);   \
	     ({ int *n = bpf_iter_num_next(&it); n && ((i) = *n, (i) >= (start) && (i) < (stop)); });)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 32);
} options SEC(".maps");

// What the loops carry from round to round stands in memory: in registers it keeps verifiers
// from seeing that a round is like the one before.
struct work {
	__u32 at, sum, seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct work);
	__uint(max_entries, 1);
} works SEC(".maps");

SEC("xdp")
int option_loop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 until, zero = 0;
	struct work *w;
	int i;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	until = ip->ihl * 4;
	if (until < sizeof(*ip))
		return XDP_DROP;
	w = bpf_map_lookup_elem(&works, &zero);
	if (!w)
		return XDP_ABORTED;
	*w = (struct work){.at = sizeof(*ip)};
	for_numbers(i, 0, 40) {
		__u32 at = w->at & 63, kind, *count;
		__u8 *o = (void *)ip + at;

		if (at >= until || (void *)(o + 2) > end)
			break;
		kind = o[0] & 31;
		if (kind == 0)
			break;
		count = bpf_map_lookup_elem(&options, &kind);
		if (count)
			__sync_fetch_and_add(count, 1);
		w->seen++;
		if (kind == 1) {
			w->at = at + 1;
			continue;
		}
		if (o[1] < 8)
			return XDP_DROP;
		w->at = at + o[1];
	}
	for_numbers(i, 0, BYTES) {
		__u8 *b = (void *)(ip + 1) + i;

		if ((void *)(b + 1) > end)
			break;
		w->sum = w->sum * 31 + *b;
	}
	if (w->seen > 3)
		return XDP_TX;
	return w->sum & 1 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
