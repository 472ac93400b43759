// Package ui serves the Temporal Web UI on the loopback interface.
package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

// Host is where the UI listens: whoever reaches it may stop any build.
const Host = "127.0.0.1"

// startTimeout bounds the wait for the first page.
const startTimeout = 30 * time.Second

// UI is a running Web UI.
type UI struct {
	server *server.Server
	url    string
}

// Start serves the UI of the Temporal server at an address on a port that is free, and
// returns once it answers.
func Start(ctx context.Context, temporalAddress, namespace string, port int) (*UI, error) {
	settings := &config.Config{
		TemporalGRPCAddress: temporalAddress,
		Host:                Host,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true}, // plain HTTP, on this machine only
	}
	if err := settings.Validate(); err != nil {
		return nil, fmt.Errorf("start the Web UI: %w", err)
	}
	u := &UI{
		server: server.NewServer(server_options.WithConfigProvider(settings)),
		url:    "http://" + Host + ":" + strconv.Itoa(port),
	}
	go func() { _ = u.server.Start() }()
	if err := u.await(ctx); err != nil {
		u.Stop()
		return nil, fmt.Errorf("start the Web UI on port %d: %w", port, err)
	}
	return u, nil
}

// await returns when the UI answers.
func (u *UI) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := u.probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (u *UI) probe(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// URL is the address to open in a browser.
func (u *UI) URL() string { return u.url }

// Stop ends the UI.
func (u *UI) Stop() { u.server.Stop() }
