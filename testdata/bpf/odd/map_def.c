// SPDX-License-Identifier: Apache-2.0
// The map definitions of early libbpf, with a version section.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct early_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct early_map_def SEC("maps") table = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 8,
	.value_size = 16,
	.max_entries = 100,
	.map_flags = BPF_F_NO_PREALLOC,
};

SEC("classifier")
int early(struct __sk_buff *skb)
{
	__u64 key = skb->len;

	return bpf_map_lookup_elem(&table, &key) ? 2 : 0;
}

char _license[] SEC("license") = "GPL";
__u32 _version SEC("version") = 0x40a00;
