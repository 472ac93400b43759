package testsuite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// strangersTags look like the builds' own, and are not.
var strangersTags = alicloud.Tags{"kiln:build": otherOwner, "kiln:token": "0123456789abcdef0123456789abcdef"}

// plantAll makes what somebody else has before the builds begin.
func (s *stage) plantAll() {
	runs := func(kind string) bool { return kind == "execution" }
	if s.plot.uses(func(one shape) bool { return one.Source == "template" }) ||
		slices.ContainsFunc(s.plot.Planted, func(p planted) bool { return runs(p.Kind) }) ||
		slices.ContainsFunc(s.plot.Events, func(e event) bool { return e.Act != nil && runs(e.Act.Do) }) {
		s.templateID = anotherTemplate(s.yard)
	}
	for n, p := range s.plot.Planted {
		require.NoError(s.t, s.make(n, p))
	}
}

// make makes a thing of somebody else.
func (s *stage) make(n int, p planted) error {
	ctx, token := s.t.Context(), fmt.Sprint(strangersToken, n)
	var err error
	switch p.Kind {
	case "image":
		_, err = s.cloud.ImportImage(ctx, alicloud.ImportImageRequest{Region: hangzhou, ClientToken: token, ImageName: p.Name, Disks: diskOfBase, Tags: strangersTags})
	case "component":
		_, err = s.cloud.CreateComponent(ctx, alicloud.CreateComponentRequest{Region: hangzhou, ClientToken: token,
			Name: p.Name, Version: p.Version, Type: "Build", SystemType: "Linux", Content: p.Content, Tags: strangersTags})
	case "template":
		_, err = s.cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{Region: hangzhou, ClientToken: token,
			Name: p.Name, BaseImageType: "IMAGE", BaseImage: "m-bp1kilnubuntu2404x64", BuildContent: "RUN true", Tags: strangersTags})
	case "execution":
		_, err = s.cloud.StartExecution(ctx, alicloud.StartExecutionRequest{Region: hangzhou, ClientToken: token, PipelineID: s.templateID, Tags: strangersTags})
	case "registration":
		err = s.registerAnother(ctx, token, p.Name)
	}
	return err
}

// registerAnother registers an image of somebody else under a build's name.
func (s *stage) registerAnother(ctx context.Context, token, name string) error {
	image, err := s.cloud.ImportImage(ctx, alicloud.ImportImageRequest{Region: hangzhou, ClientToken: token + "i", ImageName: "registered-by-others", Disks: diskOfBase, Tags: strangersTags})
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(float64(20*time.Minute) / s.plot.Speed)) // until it is Available
	_, err = s.cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{Region: hangzhou, IdempotentToken: token, Name: name, Platform: "Linux", ECSImageID: image.ImageID})
	return err
}

// act does what somebody else does meanwhile. What the cloud refuses them is their own affair.
func (s *stage) act(a act) {
	if a.Do != "delete" {
		_ = s.make(100+len(a.Do), planted{Kind: a.Do, Name: a.Name, Version: a.Version, Content: a.Content})
		return
	}
	var foreign []string
	for _, r := range s.log.read(s.t) {
		if !mutates(r) || len(r.token()) != 32 {
			foreign = append(foreign, r.ResourceIDs...)
		}
	}
	for _, r := range s.state().Resources {
		if r.Kind != a.Kind || slices.Contains(foreign, r.ID) || r.ID == s.templateID {
			continue
		}
		s.mu.Lock()
		s.excused[r.ID] = true
		s.mu.Unlock()
		_ = s.server.Delete(r.ID)
		return
	}
}
