package box

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/quota"
	"github.com/seed1230462e/kiln/worker"
)

// checkExternal makes sure that an external cloud answers the worker.
func (b *Box) checkExternal(ctx context.Context) (err error) {
	if b.opts.External == nil || b.opts.NoWorker {
		return nil
	}
	target := *b.opts.External
	target.Gate = quota.New(quota.Options{}) // only the emulated cloud takes any number of calls
	if b.target, err = alicloud.New(target); err != nil {
		return err
	}
	err = worker.CheckCloud(ctx, b.target)
	if errors.Is(err, worker.ErrCloudSilent) {
		return cli.Fail(cli.ExitConnection, fmt.Errorf("no cloud at %s: check --ecs-endpoint, "+
			"or leave it out to use the emulated cloud (%w)", b.cloudURL(), err))
	}
	return err
}

// startCloud starts the emulated cloud unless there is an external one.
func (b *Box) startCloud(context.Context) (err error) {
	if b.opts.External != nil {
		return nil
	}
	opts := b.opts.Cloud
	if b.opts.DBFile != "" {
		opts.StateFile = b.opts.DBFile + ".cloud"
		opts.OSSDir = cmp.Or(opts.OSSDir, b.opts.DBFile+".oss")
	}
	if b.cloud, err = cloud.Start(opts); err != nil {
		return err
	}
	b.onStop(b.cloud.Stop)
	id, secret := b.cloud.Keys()
	b.target, err = alicloud.New(alicloud.Options{
		ECSEndpoint:          b.cloud.URL(),
		BatchComputeEndpoint: b.cloud.URL(),
		OSSEndpoint:          b.cloud.URL(),
		AccessKeyID:          id,
		AccessKeySecret:      secret,
	})
	return err
}

func (b *Box) cloudURL() string {
	if b.cloud != nil {
		return b.cloud.URL()
	}
	return b.opts.External.ECSEndpoint
}

// nearby tells whether the cloud is on this machine, where looking often costs nothing.
func (b *Box) nearby() bool {
	at, err := url.Parse(b.cloudURL())
	return err == nil && net.ParseIP(at.Hostname()).IsLoopback()
}
