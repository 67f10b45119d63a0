// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// logOptions says what of the log is written and how. Logs are for those who
// run Frontline: they name objects and digests and never hold what a list, a
// request or an answer says about a person.
type logOptions struct {
	level  string
	format string
}

func (o *logOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.level, "log-level", "info", "least severity written: debug, info, warn or error")
	flags.StringVar(&o.format, "log-format", "json", "form of a log line: json or text")
}

// setUp makes one logger, hands it to the libraries that keep a global one, and
// returns a context that carries it for logr.FromContext.
func (o *logOptions) setUp(ctx context.Context, out io.Writer) (context.Context, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not known: use debug, info, warn or error", o.level)
	}
	handlerOptions := &slog.HandlerOptions{Level: level}

	var handler slog.Handler
	switch o.format {
	case "json":
		handler = slog.NewJSONHandler(out, handlerOptions)
	case "text":
		handler = slog.NewTextHandler(out, handlerOptions)
	default:
		return nil, fmt.Errorf("--log-format %q is not known: use json or text", o.format)
	}

	logger := logr.FromSlogHandler(handler)
	slog.SetDefault(slog.New(handler))
	ctrllog.SetLogger(logger)
	klog.SetLogger(logger)
	return logr.NewContext(ctx, logger), nil
}
