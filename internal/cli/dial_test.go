package cli_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed1230462e/kiln/internal/cli"
)

func TestDialWithoutAServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	_, err = cli.Dial(context.Background(), client.Options{HostPort: address, Namespace: "default"})
	require.EqualError(t, err, "no Temporal server at "+address+": start one with `kilndev up`, or say where it is with --address or TEMPORAL_ADDRESS")
	requireExit(t, cli.ExitConnection, err)
}

func TestDialToWhatDoesNotAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts and stays silent
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	opts := client.Options{HostPort: listener.Addr().String(), Namespace: "default"}
	opts.ConnectionOptions.GetSystemInfoTimeout = 50 * time.Millisecond

	_, err = cli.Dial(context.Background(), opts)
	require.ErrorContains(t, err, "no answer from a Temporal server at "+opts.HostPort)
	requireExit(t, cli.ExitConnection, err)
}

func TestDialInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := cli.Dial(ctx, client.Options{HostPort: "127.0.0.1:1"})
	require.Equal(t, context.Canceled, err)
}

func TestExplain(t *testing.T) {
	opts := client.Options{HostPort: "here:7233", Namespace: "team"}
	for _, test := range []struct {
		name string
		err  error
		says string
	}{
		{"a namespace that does not exist", serviceerror.NewNamespaceNotFound("team"),
			"namespace team does not exist at here:7233: name another with --namespace or TEMPORAL_NAMESPACE, or create it with `temporal operator namespace create --namespace team`"},
		{"no permission", serviceerror.NewPermissionDenied("Request unauthorized.", ""),
			"the Temporal server at here:7233 refuses this client for namespace team (Request unauthorized.): check --api-key or TEMPORAL_API_KEY, the client certificate and the namespace"},
		{"a key that is not known", status.Error(codes.Unauthenticated, "unknown key"),
			"the Temporal server at here:7233 refuses this client for namespace team (unknown key): check --api-key or TEMPORAL_API_KEY, the client certificate and the namespace"},
		{"a server that went away", serviceerror.NewUnavailable(`connection error: desc = "transport: error while dialing: dial tcp: i/o timeout"`),
			"no answer from a Temporal server at here:7233 (error while dialing: dial tcp: i/o timeout): start one with `kilndev up`, or say where it is with --address or TEMPORAL_ADDRESS; check --tls and its sisters too"},
		{"a name that nobody knows", serviceerror.NewUnavailable("no children to pick from"),
			"no answer from a Temporal server at here:7233 (unknown host name or port): start one with `kilndev up`, or say where it is with --address or TEMPORAL_ADDRESS; check --tls and its sisters too"},
		{"a web server on the port", serviceerror.NewUnavailable("connection error: desc = \"error reading server preface: http2: frame too large, note that the frame header looked like an HTTP/1.1 header\""),
			"no answer from a Temporal server at here:7233 (it speaks HTTP/1.1, not gRPC): start one with `kilndev up`, or say where it is with --address or TEMPORAL_ADDRESS; check --tls and its sisters too"},
		{"something else on the port", serviceerror.NewUnimplemented("404 (Not Found)"),
			"what listens at here:7233 is no Temporal server (404 (Not Found)): say where it is with --address or TEMPORAL_ADDRESS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := cli.Explain(test.err, opts)
			require.EqualError(t, err, test.says)
			requireExit(t, cli.ExitConnection, err)
		})
	}
	t.Run("another error stays as it is", func(t *testing.T) {
		other := errors.New("other")
		require.Equal(t, other, cli.Explain(other, opts))
	})
}

func TestUnreachable(t *testing.T) {
	require.True(t, cli.Unreachable(serviceerror.NewUnavailable("gone")))
	require.True(t, cli.Unreachable(context.DeadlineExceeded))
	require.False(t, cli.Unreachable(nil))
	require.False(t, cli.Unreachable(serviceerror.NewNotFound("no such build")))
}

func requireExit(t *testing.T, code int, err error) {
	t.Helper()
	var coded *cli.Error
	require.ErrorAs(t, err, &coded)
	require.Equal(t, code, coded.Exit)
}
