package ui_test

import (
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/testing/freeport"

	"github.com/seed1230462e/kiln/cmd/kilndev/engine"
	"github.com/seed1230462e/kiln/cmd/kilndev/ui"
)

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", url, body)
	return string(body)
}

func TestTheUIServesItsPageItsAssetsAndTheServer(t *testing.T) {
	e, err := engine.Start(t.Context(), engine.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Stop()) }()
	u, err := ui.Start(t.Context(), e.Address(), engine.Namespace, freeport.MustGetFreePort())
	require.NoError(t, err)
	defer u.Stop()

	page := get(t, u.URL()+"/")
	require.Contains(t, page, "<html")
	asset := regexp.MustCompile(`/_app/immutable/entry/start\.[^"']+\.js`).FindString(page)
	require.NotEmpty(t, asset, page)
	require.Contains(t, get(t, u.URL()+asset), "import")
	require.Contains(t, get(t, u.URL()+"/api/v1/namespaces/default"), `"name": "default"`)
	require.Contains(t, get(t, u.URL()+"/api/v1/settings"), `"DisableNewsFetch":true`)
}
