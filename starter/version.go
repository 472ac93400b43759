package starter

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/cli"
)

func newVersionCommand(a *app) *cobra.Command {
	var output cli.Output
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this binary",
		Example: fmt.Sprintf("  %[1]s version\n  %[1]s version -o json", a.name),
		Args:    cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return runVersion(a, output)
		},
	}
	cli.AddOutput(cmd, &output)
	return cmd
}

// release is what a binary was made from.
type release struct {
	Version     string `json:"version"`
	Commit      string `json:"commit"`
	Modified    bool   `json:"modified"` // there were changes beside the commit
	Go          string `json:"go"`
	TemporalSDK string `json:"temporalSdk"`
	Platform    string `json:"platform"`
}

func newRelease(version string) release {
	r := release{
		Version:     version,
		Go:          runtime.Version(),
		TemporalSDK: sdktemporal.SDKVersion,
		Platform:    runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			r.Commit = setting.Value
		case "vcs.modified":
			r.Modified = setting.Value == "true"
		}
	}
	return r
}

func runVersion(a *app, output cli.Output) error {
	r := newRelease(a.Version)
	if output != cli.OutputText {
		return output.Write(a.Out, r)
	}
	commit := ""
	switch {
	case r.Modified:
		commit = "  commit        " + r.Commit + " with changes\n"
	case r.Commit != "":
		commit = "  commit        " + r.Commit + "\n"
	}
	_, err := fmt.Fprintf(a.Out, "%s %s\n%s  go            %s\n  temporal sdk  %s\n  platform      %s\n",
		a.name, r.Version, commit, r.Go, r.TemporalSDK, r.Platform)
	return err
}
