// SPDX-License-Identifier: Apache-2.0
// Samples packets as sFlow does: sends the beginning of every fourth packet to the
// host through a perf event array, with the packet's length and the number of
// packets before it. The bytes of the packet are appended by the helper.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define SAMPLED 128

struct sample {
	__u64 seen;
	__u32 len, taken;
	__u32 priority, mark;
};

const struct sample *unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

static __u64 seen;
static __u64 failed;

SEC("tc")
int packet_sample(struct __sk_buff *skb)
{
	struct sample s = { .seen = seen++, .len = skb->len, .priority = skb->priority, .mark = skb->mark };

	if (s.seen % 4)
		return TC_ACT_OK;
	s.taken = s.len < SAMPLED ? s.len : SAMPLED;
	if (bpf_perf_event_output(skb, &samples, BPF_F_CURRENT_CPU | (__u64)s.taken << 32, &s, sizeof(s)))
		failed++;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
