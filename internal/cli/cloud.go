package cli

import (
	"github.com/spf13/pflag"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// CloudFlags are where the cloud is: KILN_ECS_ENDPOINT and its sisters, each with a flag.
type CloudFlags struct {
	ECSEndpoint          string
	BatchComputeEndpoint string
	OSSEndpoint          string
}

// AddFlags defines --ecs-endpoint, --batchcompute-endpoint and --oss-endpoint with the
// environment as default.
func (c *CloudFlags) AddFlags(flags *pflag.FlagSet) {
	group(flags, "Cloud (credentials come from the official chain: ALIBABA_CLOUD_*, profile, role)", func(f *pflag.FlagSet) {
		endpoint(f, &c.ECSEndpoint, "ecs-endpoint", "KILN_ECS_ENDPOINT", "ECS")
		endpoint(f, &c.BatchComputeEndpoint, "batchcompute-endpoint", "KILN_BATCHCOMPUTE_ENDPOINT", "Batch Compute")
		endpoint(f, &c.OSSEndpoint, "oss-endpoint", "KILN_OSS_ENDPOINT", "OSS")
	})
	MayBeEmpty(flags, "ecs-endpoint", "batchcompute-endpoint", "oss-endpoint") // the public one, whatever the environment says
}

func endpoint(f *pflag.FlagSet, to *string, name, env, service string) {
	f.StringVar(to, name, Getenv(env, ""), "base `URL` of "+service+" for every region, instead of the public endpoints (env "+env+")")
}

// Options are the client options that the flags name.
func (c *CloudFlags) Options() alicloud.Options {
	return alicloud.Options{ECSEndpoint: c.ECSEndpoint, BatchComputeEndpoint: c.BatchComputeEndpoint, OSSEndpoint: c.OSSEndpoint}
}
