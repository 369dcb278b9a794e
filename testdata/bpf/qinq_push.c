// SPDX-License-Identifier: Apache-2.0
// Puts customers' frames into a provider's network: a service tag by the customer's link
// address in front of the tags that are there, and off again for frames that come back.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct tag {
	__be16 proto, tci;
};

struct addresses {
	__u8 dst[ETH_ALEN], src[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 8);
} customers SEC(".maps");

SEC("xdp")
int qinq_push(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct addresses *a = data, keep;
	struct tag *t = (void *)(a + 1);
	__u32 customer;
	__u64 *n;

	if ((void *)(t + 1) > end)
		return XDP_DROP;
	keep = *a;
	if (t->proto == bpf_htons(ETH_P_8021AD)) {
		if (bpf_xdp_adjust_head(ctx, sizeof(*t)))
			return XDP_DROP;
		data = (void *)(long)ctx->data;
		end = (void *)(long)ctx->data_end;
		a = data;
		if ((void *)(a + 1) > end)
			return XDP_ABORTED;
		*a = keep;
		return XDP_PASS;
	}
	customer = keep.src[5];
	n = bpf_map_lookup_elem(&customers, &customer);
	if (!n)
		return XDP_PASS; // no customer
	*n += end - data;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*t)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	a = data;
	t = (void *)(a + 1);
	if ((void *)(t + 1) > end)
		return XDP_ABORTED;
	*a = keep;
	t->proto = bpf_htons(ETH_P_8021AD);
	t->tci = bpf_htons(1000 + customer);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
