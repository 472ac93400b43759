package starter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/errcode"
)

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		exit int
	}{
		{name: "with several rows", args: []string{"InvalidEcsImageId"}},
		{name: "in any case", args: []string{"invalidossobject.notfound"}},
		{name: "in json", args: []string{"InvalidImageName.Duplicated", "-o", "json"}},
		{name: "in jsonl", args: []string{"SignatureDoesNotMatch", "-o", "jsonl"}},
		{name: "of one action", args: []string{"ImageIsImporting", "--api", "deleteimage"}},
		{name: "of every action", args: []string{"Throttling", "--api", "ImportImage"}},
		{name: "of one class", args: []string{"InvalidEcsImageId", "--class", "reconcile"}},
		{name: "of no row of the class", args: []string{"Throttling", "--class", "stop"}, exit: cli.ExitFailed},
		{name: "of our own", args: []string{"NoAnswer"}},
		{name: "that names a parameter", args: []string{"MissingRoleName"}},
		{name: "misspelt", args: []string{"InvalidOSSObject.NotFuond"}, exit: cli.ExitFailed},
		{name: "unknown", args: []string{"Backend.Down"}, exit: cli.ExitFailed},
		{name: "unknown throttling", args: []string{"Throttling.Moon"}, exit: cli.ExitFailed},
		{name: "of another action", args: []string{"QuotaExceed.ImageComponent", "--api", "CopyImage"}, exit: cli.ExitFailed},
		{name: "listed", args: []string{"--api", "CancelTask"}},
		{name: "listed by class", args: []string{"--class", "wait", "--api", "BatchCompute.*"}},
		{name: "listed in jsonl", args: []string{"--class", "retry", "--api", "CopyImage", "-o", "jsonl"}},
		{name: "listed where there are none", args: []string{"--class", "wait", "--api", "CancelTask"}},
		{name: "listed where there are none in json", args: []string{"--class", "wait", "--api", "CancelTask", "-o", "json"}},
		{name: "of no action", args: []string{"--api", "LaunchRocket"}, exit: cli.ExitUsage},
		{name: "two at once", args: []string{"Throttling", "Forbidden"}, exit: cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, &fakeTemporal{}, append([]string{"errors"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestErrorsListsEveryRow(t *testing.T) {
	var rows []explained
	require.NoError(t, json.Unmarshal([]byte(kiln(t, &fakeTemporal{}, "errors", "-o", "json").stdout), &rows))
	require.Len(t, rows, len(errcode.All()))
	require.Len(t, linesOf(kiln(t, &fakeTemporal{}, "errors").stdout), len(rows)+1+1+1+4, "a heading, the rows, and the four classes")
	documented := 0
	for _, r := range rows {
		require.Equal(t, errcode.Lookup(r.API, r.Code, r.HTTPStatus, r.Message).Does(), r.Does)
		require.NotEmpty(t, r.Advice)
		if r.Document != "" {
			documented++
		}
	}
	require.Equal(t, 110, documented)
}

func linesOf(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func TestErrorsExplainsEveryCode(t *testing.T) {
	for _, e := range errcode.All() {
		got := kiln(t, &fakeTemporal{}, "errors", strings.ToLower(e.Code), "--api", e.API)
		require.Zero(t, got.exit, got)
		require.Contains(t, got.stdout, "\n  fix        "+e.Advice+"\n")
		require.Contains(t, got.stdout, "\n  message    "+dash(e.Message)+"\n")
	}
}

func TestCodesAreCompleted(t *testing.T) {
	require.Contains(t, kiln(t, &fakeTemporal{}, "__complete", "errors", "--api", "").stdout, "\nImportImage\n")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"by their beginning in any case", []string{"invalidossbucket.n"}, "InvalidOSSBucket.NotFound\tstop\nInvalidOSSBucket.NotMatched\tstop\n:4\n"},
		{"once, with all classes", []string{"InvalidEcsImageI"}, "InvalidEcsImageId\tstop or reconcile or wait\n:4\n"},
		{"of the action", []string{"--api", "CancelTask", "Inv"}, "InvalidRegionId.NotFound\tstop\nInvalidTaskId.IncorrectTaskStatus\treconcile\nInvalidTaskId.NotFound\tstop\nInvalidTaskId.TaskActionNotSupport\tstop\n:4\n"},
		{"of the class", []string{"--class", "wait", "ImageI"}, "ImageIsCreating\twait\nImageIsExporting\twait\nImageIsImporting\twait\n:4\n"},
		{"one at most", []string{"Throttling", ""}, ":4\n"},
		{"none that begins so", []string{"Moon"}, ":4\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, &fakeTemporal{}, append([]string{"__complete", "errors"}, test.args...)...)
			require.Zero(t, got.exit, got)
			require.Equal(t, test.want, got.stdout)
		})
	}
}
