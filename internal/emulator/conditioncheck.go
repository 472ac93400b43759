package emulator

import (
	"fmt"
	"slices"
	"strings"
)

var (
	denials = []Denial{DeniedByRAM, DeniedToAccount, DeniedToSubUser, DeniedByRiskControl, DeniedWithoutRAM}
	quotas  = []string{"images", "snapshots", "components", "pipelines", "batchComputeImages", "sharedImages"}
)

// check says what is wrong with conditions.
func (c Conditions) check() error {
	if c.Begin != "" {
		if err := checkAction("begin", c.Begin); err != nil {
			return err
		}
	}
	for action, denial := range c.Forbid {
		if err := checkAction("forbid", action); err != nil {
			return err
		}
		if !slices.Contains(denials, denial) {
			return fmt.Errorf("forbid %s %q: want one of %s", action, denial, joined(denials))
		}
	}
	for _, action := range c.Maintenance {
		if err := checkAction("maintenance", action); err != nil {
			return err
		}
	}
	for name, number := range c.Quotas {
		if !slices.Contains(quotas, name) {
			return fmt.Errorf("quotas %q: want one of %s", name, strings.Join(quotas, ", "))
		}
		if number < 0 {
			return fmt.Errorf("quotas %s %d: want 0 or more", name, number)
		}
	}
	for id := range c.Regions {
		if !knownRegion(id) {
			return fmt.Errorf("regions %q: there is no such region", id)
		}
	}
	for name, bucket := range c.OSS.Buckets {
		if bucket.Region != "" && !knownRegion(bucket.Region) {
			return fmt.Errorf("oss.buckets %s region %q: there is no such region", name, bucket.Region)
		}
	}
	for id, use := range c.ImageUse {
		if !slices.Contains(imageUses, use) {
			return fmt.Errorf("imageUse %s %q: want one of %s", id, use, strings.Join(imageUses, ", "))
		}
	}
	for action, limit := range c.Flow.Limits {
		if err := checkAction("flow.limits", action); err != nil {
			return err
		}
		if limit < 0 {
			return fmt.Errorf("flow.limits %s %d: want 0 or more", action, limit)
		}
	}
	return c.checkWords()
}

func checkAction(field, action string) error {
	if known := knownActions(); !slices.Contains(known, action) {
		return fmt.Errorf("%s %q: want * or one of %s", field, action, strings.Join(known[1:], ", "))
	}
	return nil
}

// checkWords checks the fields that take one of a few words.
func (c Conditions) checkWords() error {
	for _, field := range []struct {
		name, value string
		allowed     []string
	}{
		{"roles.imageImport", c.Roles.ImageImport, []string{"missing"}},
		{"roles.cloudBoxImageImport", c.Roles.CloudBoxImageImport, []string{"missing"}},
		{"roles.serviceLinked", c.Roles.ServiceLinked, []string{"forbidden"}},
		{"roles.batchCompute", c.Roles.BatchCompute, []string{"missing", "cannotShare"}},
		{"imports.imageAfter", c.Imports.ImageAfter, []string{imageCreateFailed, gone}},
		{"imports.image.status", c.Imports.Image.Status, imageStates},
		{"executions.image.status", c.Executions.Image.Status, imageStates},
	} {
		if field.value != "" && !slices.Contains(field.allowed, field.value) {
			return fmt.Errorf("%s %q: want %s", field.name, field.value, strings.Join(field.allowed, " or "))
		}
	}
	if c.Imports.Fail == (Reason{}) && (c.Imports.After != 0 || c.Imports.ImageAfter != "") {
		return fmt.Errorf("imports: after and imageAfter belong to fail")
	}
	if c.Executions.Status == "" && (c.Executions.After != 0 || c.Executions.Reason != (Reason{})) {
		return fmt.Errorf("executions: after and reason belong to status")
	}
	if (c.Executions.Passes == "") != (c.Executions.PassesFor == 0) {
		return fmt.Errorf("executions: passes and passesFor belong together")
	}
	return nil
}
