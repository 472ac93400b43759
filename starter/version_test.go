package starter

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	sdktemporal "go.temporal.io/sdk/temporal"
)

func TestSchemaIsJSON(t *testing.T) {
	got := kiln(t, &fakeTemporal{}, "schema")
	require.Zero(t, got.exit)
	require.True(t, json.Valid([]byte(got.stdout)))
}

func TestVersion(t *testing.T) {
	require.Contains(t, kiln(t, &fakeTemporal{}, "version").stdout, "kiln v1.2.3\n")
	require.Equal(t, "kiln version v1.2.3\n", kiln(t, &fakeTemporal{}, "--version").stdout)
	var r release
	require.NoError(t, json.Unmarshal([]byte(kiln(t, &fakeTemporal{}, "version", "-o", "json").stdout), &r))
	require.Equal(t, "v1.2.3", r.Version)
	require.Equal(t, sdktemporal.SDKVersion, r.TemporalSDK)
}
