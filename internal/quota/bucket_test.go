package quota

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatABucketHoldsAndWhatFlowsInAreTheLimit(t *testing.T) {
	for limit := 2; limit <= 10_000; limit++ {
		b := newBucket(limit)
		require.LessOrEqual(t, float64(b.Burst())+60*float64(b.Limit()), float64(limit)+1e-9, limit)
		looks := b.part(looksPart)
		if limit >= leastShare {
			require.Less(t, looks.Burst(), b.Burst(), "a full bucket has a call that looks cannot take")
			require.LessOrEqual(t, float64(looks.Burst())+60*float64(looks.Limit()), looksPart*float64(limit)+1e-9, limit)
		}
	}
	one := newBucket(1)
	require.Equal(t, 1, one.Burst())
	require.InDelta(t, 1.0/60, float64(one.Limit()), 1e-12)
}

func TestWhatOnlyLooks(t *testing.T) {
	for api, want := range map[string]bool{
		"DescribeImages": true, "BatchCompute.ListImages": true, "BatchCompute.GetImage": true, "OSS.HeadObject": true,
		"ImportImage": false, "BatchCompute.CreateImage": false, "CancelTask": false, "DeleteImage": false, "StartImagePipelineExecution": false,
	} {
		require.Equal(t, want, looks(api), api)
	}
}

func TestLimitOfAnAPI(t *testing.T) {
	opts := Options{APICallsPerMinute: map[string]int{"ImportImage": 10, "*": 5000}}
	for api, want := range map[string]int{"ImportImage": 10, "CreateImageComponent": 1000, "DescribeImages": 5000} {
		require.Equal(t, want, opts.limit(api), api)
	}
	require.Equal(t, 1000, Options{}.limit("DescribeImages"))
}
