package testsuite

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/stretchr/testify/require"
)

// requestID is how every documented example writes a request id.
var requestID = regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)

// refused is what an SDK's error says of a refusal, and the error body behind it.
type refused struct {
	Status                                      int
	Code, Message, RequestID, HostID, Recommend string
}

// refusalOf reads the SDK's error.
func refusalOf(t *testing.T, err error) refused {
	t.Helper()
	var sdk *tea.SDKError
	require.ErrorAs(t, err, &sdk)
	var body refused
	require.NoError(t, json.Unmarshal([]byte(value(sdk.Data)), &body), value(sdk.Data))
	require.Equal(t, body.Code, value(sdk.Code))
	body.Status = value(sdk.StatusCode)
	return body
}

// refusal is a request that the documents refuse, and the row of their error table: a %s
// in the message stands for words that the service is free to choose. An empty code is
// one that the documents do not name.
type refusal[Request any] struct {
	claim   string
	change  func(*Request)
	status  int
	code    string
	message string
}

// refuses changes a good request by each row and wants the row's answer.
func refuses[Request, Response any](
	t *testing.T, good func() *Request, call func(*Request) (*Response, error), rows []refusal[Request],
) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			request := good()
			row.change(request)
			_, err := call(request)
			require.Error(t, err)
			requireRefusal(t, refusalOf(t, err), row.status, row.code, row.message)
		})
	}
}

// requireRefusal compares a refusal with a row of the error tables.
func requireRefusal(t *testing.T, got refused, status int, code, message string) {
	t.Helper()
	if code != "" {
		require.Equal(t, code, got.Code, got.Message)
	}
	require.Equal(t, status, got.Status, got.Message)
	words := strings.ReplaceAll(regexp.QuoteMeta(message), "%s", ".*[^ .].*")
	require.Regexp(t, "^(?s:"+words+")$", got.Message)
	require.Regexp(t, requestID, got.RequestID)
}

// value is what a pointer points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// requireFields wants an answer to have the fields of a document's list, by their names.
func requireFields(t *testing.T, answer any, names string) {
	t.Helper()
	v := reflect.Indirect(reflect.ValueOf(answer))
	for name := range strings.FieldsSeq(names) {
		field := v.FieldByName(name)
		require.True(t, field.IsValid(), "the SDK has no field %s", name)
		require.False(t, field.IsNil(), "the answer has no %s", name)
	}
}
