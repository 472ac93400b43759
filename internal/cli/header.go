package cli

import (
	"context"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// resourceHeader is where the SDK puts the workflow id of a request, for proxies that
// route by it. The server itself goes by the request.
const resourceHeader = "temporal-resource-id"

// AnyID lets a client handle workflow ids beyond printable ASCII. gRPC sends no such
// header, so without this nobody could answer for the build with the id: it would stand still.
func AnyID(opts *client.Options) {
	options := &opts.ConnectionOptions.DialOptions
	*options = append(slices.Clip(*options), grpc.WithChainUnaryInterceptor(dropUnprintable)) // runs after the SDK's own
}

func dropUnprintable(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	header, _ := metadata.FromOutgoingContext(ctx) // a copy
	if slices.ContainsFunc(header.Get(resourceHeader), unprintable) {
		header.Delete(resourceHeader)
		ctx = metadata.NewOutgoingContext(ctx, header)
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

func unprintable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
