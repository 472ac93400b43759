package alicloud

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLongCommandsTravelInAForm(t *testing.T) {
	cloud, s := serve(t, answers(200, `{"ImageComponentId":"ic-1","ImagePipelineId":"ip-1"}`))
	commands := "RUN echo " + strings.Repeat("镜 &+%", 2048)
	for range 2 {
		_, err := cloud.CreateComponent(context.Background(), CreateComponentRequest{Region: region, ClientToken: "tok", Content: commands, Tags: Tags{"b": "", "a": "1"}})
		require.NoError(t, err)
		_, err = cloud.CreatePipeline(context.Background(), CreatePipelineRequest{
			Region: region, BaseImage: "m-1", BuildContent: commands, TestContent: commands, ImageTags: Tags{"k": "v"}, AddAccounts: []int64{1234567890123456}})
		require.NoError(t, err)
	}
	want := []map[string]string{
		{"RegionId": region, "ClientToken": "tok", "Content": commands, "Tag.1.Key": "a", "Tag.1.Value": "1", "Tag.2.Key": "b", "Tag.2.Value": ""},
		{"RegionId": region, "BaseImage": "m-1", "BuildContent": commands, "TestContent": commands,
			"ImageOptions.ImageTags.1.Key": "k", "ImageOptions.ImageTags.1.Value": "v", "AddAccount.1": "1234567890123456"},
	}
	for i, r := range s.requests {
		require.Empty(t, r.query)
		require.Equal(t, "application/x-www-form-urlencoded", r.header.Get("Content-Type"))
		require.Contains(t, r.header.Get("Authorization"), "SignedHeaders=content-type;host;")
		form, err := url.ParseQuery(r.body)
		require.NoError(t, err)
		require.Equal(t, want[i%2], flat(form))
		require.Equal(t, s.requests[i%2].body, r.body, "a repeat is the same byte for byte")
	}
}

func TestShortCommandsTravelInTheURL(t *testing.T) {
	cloud, s := serve(t, answers(200, `{"ImageComponentId":"ic-1"}`))
	for size, inURL := range map[int]bool{maxQuery - 100: true, maxQuery + 1: false} {
		s.requests = nil
		_, err := cloud.CreateComponent(context.Background(), CreateComponentRequest{Region: region, Content: strings.Repeat("a", size)})
		require.NoError(t, err)
		require.Equal(t, inURL, s.only(t).query.Has("Content"))
		require.Equal(t, inURL, s.only(t).body == "")
	}
}
