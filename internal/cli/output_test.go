package cli_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
)

func TestWriteAll(t *testing.T) {
	items := []map[string]string{{"id": "a&b"}, {"id": "c"}}
	for _, test := range []struct {
		name   string
		output cli.Output
		items  []map[string]string
		want   string
	}{
		{"json is one array", cli.OutputJSON, items, "[\n  {\n    \"id\": \"a&b\"\n  },\n  {\n    \"id\": \"c\"\n  }\n]\n"},
		{"jsonl is a line an item", cli.OutputJSONL, items, "{\"id\":\"a&b\"}\n{\"id\":\"c\"}\n"},
		{"nothing is an empty array", cli.OutputJSON, nil, "[]\n"},
		{"nothing is no line", cli.OutputJSONL, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, cli.WriteAll(&out, test.output, test.items))
			require.Equal(t, test.want, out.String())
		})
	}
}
