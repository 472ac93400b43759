package emulator

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkRequest sends signed requests to the handler of a cloud that holds a thousand
// imports; signing is in the time as well.
func BenchmarkRequest(b *testing.B) {
	c := newCloud(b, func(o *Options) { o.Log = nil })
	var tasks []string
	image := ""
	for n := range 1000 {
		imported := c.ecs("ImportImage", importArgs.with("ImageName", fmt.Sprint("held-", n))).ok()
		tasks, image = append(tasks, imported.text("TaskId")), imported.text("ImageId")
	}
	n := 0
	for _, one := range []struct {
		name, action string
		args         func() args
	}{
		{"one task", "DescribeTaskAttribute", func() args { return args{"TaskId": tasks[0]} }},
		{"a hundred tasks", "DescribeTasks", func() args { return args{"TaskIds": strings.Join(tasks[:100], ","), "PageSize": "100"} }},
		{"one image", "DescribeImages", func() args { return args{"ImageId": image} }},
		{"a page of images", "DescribeImages", func() args { return args{"PageSize": "100"} }},
		{"an import", "ImportImage", func() args { n++; return importArgs.with("ImageName", fmt.Sprint("made-", n)) }},
	} {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				values := c.sign("POST", one.action, one.args().with("RegionId", "cn-hangzhou"))
				w := httptest.NewRecorder()
				if c.server.ServeHTTP(w, httptest.NewRequest("POST", "/?"+values.Encode(), nil)); w.Code != 200 {
					b.Fatal(w.Body.String())
				}
			}
		})
	}
}
