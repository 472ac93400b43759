package box

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"go.temporal.io/server/common/testing/freeport"

	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/cmd/kilndev/ui"
	"github.com/seed1230462e/kiln/internal/cli"
)

// checkPorts refuses a port that is taken before anything has an effect, since the
// server and its UI end the process when they cannot listen.
func (b *Box) checkPorts(context.Context) error {
	if err := CheckPort(cloud.Host, b.opts.Port, "port"); err != nil {
		return err
	}
	if !b.opts.Headless {
		if err := CheckPort(ui.Host, b.opts.UIPort, "ui-port"); err != nil {
			return err
		}
		if b.opts.UIPort == 0 {
			b.opts.UIPort = freeport.MustGetFreePort()
		}
	}
	if b.opts.External == nil {
		return CheckPort(cloud.Host, b.opts.Cloud.Port, "emulator-port")
	}
	return nil
}

// CheckPort returns a usage error for a port that nothing can listen on, with the flag
// that chooses another.
func CheckPort(host string, port int, flag string) error {
	if port < 0 || port > 65535 {
		return usage(fmt.Errorf("--%s: there is no port %d; want one from 0 to 65535, where 0 is a free one", flag, port))
	}
	address := net.JoinHostPort(host, strconv.Itoa(port))
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return usage(fmt.Errorf("port %d is taken: stop what listens there, or choose another port with --%s", port, flag))
	case err != nil:
		return usage(fmt.Errorf("nothing can listen on %s: %w", address, err))
	default:
		return listener.Close()
	}
}

// usage gives the errors that nothing has been done about yet the exit code for that.
func usage(err error) error {
	var coded *cli.Error
	if errors.As(err, &coded) || errors.Is(err, context.Canceled) {
		return err
	}
	return cli.Fail(cli.ExitUsage, err)
}
