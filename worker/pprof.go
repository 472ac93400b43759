package worker

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// checkPprofAddress refuses what is not on this machine: a profile shows what is in memory,
// and whoever reaches the address may ask for one without a password.
func checkPprofAddress(address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--pprof-address %q is no host and port, such as 127.0.0.1:6060", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--pprof-address %q has no port from 0 to 65535", address)
	}
	if !loopback(host) {
		return fmt.Errorf("--pprof-address %q is not on this machine only: give 127.0.0.1:%s, and reach it by a tunnel", address, port)
	}
	return nil
}

// servePprof serves the profiles of this process until stop is called; an empty address
// serves none.
func servePprof(address string, logger *zap.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve profiles: %w", err)
	}
	server := &http.Server{Handler: profiles(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Warn("Profiles are no longer served", zap.Error(err))
		}
	}()
	logger.Info("Profiles are served", zap.String("url", "http://"+listener.Addr().String()+"/debug/pprof/"))
	return func() {
		_ = server.Close() // nobody waits for the rest of a profile
		<-ended
	}, nil
}

// profiles is a mux of its own, so that nothing else that a package puts on the default
// one is served.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
