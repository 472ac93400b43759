package main

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/testing/freeport"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/worker"
	"github.com/seed1230462e/kiln/workflows"
)

// build starts the quickstart and returns when its import is waited for.
func build(t *testing.T, places box.Places, log string) {
	t.Helper()
	c := begin(t, "build", quickstart, "--address", places.TemporalAddress, "--detach")
	require.Equal(t, cli.ExitOK, c.wait(t), "%v", c.result)
	require.Eventually(t, func() bool { return requests(t, log, "DescribeTaskAttribute") > 0 }, patience, glance)
}

// requireBuilt follows the quickstart to its end, and looks for the single import.
func requireBuilt(t *testing.T, places box.Places, log string) {
	t.Helper()
	c := begin(t, "watch", "web-base", "--address", places.TemporalAddress, "-o", "json", "--progress", "none")
	require.Equal(t, cli.ExitOK, c.wait(t), "%v", c.result)
	var result workflows.Result
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &result))
	require.NotEmpty(t, result.BatchComputeImageID)
	for _, action := range []string{"ImportImage", "StartImagePipelineExecution", "CreateImage"} {
		require.Equal(t, 1, requests(t, log, action), action)
	}
}

func TestABuildGoesOnAfterARestartOfEverything(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "requests.jsonl")
	args := []string{"--db-filename", filepath.Join(folder, "kiln.db"), "--emulator-log", log, "--speed", "120"}
	first, places := up(t, args...)
	build(t, places, log)
	first.stop()
	require.Equal(t, cli.ExitOK, first.wait(t), "%v", first.result)

	_, places = up(t, args...)
	requireBuilt(t, places, log)
}

func TestAWorkerComesBackWhenItsServerDoes(t *testing.T) {
	folder := t.TempDir()
	log := filepath.Join(folder, "requests.jsonl")
	port, emulatorPort := freeport.MustGetFreePort(), freeport.MustGetFreePort()
	args := []string{
		"--db-filename", filepath.Join(folder, "kiln.db"), "--emulator-log", log, "--speed", "120", "--no-worker",
		"--port", strconv.Itoa(port), "--emulator-port", strconv.Itoa(emulatorPort),
	}
	serve(t, port, emulatorPort)
	first, places := up(t, args...)
	build(t, places, log)
	first.stop()
	require.Equal(t, cli.ExitOK, first.wait(t), "%v", first.result)

	_, places = up(t, args...)
	requireBuilt(t, places, log)
}

// serve runs a worker of its own until the test ends, whether or not its server is there.
func serve(t *testing.T, port, cloudPort int) {
	t.Helper()
	endpoint := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(cloudPort))
	cloud, err := alicloud.New(alicloud.Options{ECSEndpoint: endpoint, BatchComputeEndpoint: endpoint, AccessKeyID: "kiln-dev", AccessKeySecret: "kiln-dev-secret"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Client:       client.Options{HostPort: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))},
			Cloud:        cloud,
			PollInterval: glance,
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}
