package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/grpc/codes"
)

// Dial connects to Temporal. Without a logger in opts the client keeps quiet. The error
// is a sentence of Explain's.
func Dial(ctx context.Context, opts client.Options) (client.Client, error) {
	if opts.Logger == nil {
		opts.Logger = QuietLogger()
	}
	if opts.ConnectionOptions.GetSystemInfoTimeout == 0 {
		opts.ConnectionOptions.GetSystemInfoTimeout = defaultConnectTimeout
	}
	AnyID(&opts)
	c, err := client.DialContext(ctx, opts)
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if explained := explain(err, opts); explained != nil {
		return nil, explained
	}
	// Whatever else goes wrong before the first call, nobody is connected.
	return nil, Fail(ExitConnection, fmt.Errorf("connect to Temporal at %s: %w", opts.HostPort, err))
}

// QuietLogger drops what the Temporal SDK would log.
func QuietLogger() log.Logger {
	return log.NewStructuredLogger(slog.New(slog.DiscardHandler))
}

// Explain turns an error that any call of a Temporal client returned into a sentence
// with ExitConnection, when it says that the server, the namespace or the permission
// is missing. Any other error it returns as it is.
func Explain(err error, opts client.Options) error {
	if explained := explain(err, opts); explained != nil {
		return explained
	}
	return err
}

func explain(err error, opts client.Options) error {
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		return Fail(ExitConnection, fmt.Errorf("namespace %s does not exist at %s: name another with --namespace or TEMPORAL_NAMESPACE, "+
			"or create it with `temporal operator namespace create --namespace %s`", opts.Namespace, opts.HostPort, opts.Namespace))
	}
	switch Code(err) {
	case codes.PermissionDenied, codes.Unauthenticated:
		return Fail(ExitConnection, fmt.Errorf("the Temporal server at %s refuses this client for namespace %s (%s): "+
			"check --api-key or TEMPORAL_API_KEY, the client certificate and the namespace", opts.HostPort, opts.Namespace, Reason(err)))
	case codes.Unavailable, codes.DeadlineExceeded:
		return Fail(ExitConnection, unreachable(err, opts.HostPort))
	case codes.Unimplemented:
		return Fail(ExitConnection, fmt.Errorf("what listens at %s is no Temporal server (%s): "+
			"say where it is with --address or TEMPORAL_ADDRESS", opts.HostPort, Reason(err)))
	}
	return nil
}

// Unreachable tells whether err says that the server does not answer at the moment.
func Unreachable(err error) bool {
	c := Code(err)
	return c == codes.Unavailable || c == codes.DeadlineExceeded
}

func unreachable(err error, address string) error {
	const hint = "start one with `kilndev up`, or say where it is with --address or TEMPORAL_ADDRESS"
	if strings.Contains(err.Error(), "connection refused") {
		return fmt.Errorf("no Temporal server at %s: %s", address, hint)
	}
	return fmt.Errorf("no answer from a Temporal server at %s (%s): %s; check --tls and its sisters too", address, Reason(err), hint)
}

// Code is the gRPC code of an error of a Temporal client; Unknown for any other.
func Code(err error) codes.Code { return serviceerror.ToStatus(err).Code() }

// Reason is the innermost text of a gRPC error, without the layers that wrap it.
func Reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "failed reaching server: ")
	if _, inner, ok := strings.Cut(text, "desc = "); ok {
		text = strings.Trim(inner, `"`)
	}
	switch {
	case strings.Contains(text, "no children to pick from"): // gRPC's words for a name without an address
		return "unknown host name or port"
	case strings.Contains(text, "looked like an HTTP/1.1 header"):
		return "it speaks HTTP/1.1, not gRPC"
	}
	return strings.TrimPrefix(text, "transport: ")
}
