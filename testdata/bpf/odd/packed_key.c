// SPDX-License-Identifier: Apache-2.0
// A key inside a packed structure: its pointer leads into the middle of an
// eight-byte slot that begins with a constant. No packet of type 4 and more
// finds an entry.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} entries SEC(".maps");

struct record {
	__u16 kind;
	__u32 index;
} __attribute__((packed));

SEC("xdp")
int packed_key(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct record r;
	__u64 *v;

	if (data + 34 > end)
		return XDP_DROP;
	r.index = *(__u16 *)(data + 12);
	((volatile struct record *)&r)->kind = 1;
	v = bpf_map_lookup_elem(&entries, &r.index);
	if (!v)
		return XDP_DROP;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
