package alicloud

import (
	"context"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// Regions lists the regions that the account can use, asking the endpoint of the given
// one. (ECS API reference, DescribeRegions, 2014-05-26.)
func (c *Cloud) Regions(ctx context.Context, region string) ([]Region, error) {
	var a regionsAnswer
	err := c.invokeECS(ctx, "DescribeRegions", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DescribeRegionsWithContext(ctx, &ecs.DescribeRegionsRequest{}, &dara.RuntimeOptions{})
		return err
	}, &a)
	if err != nil {
		return nil, err
	}
	var regions []Region
	for _, r := range a.Regions {
		regions = append(regions, Region{ID: string(r.RegionID)})
	}
	return regions, nil
}

type regionsAnswer struct {
	Regions listOf[struct{ RegionID text }]
}

func (a *regionsAnswer) owed() string {
	for _, r := range a.Regions {
		if r.RegionID == "" {
			return "RegionId in one of its regions"
		}
	}
	return ""
}
