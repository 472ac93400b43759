package errcode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

func TestRowsOfACode(t *testing.T) {
	tests := []struct {
		name, api, code string
		want            []string // API and code of each row
	}{
		{"one row", "", "Throttling.User", []string{"* Throttling.User"}},
		{"case does not matter", "", "throttling.USER", []string{"* Throttling.User"}},
		{"nor does the service's spelling", "", "Forbbiden.ram", []string{"* Forbidden.RAM"}},
		{"the same code at several APIs", "", "ImageIsImporting", []string{"ImportImage ImageIsImporting", "ImportImage ImageIsImporting", "DeleteImage ImageIsImporting"}},
		{"of one API", "DeleteImage", "ImageIsImporting", []string{"DeleteImage ImageIsImporting"}},
		{"of every API when it has none", "DeleteImage", "Throttling", []string{"* Throttling"}},
		{"of its service before that", register, "InternalError", []string{"BatchCompute.* InternalError"}},
		{"patterns that stand for it", "", "MissingRoleName", []string{"BatchCompute.* Missing{Parameter Name}", "* Missing{ParameterName}"}},
		{"the pattern of an API", "ImportImage", "MissingRoleName", []string{"* Missing{ParameterName}"}},
		{"a pattern itself", "", "Missing{ParameterName}", []string{"* Missing{ParameterName}"}},
		{"of another API only", "CopyImage", "QuotaExceed.ImageComponent", nil},
		{"unknown", "", "Backend.Down", nil},
		{"no code", "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, e := range errcode.Rows(tt.api, tt.code) {
				got = append(got, e.API+" "+e.Code)
			}
			require.Equal(t, tt.want, got)
		})
	}
	require.Len(t, errcode.Rows("", "InvalidEcsImageId"), 6+1, "each message of the registration, and the deletion")
}

func TestLookupChoosesOutOfRows(t *testing.T) {
	for _, e := range errcode.All() {
		require.Contains(t, errcode.Rows(e.API, e.Code), errcode.Lookup(e.API, e.Code, e.Status, e.Message), "%s %s", e.API, e.Code)
	}
}

func TestNearCodes(t *testing.T) {
	tests := []struct{ name, word, want string }{
		{"a slip", "InvalidOSSObject.NotFuond", "InvalidOSSObject.NotFound"},
		{"no dot, small letters", "invalidossobjectnotfound", "InvalidOSSObject.NotFound"},
		{"words in another order", "NotFound.InvalidOSSObject", "InvalidOSSObject.NotFound"},
		{"a part", "OSSObject.NotFound", "InvalidOSSObject.NotFound"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			near := errcode.Near(tt.word)
			require.NotEmpty(t, near)
			require.Equal(t, tt.want, near[0])
			require.LessOrEqual(t, len(near), 3)
		})
	}
	for _, word := range []string{"", "x", "Backend.Down", "镜像"} {
		require.Empty(t, errcode.Near(word), word)
	}
}

func TestEachClassSaysWhatKilnDoes(t *testing.T) {
	said := map[string]bool{}
	for _, class := range errcode.Classes() {
		said[class.Does()] = true
	}
	require.Len(t, said, 4)
}
