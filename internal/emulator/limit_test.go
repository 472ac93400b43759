package emulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTooManyComponentsInAMinuteAreThrottled(t *testing.T) {
	c := newCloud(t)
	good := args{"Content": "RUN true"}
	for range limits["CreateImageComponent"] {
		c.ecs("CreateImageComponent", good).ok()
	}
	c.clock.pass(20 * time.Second)
	r := c.ecs("CreateImageComponent", good)
	r.refused(400, "Throttling")
	require.Equal(t, "40000", r.Header.Get("x-acs-retry-after"))
	c.ecs("CreateImageComponent", good.with("RegionId", "cn-beijing")).ok()
	c.ecs("DescribeImageComponents", args{}).ok()
	c.clock.pass(40 * time.Second)
	c.ecs("CreateImageComponent", good).ok()
}
