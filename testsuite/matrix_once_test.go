package testsuite

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
)

// Whatever answer is lost, with or without a service that honours the token, with or
// without lists that lag behind: in the end there is one of each. The cloud's own log
// says so. A template is the one thing of which the cloud itself takes a second: there a
// lag may last 15 s if the token means nothing.
func TestMatrixNothingIsMadeTwice(t *testing.T) {
	for _, api := range mutations {
		for _, ignored := range []bool{false, true} {
			for _, lag := range []time.Duration{0, 5 * time.Second, 15 * time.Second, 40 * time.Second} {
				if ignored && api == "CreateImagePipeline" && lag > 15*time.Second {
					continue
				}
				for _, lost := range []int{1, 2} {
					t.Run(fmt.Sprintf("%s tokens ignored %t lag %v lost %d times", api, ignored, lag, lost), func(t *testing.T) {
						t.Parallel()
						bubble(t, func(y *yard) {
							y.set(func(c *emulator.Conditions) {
								c.TokensIgnored, c.ListLagReal = ignored, emulator.Duration(lag)
							})
							y.plan(emulator.Fault{Action: api, To: lost, Do: emulator.Reset, When: emulator.After})
							v := y.build(order{document: golden})
							require.NoError(t, v.err)
							y.oneOfEach(v)
						})
					})
				}
			}
		}
	}
}
