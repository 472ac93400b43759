package quota_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/quota"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name string
		opts quota.Options
		says string // empty: nothing is wrong
	}{
		{"the defaults", quota.Options{CallsPerMinute: quota.DefaultCallsPerMinute, Workers: 1}, ""},
		{"limits for APIs", quota.Options{CallsPerMinute: 100, Workers: 2, APICallsPerMinute: map[string]int{"ImportImage": 2, "BatchCompute.CreateImage": 10}}, ""},
		{"a limit for all other APIs", quota.Options{CallsPerMinute: 100, Workers: 1, APICallsPerMinute: map[string]int{"*": 2000}}, ""},
		{"no calls", quota.Options{Workers: 1}, "--calls-per-minute is 0"},
		{"no workers", quota.Options{CallsPerMinute: 10}, "--workers is 0"},
		{"too many workers", quota.Options{CallsPerMinute: 100, Workers: 30}, "--calls-per-minute 100 leaves 3 to each of --workers 30: a worker needs 4 at least"},
		{"no calls of an API", quota.Options{CallsPerMinute: 10, Workers: 1, APICallsPerMinute: map[string]int{"ImportImage": 0}}, "--api-calls-per-minute ImportImage=0: give at least 1"},
		{"fewer calls of an API than workers", quota.Options{CallsPerMinute: 10, Workers: 2, APICallsPerMinute: map[string]int{"ImportImage": 1}}, "ImportImage=1 leaves nothing to each of --workers 2"},
		{"an API that is none", quota.Options{CallsPerMinute: 10, Workers: 1, APICallsPerMinute: map[string]int{"importImage": 5}}, "Kiln does not call importImage; give one of BatchCompute.CreateImage,"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.opts.Check()
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}
