package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"

	"github.com/seed1230462e/kiln/internal/cli"
)

// connectTimeout bounds one try to reach Temporal, whatever the network does.
const connectTimeout = 10 * time.Second

// connect dials Temporal and makes sure that builds can run there: the namespace exists
// and has the search attributes. A *cli.Error means that waiting cannot help.
func connect(ctx context.Context, opts client.Options, logger *zap.Logger) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	cli.AnyID(&opts)
	if opts.ConnectionOptions.GrpcCompression == nil && onThisMachine(opts.HostPort) {
		opts.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	}
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, refusal(opts, err)
	}
	if err := prepare(ctx, c, opts, logger); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// onThisMachine tells whether a server is reached without a network, where compressing
// costs both sides time and saves nothing.
func onThisMachine(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	return loopback(host)
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback() // nil is none
}

func prepare(ctx context.Context, c client.Client, opts client.Options, logger *zap.Logger) error {
	req := &workflowservice.DescribeNamespaceRequest{Namespace: opts.Namespace}
	if _, err := c.WorkflowService().DescribeNamespace(ctx, req); err != nil {
		return refusal(opts, err)
	}
	return registerAttributes(ctx, c.OperatorService(), opts.Namespace, logger)
}

// refusal turns what waiting cannot mend into a sentence with an exit code, and leaves
// the rest as it is.
func refusal(opts client.Options, err error) error {
	switch cli.Code(err) {
	case codes.NotFound:
		return cli.Fail(cli.ExitConnection, fmt.Errorf("the namespace %q does not exist on Temporal at %s: "+
			"create it with `temporal operator namespace create --namespace %s`, or name another with --namespace",
			opts.Namespace, opts.HostPort, opts.Namespace))
	case codes.PermissionDenied:
		return cli.Fail(cli.ExitConnection, fmt.Errorf("Temporal at %s lets this worker not into the namespace %q (%s): "+
			"check --namespace and what the key in --api-key may do", opts.HostPort, opts.Namespace, reason(err)))
	case codes.Unauthenticated:
		return cli.Fail(cli.ExitConnection, fmt.Errorf("Temporal at %s does not accept the credentials (%s): "+
			"check --api-key, or --tls-cert-path and --tls-key-path", opts.HostPort, reason(err)))
	default:
		return err
	}
}

// reason is the last cause that an error names, such as "connection refused".
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || cli.Code(err) == codes.DeadlineExceeded {
		return "no answer in time"
	}
	text := cli.Reason(err)
	return strings.TrimSpace(text[strings.LastIndex(text, ": ")+1:])
}
