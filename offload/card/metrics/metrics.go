// Package metrics tells the counters of running cards in the form of Prometheus.
// New makes a registry to gather from.
//
// It never knows how they are served.
//
// Not stable: the card as a process is new.
package metrics

import (
	"context"
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/skipsw/skipsw/offload/card"
)

// New returns a registry of the cards of these names, or without names of all
// that run when they are asked.
func New(names ...string) (*prometheus.Registry, error) {
	r := prometheus.NewRegistry()
	return r, r.Register(&collector{names})
}

// collector asks cards.
type collector struct{ names []string }

// metric is a metric with labels beside the card.
func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("skipsw_card_"+name, help, append([]string{"card"}, labels...), nil)
}

// The metrics.
var (
	upDesc      = metric("up", "Whether the card answers.")
	behindDesc  = metric("behind_seconds", "How long the last frame left after its time on the card.")
	mostDesc    = metric("behind_most_seconds", "The longest that a frame has left after its time.")
	fateDesc    = metric("frames_total", "Frames that came in, by what became of them.", "fate")
	verdictDesc = metric("verdicts_total", "Verdicts of programs.", "verdict")
	cyclesDesc  = metric("cycles_total", "Core cycles that programs took.")
	stoppedDesc = metric("passed_stopped_total", "Frames that passed by a program which was stopped for breaking a rule of the machine.")
	runsDesc    = metric("program_runs_total", "Frames that a program has seen.", "id")
	packetsDesc = metric("port_packets_total", "Frames at the wire or the host of a port.", "port", "end", "direction")
	bytesDesc   = metric("port_bytes_total", "Bytes of frames at the wire or the host of a port.", "port", "end", "direction")
	lostDesc    = metric("port_lost_total", "Frames that were lost at the wire or the host of a port, by reason.", "port", "end", "direction", "reason")
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, behindDesc, mostDesc, fateDesc, verdictDesc, cyclesDesc, stoppedDesc, runsDesc, packetsDesc, bytesDesc, lostDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx := context.Background()
	names := c.names
	if len(names) == 0 {
		names = card.Running(ctx)
	}
	for _, name := range names {
		up := 1.0
		if err := collect(ctx, ch, name); err != nil {
			up = 0
			if !errors.Is(err, card.ErrNotRunning) {
				ch <- prometheus.NewInvalidMetric(upDesc, err)
				continue
			}
		}
		ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up, name)
	}
}

// collect asks one card.
func collect(ctx context.Context, ch chan<- prometheus.Metric, name string) error {
	c, err := card.Open(ctx, name)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Stats(ctx)
	if err != nil {
		return err
	}
	st, err := card.StatusOf(c)
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, st.Behind.Seconds(), name)
	ch <- prometheus.MustNewConstMetric(mostDesc, prometheus.GaugeValue, st.BehindMost.Seconds(), name)
	for _, x := range all {
		count := func(d *prometheus.Desc, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(x.Value), append([]string{name}, labels...)...)
		}
		group, of, _ := strings.Cut(x.Group, " ")
		switch {
		case group == "fate":
			count(fateDesc, x.Name)
		case group == "verdict":
			count(verdictDesc, x.Name)
		case group == "card" && x.Name == "cycles":
			count(cyclesDesc)
		case group == "card" && x.Name == "program_stopped":
			count(stoppedDesc)
		case group == "program":
			count(runsDesc, of)
		case group == "port":
			ofPort(count, of, "wire", x.Name)
		case group == "host":
			ofPort(count, of, "host", x.Name)
		}
	}
	return nil
}

// ofPort tells a counter of a port's wire or host: "rx_packets", "tx_queue_full".
func ofPort(count func(d *prometheus.Desc, labels ...string), port, end, name string) {
	direction, what, _ := strings.Cut(name, "_")
	switch what {
	case "packets":
		count(packetsDesc, port, end, direction)
	case "bytes":
		count(bytesDesc, port, end, direction)
	default:
		count(lostDesc, port, end, direction, what)
	}
}
