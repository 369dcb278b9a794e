// SPDX-License-Identifier: Apache-2.0
// Lets no frame through that the next interface could not send, and none that would
// be too long with a tunnel's headers; counts what was refused by its MTU.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 out = 112; // interface that frames leave by
const volatile __s32 tunnel = 50; // bytes of outer headers

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} refused SEC(".maps");

SEC("tc")
int mtu_guard(struct __sk_buff *skb)
{
	__u32 mtu = 0;
	__u64 one = 1, *count;

	if (bpf_check_mtu(skb, out, &mtu, tunnel, 0) == BPF_MTU_CHK_RET_SUCCESS)
		return TC_ACT_OK;
	count = bpf_map_lookup_elem(&refused, &mtu);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&refused, &mtu, &one, BPF_ANY);
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "GPL";
