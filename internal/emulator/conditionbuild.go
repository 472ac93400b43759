package emulator

import (
	"slices"
	"strconv"
	"strings"
)

// buildable says whether Image Builder builds any of the systems, named as an image's
// OSType or Platform.
func (c *call) buildable(systems ...string) bool {
	return !slices.ContainsFunc(c.conditions.NotBuildable, func(not string) bool {
		return slices.ContainsFunc(systems, func(system string) bool { return strings.EqualFold(system, not) })
	})
}

// takenElsewhere says whether somebody who is not seen has a name, or all of its kind.
func (c *call) takenElsewhere(name, all string) bool {
	return slices.Contains(c.conditions.TakenNames, name) || slices.Contains(c.conditions.TakenNames, all)
}

// checkMachine refuses what a template runs on when it does not exist.
func (c *call) checkMachine(p pipeline) {
	c.check(known(c.conditions.Known.InstanceTypes, p.InstanceType), "InvalidInstanceType.NotFound")
	c.check(known(c.conditions.Known.VSwitches, p.VSwitchID), "InvalidVSwitchId.NotFound")
}

// checkBase refuses a base image that a template cannot start from.
func (c *call) checkBase(p pipeline, base image) {
	c.check(c.buildable(base.Made.OSType, base.Made.Platform), "InvalidImage.OsTypeUnsupported")
	if c.api != "CreateImagePipeline" {
		return
	}
	repairs, distributes := p.RepairMode != "", len(p.ToRegions)+len(p.AddAccounts) > 0
	c.check(!repairs || !slices.Contains(c.conditions.NotRepairable, base.ID), "InvalidImage.NotSupportRepair")
	c.check(!distributes || !slices.Contains(c.conditions.NotDistributable, base.ID), "InvalidImage.ImageOwnerAliasUnsupported")
}

// checkQuota refuses one more of a kind of resource in the call's region.
func checkQuota[T resource](c *call, quota, code, message string) error {
	if _, set := c.conditions.Quotas[quota]; !set {
		return nil
	}
	if !c.within(quota, len(list[T](c.tx, c.line.Region))+1) {
		return refuse(c.api, code, message)
	}
	return nil
}

// checkObjects holds the disk files of a template against what is there now.
func (c *call) checkObjects(p pipeline) error {
	for _, d := range p.Import.Disks {
		c.checkReach(starter, d, p.Import.RoleName)
	}
	if err := c.fault(); err != nil {
		return err
	}
	there, err := c.objectsThere(p.Import.Disks)
	if err == nil && !there {
		err = refuse(c.api, "InvalidImagePipeline.OSSObjectNotFound")
	}
	return err
}

// noBase is the refusal to start a template without its base image: it is there and
// cannot be used, or it is not there. A035.
func (c *call) noBase(p pipeline) error {
	if p.BaseImageType == baseImage {
		if _, found := c.findImage(p.Region, p.BaseImage); found {
			return refuse(c.api, "InvalidImage.NotFound", "The base image "+p.BaseImage+" is not available")
		}
	}
	return refuse(c.api, "InvalidImagePipeline.BaseImageNotFound")
}

// The words in which Batch Compute speaks of its role and of shares.
const (
	roleMissing  = "Specified parameter RoleArn is not valid. You haven’t created AliyunBatchComputeDefaultRole yet."
	roleTooWeak  = "Specified parameter RoleArn is not valid. AliyunBatchComputeDefaultRole don’t have access to share image."
	tooManyShare = "The share Image Quota exceeds or the shared image user quota exceeds."
)

// checkRegistration holds one more registration against role and quotas.
func (c *call) checkRegistration(registered int) error {
	most := maxBatchImages
	if set, ok := c.conditions.Quotas["batchComputeImages"]; ok {
		most = set
	}
	switch {
	case c.conditions.Roles.BatchCompute == "missing":
		return refuseSaying(c.api, "InvalidRoleArn", roleMissing)
	case c.conditions.Roles.BatchCompute != "":
		return refuseSaying(c.api, "InvalidRoleArn", roleTooWeak)
	case !c.within("sharedImages", registered+1):
		return invalidMember(c.api, "EcsImageId", tooManyShare)
	case registered >= most:
		return refuse(c.api, "QuotaExhausted.MaxImageCount", strconv.Itoa(most))
	}
	return nil
}

// checkRemoval holds the removal of a registration against role and states. A043: that of
// the ECS image.
func (c *call) checkRemoval(img batchImage) error {
	if c.conditions.Roles.BatchCompute != "" {
		return refuseSaying(c.api, "InvalidRoleArn", roleTooWeak)
	}
	if status := c.conditions.held(img.ID); status != "" {
		return refuse(c.api, "StateConflict", status)
	}
	if source, found := c.findImage(img.Region, img.EcsImageID); !found || source.status(c.now) != imageAvailable {
		return invalidMember(c.api, "EcsImageId", "The image is not available.")
	}
	return nil
}
