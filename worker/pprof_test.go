package worker

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestPprofAddress(t *testing.T) {
	for _, test := range []struct {
		address string
		says    string // empty when it is taken
	}{
		{address: ""},
		{address: "127.0.0.1:6060"},
		{address: "127.9.9.9:0"},
		{address: "[::1]:6060"},
		{address: "localhost:6060"},
		{"6060", "no host and port"},
		{"127.0.0.1:many", "no port"},
		{"127.0.0.1:65536", "no port"},
		{":6060", "127.0.0.1:6060"},
		{"0.0.0.0:6060", "127.0.0.1:6060"},
		{"[::]:6060", "127.0.0.1:6060"},
		{"10.0.0.7:6060", "not on this machine only"},
		{"localhost.example.com:6060", "not on this machine only"},
	} {
		t.Run(test.address, func(t *testing.T) {
			err := checkPprofAddress(test.address)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestPprofIsServedUntilItIsStopped(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	stop, err := servePprof("127.0.0.1:0", zap.New(core))
	require.NoError(t, err)
	url := logs.FilterMessage("Profiles are served").All()[0].ContextMap()["url"].(string)

	answer, err := http.Get(url + "goroutine?debug=1")
	require.NoError(t, err)
	profile, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(profile), "TestPprofIsServedUntilItIsStopped")

	stop()
	_, err = http.Get(url)
	require.Error(t, err)
}

func TestPprofThatCannotBeServedIsAnError(t *testing.T) {
	taken := listen(t)
	defer func() { _ = taken.Close() }()
	_, err := servePprof(taken.Addr().String(), zap.NewNop())
	require.ErrorContains(t, err, "serve profiles")
}

func TestPprofIsOffByDefault(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	stop, err := servePprof("", zap.New(core))
	require.NoError(t, err)
	stop()
	require.Zero(t, logs.Len())
}
