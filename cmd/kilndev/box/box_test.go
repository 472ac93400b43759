package box

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

func TestPlacesPrintWhatThereIs(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Places{TemporalAddress: "127.0.0.1:7233", CloudURL: "http://127.0.0.1:9100", AccessKeyID: "id", AccessKeySecret: "secret"}.Print(&out))
	require.Equal(t, "  Temporal   127.0.0.1:7233\n  Cloud      http://127.0.0.1:9100\n  Keys       id / secret\n", out.String())
}

func TestNearbyCloudsAreOnThisMachine(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:9100":              true,
		"http://[::1]:9100":                  true,
		"https://ecs.cn-hangzhou.aliyun.com": false,
		"":                                   false,
	} {
		b := &Box{opts: Options{External: &alicloud.Options{ECSEndpoint: endpoint}}}
		require.Equal(t, want, b.nearby(), endpoint)
	}
}
