package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// token names one step of one build to the cloud: the same on every attempt, replay and
// reset, and another one in each epoch. Hex suits both services: ECS takes 64 ASCII
// characters, Batch Compute only letters, digits and underscores, so it would refuse a
// UUID's hyphens. The token reaches history as the activity's input, before the call is made.
func (b *build) token(ctx workflow.Context, step Step, epoch int) string {
	name := string(step)
	if epoch > 0 {
		name = fmt.Sprintf("%s#%d", step, epoch)
	}
	sum := sha256.Sum256([]byte(b.id + "/" + b.origin(ctx) + "/" + name))
	return hex.EncodeToString(sum[:16])
}

// own adds the ownership tags to a resource's tags.
func (b *build) own(tags map[string]string, token string) map[string]string {
	owned := make(map[string]string, len(tags)+2)
	for _, key := range workflow.DeterministicKeys(tags) {
		owned[key] = tags[key]
	}
	owned[activities.TagBuild], owned[activities.TagToken] = b.id, token
	return owned
}

// checkBuildID refuses a workflow id that the ownership tag cannot hold.
func checkBuildID(id string) error {
	fault := ""
	switch {
	case strings.ContainsFunc(id, unicode.IsControl):
		fault = "has a control character"
	case utf8.RuneCountInString(id) > activities.MaxBuildID:
		fault = fmt.Sprintf("is longer than %d characters", activities.MaxBuildID)
	case strings.HasPrefix(id, "acs:"):
		fault = "starts with acs:"
	case strings.Contains(id, "http://"), strings.Contains(id, "https://"):
		fault = "contains http:// or https://"
	default:
		return nil
	}
	return activities.Ended(activities.InvalidBuild,
		fmt.Sprintf("the build id (the workflow id) %q %s; the cloud refuses it as the value of the tag %s", id, fault, activities.TagBuild),
		"Start the build with another workflow id.")
}
