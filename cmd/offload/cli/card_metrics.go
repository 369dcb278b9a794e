//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload/card/metrics"
)

func newCardMetricsCmd() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "metrics [NAME]...",
		Short: "Print the counters of running cards in the form of Prometheus, or serve them",
		Long: `Print the counters of running cards in the text form of Prometheus; without NAME
those of all cards that this user may ask. With --listen they are served at
/metrics, read from the cards at each request, until interrupted.`,
		Example: `  offload card metrics
  offload card metrics --listen 127.0.0.1:9469 card0`,
		ValidArgsFunction: completeCard,
		RunE: func(cmd *cobra.Command, args []string) error {
			for i := range args {
				args[i] = strings.TrimPrefix(args[i], "sim:")
			}
			r, err := metrics.New(args...)
			if err != nil {
				return err
			}
			if listen != "" {
				return serveMetrics(cmd, r, listen)
			}
			return printMetrics(cmd, r)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "serve them at `ADDRESS:PORT`")
	return cmd
}

func printMetrics(cmd *cobra.Command, r prometheus.Gatherer) error {
	all, err := r.Gather()
	if err != nil {
		return err
	}
	enc := expfmt.NewEncoder(cmd.OutOrStdout(), expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range all {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

func serveMetrics(cmd *cobra.Command, r prometheus.Gatherer, address string) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "metrics at http://%s/metrics\n", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
