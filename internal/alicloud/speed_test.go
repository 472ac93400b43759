package alicloud

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkCall looks at one task, over a connection that stays open; the other side's
// time is in it as well.
func BenchmarkCall(b *testing.B) {
	answer := []byte(`{"RequestId":"B6D7A0E8-3F5B-4C7A-9B1E-2F3C4D5E6F70","TaskId":"t-bp1","TaskStatus":"Processing","TaskProcess":"45%",
		"TaskAction":"ImportImage","SupportCancel":"true","CreationTime":"2026-11-21T12:00Z","RegionId":"cn-hangzhou","TotalCount":1,"FailedCount":0,"SuccessCount":0}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
	defer server.Close()
	cloud, err := New(Options{ECSEndpoint: server.URL, AccessKeyID: "id", AccessKeySecret: "secret"})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cloud.Task(b.Context(), "cn-hangzhou", "t-bp1"); err != nil {
			b.Fatal(err)
		}
	}
}
