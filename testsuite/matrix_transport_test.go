package testsuite

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// The ways in which an answer gets lost on its way. A redirect is a way of its own.
var losses = []emulator.Deed{emulator.Reset, emulator.Hang, emulator.HTML502, emulator.Truncate, emulator.WrongTypes, emulator.Empty}

// A call whose answer is lost is made again when it had no effect, and never when it had.
func TestMatrixLostAnswers(t *testing.T) {
	for _, api := range mutations {
		for _, deed := range losses {
			for when, calls := range map[emulator.When]int{emulator.Before: 2, emulator.After: 1} {
				t.Run(fmt.Sprint(api, " ", deed, " ", when, " the effect"), func(t *testing.T) {
					t.Parallel()
					bubble(t, func(y *yard) {
						y.plan(emulator.Fault{Action: api, To: 1, Do: deed, When: when})
						v := y.build(order{document: golden})
						require.Equal(t, calls, y.succeeded(v, api))
					})
				})
			}
		}
	}
}

// Whoever redirects is not the cloud: the build stops, and says where it was sent.
func TestMatrixRedirects(t *testing.T) {
	for _, api := range mutations {
		for _, when := range []emulator.When{emulator.Before, emulator.After} {
			t.Run(fmt.Sprint(api, " ", when, " the effect"), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.plan(emulator.Fault{Action: api, Do: emulator.Redirect, When: when})
					v := y.build(order{document: golden})
					require.Equal(t, alicloud.CodeRedirected, v.typ)
					require.Contains(t, v.failure.Message, "http://cloud.test")
					require.Equal(t, 302, v.failure.HTTPStatus)
					require.Equal(t, string(errcode.Stop), v.failure.Class)
					require.NotEmpty(t, v.failure.Advice)
					require.Len(t, y.calls(api), 1)
				})
			})
		}
	}
}

// looks are the calls that change nothing, and which answer has to be lost for the build
// to make them; empty: it always does.
var looks = []struct{ api, after string }{
	{"DescribeTaskAttribute", ""},
	{"DescribeImages", ""},
	{"DescribeImagePipelineExecutions", ""},
	{"DescribeImages", "ImportImage"},
	{"DescribeTasks", "ImportImage"},
	{"DescribeImageComponents", "CreateImageComponent"},
	{"DescribeImagePipelines", "CreateImagePipeline"},
	{"DescribeImagePipelineExecutions", starts},
	{"BatchCompute.ListImages", registers},
}

// A look whose answer is lost is a look that has to be taken again: the build succeeds
// and makes nothing twice.
func TestMatrixLostLooks(t *testing.T) {
	for _, look := range looks {
		for _, deed := range losses {
			t.Run(fmt.Sprint(look.api, " after ", look.after, " ", deed), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					if look.after != "" {
						y.plan(emulator.Fault{Action: look.after, To: 1, Do: emulator.Reset, When: emulator.After})
					}
					y.plan(emulator.Fault{Action: look.api, To: 2, Do: deed})
					v := y.build(order{document: golden})
					looked := y.succeeded(v, look.api)
					if deed != emulator.Empty { // an empty list is an answer: nothing is there
						require.Greater(t, looked, 2)
					}
				})
			})
		}
	}
}

// Looks that are refused for good end the build with the refusal, after one of them.
func TestMatrixRefusedLooks(t *testing.T) {
	for _, look := range looks {
		t.Run(fmt.Sprint(look.api, " after ", look.after), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				if look.after != "" {
					y.plan(emulator.Fault{Action: look.after, To: 1, Do: emulator.Reset, When: emulator.After})
				}
				y.plan(emulator.Fault{Action: look.api, Do: emulator.Refuse, Code: "Forbidden.RAM"})
				if look.api == "DescribeTaskAttribute" { // the list of tasks would do
					y.plan(emulator.Fault{Action: "DescribeTasks", Do: emulator.Refuse, Code: "Forbidden.RAM"})
				}
				v := y.build(order{document: golden})
				require.Equal(t, "Forbidden.RAM", v.typ, v.err)
				require.Equal(t, 403, v.failure.HTTPStatus)
				require.Len(t, y.calls(look.api), 1)
			})
		})
	}
}
