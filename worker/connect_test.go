package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func TestReason(t *testing.T) {
	for _, test := range []struct {
		name, want string
		err        error
	}{
		{"nobody listens", "connection refused", errors.New(`failed reaching server: connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`)},
		{"certificate", "certificate signed by unknown authority", errors.New(`connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"`)},
		{"quotes within", "no such host", errors.New(`x desc = "lookup \"a\": no such host"`)},
		{"a bare status", "unknown key", fmt.Errorf("failed reaching server: %w", unauthenticated.Err())},
		{"web server", "it speaks HTTP/1.1, not gRPC", errors.New(`connection error: desc = "error reading server preface: http2: frame too large, note that the frame header looked like an HTTP/1.1 header"`)},
		{"name without an address", "unknown host name or port", errors.New("failed reaching server: no children to pick from")},
		{"time ran out", "no answer in time", fmt.Errorf("failed reaching server: %w", context.DeadlineExceeded)},
		{"server's own time-out", "no answer in time", serviceerror.NewDeadlineExceeded("slow")},
		{"the server's words", "namespace unhealthy", serviceerror.NewUnavailable("namespace unhealthy")},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, reason(test.err)) })
	}
}

func TestRefusalGivesUpOnlyOnWhatWaitingCannotMend(t *testing.T) {
	opts := client.Options{HostPort: "temporal:7233", Namespace: "golden"}
	for _, test := range []struct {
		name  string
		err   error
		lasts bool
		says  string
	}{
		{"no namespace", serviceerror.NewNamespaceNotFound("golden"), true, "temporal operator namespace create --namespace golden"},
		{"no permission", serviceerror.NewPermissionDenied("no", ""), true, "--namespace"},
		{"bad key, wrapped", fmt.Errorf("failed reaching server: %w", serviceerror.FromStatus(unauthenticated)), true, "--api-key"},
		{"away", serviceerror.NewUnavailable("away"), false, "away"},
		{"not gRPC", errors.New("odd"), false, "odd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := refusal(opts, test.err)
			require.ErrorContains(t, err, test.says)
			var coded *cli.Error
			require.Equal(t, test.lasts, errors.As(err, &coded))
			if test.lasts {
				require.Equal(t, cli.ExitConnection, coded.Exit)
				require.ErrorContains(t, err, "temporal:7233")
			}
		})
	}
}

func TestBackoffGrowsToTenSecondsAndStartsAgain(t *testing.T) {
	var b backoff
	var pauses []time.Duration
	for range 8 {
		pauses = append(pauses, b.next())
	}
	const ms = time.Millisecond
	require.Equal(t, []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10000 * ms, 10000 * ms}, pauses)
	b.reset()
	require.Equal(t, 200*ms, b.next())
}

// operator is a namespace's search attributes.
type operator struct {
	operatorservice.OperatorServiceClient
	have          map[string]enums.IndexedValueType
	listErr, adds error
	added         map[string]enums.IndexedValueType
}

func (o *operator) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: o.have}, o.listErr
}

func (o *operator) AddSearchAttributes(_ context.Context, req *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error) {
	o.added = req.GetSearchAttributes()
	return nil, o.adds
}

func keywords(names ...string) map[string]enums.IndexedValueType {
	types := map[string]enums.IndexedValueType{}
	for _, name := range names {
		types[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
	}
	return types
}

func TestRegisterAttributes(t *testing.T) {
	all := workflows.SearchAttributes()
	for _, test := range []struct {
		name  string
		op    operator
		added map[string]enums.IndexedValueType
		exit  int // 0 for no error
		says  string
	}{
		{name: "a new namespace gets all", added: keywords(all...)},
		{name: "what is missing is added", op: operator{have: keywords(all[1:]...)}, added: keywords(all[0])},
		{name: "nothing is added twice", op: operator{have: keywords(all...)}},
		{name: "another worker was quicker", op: operator{adds: serviceerror.NewAlreadyExists("there")}, added: keywords(all...)},
		{
			name: "an administrator has to add them", op: operator{have: keywords(all[1:]...), adds: serviceerror.NewPermissionDenied("no", "")},
			added: keywords(all[0]), exit: cli.ExitConnection,
			says: "`temporal operator search-attribute create --namespace golden --name " + all[0] + " --type Keyword`",
		},
		{
			name: "a name of another type", op: operator{have: map[string]enums.IndexedValueType{all[0]: enums.INDEXED_VALUE_TYPE_TEXT}},
			exit: cli.ExitConnection, says: all[0] + " has the type Text",
		},
		{name: "a list that is not allowed is not needed", op: operator{listErr: serviceerror.NewPermissionDenied("no", "")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := registerAttributes(t.Context(), &test.op, "golden", zap.NewNop())
			require.Equal(t, test.added, test.op.added)
			if test.exit == 0 {
				require.NoError(t, err)
				return
			}
			var coded *cli.Error
			require.ErrorAs(t, err, &coded)
			require.Equal(t, test.exit, coded.Exit)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestRegisterAttributesLeavesAnAbsentServerToTheCaller(t *testing.T) {
	away := serviceerror.NewUnavailable("away")
	require.ErrorIs(t, registerAttributes(t.Context(), &operator{listErr: away}, "golden", zap.NewNop()), away)
	require.ErrorIs(t, registerAttributes(t.Context(), &operator{adds: away}, "golden", zap.NewNop()), away)
}

func TestOnThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"localhost:7233": true, "127.0.0.1:7233": true, "[::1]:7233": true,
		"temporal:7233": false, "10.0.0.7:7233": false, "prod.a2dd6.tmprl.cloud:7233": false, "localhost": false, "dns:///127.0.0.1:7233": false,
	} {
		require.Equal(t, want, onThisMachine(address), address)
	}
}
