package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// begin is what all calls meet after their form is checked: planned faults, the state of
// the account, permission, maintenance and flow control.
func (c *call) begin(creates bool) error {
	if err := c.meet(); err != nil {
		return err
	}
	if err := c.permitted(creates); err != nil {
		return err
	}
	if c.maintained() {
		return c.broken()
	}
	return c.throttled()
}

// permitted holds the caller and the account against the conditions.
func (c *call) permitted(creates bool) error {
	account := c.conditions.Account
	switch denial, denied := lookUp(c.conditions.Forbid, c.api); {
	case account.KeyInactive:
		return refuse("", "InvalidAccessKeyId.Inactive")
	case denied:
		return c.denied(denial)
	case c.conditions.Roles.ServiceLinked != "" && (c.api == "CreateImageComponent" || c.api == "CreateImagePipeline"):
		return refuse(c.api, "InvalidOperation.NoPermissionCreateServiceLinkedRole")
	case creates && account.NoRealName:
		return refuse("", "RealNameAuthenticationError")
	case creates && account.Arrears && c.api == "ImportImage":
		return refuse(c.api, "Account.Arrearage")
	case creates && account.Arrears:
		return refuse("", "InsufficientBalance")
	case account.NotWhitelisted && c.api == "ImportImage":
		return refuse(c.api, "UserNotInTheWhiteList")
	}
	return nil
}

// denied is the refusal of a call that is forbidden.
func (c *call) denied(why Denial) error {
	switch why {
	case DeniedByRAM:
		return refuse("", "Forbidden.RAM")
	case DeniedToSubUser:
		return refuse("", "Forbidden.SubUser")
	case DeniedByRiskControl:
		return refuse("", "Forbidden.RiskControl")
	case DeniedWithoutRAM:
		return refuse("", "Forbidden.NotSupportRAM")
	}
	switch c.api {
	case "ImportImage":
		return refuse(c.api, "Forbbiden")
	case "CreateImagePipeline":
		return refuse(c.api, "NoPermission", "The account may not use image templates")
	}
	return refuse(c.api, "Forbidden")
}

// accessDenied is what an answer says beside Forbidden.RAM.
func (c *call) accessDenied() reply {
	service := "ecs:"
	if strings.HasPrefix(c.api, batchComputeAPI) {
		service = "batchcompute:"
	}
	return reply{
		"PolicyType": "AccountLevelIdentityBasedPolicy", "NoPermissionType": "ImplicitDeny",
		"AuthAction": service + strings.TrimPrefix(c.api, batchComputeAPI), "AuthPrincipalType": "SubUser",
		"AuthPrincipalOwnerId": ownerID, "AuthPrincipalDisplayName": "kiln",
	}
}

func (c *call) maintained() bool {
	return slices.ContainsFunc(c.conditions.Maintenance, func(action string) bool { return names(action, c.api) })
}

// broken is how an action fails inside the service.
func (c *call) broken() error {
	switch c.api {
	case "StartImagePipelineExecution":
		return refuse(c.api, "StartImagePipelineExecution.Failed")
	case "ImportImage":
		return refuse(c.api, "ImportImageFailed")
	case "CancelTask":
		return refuse(c.api, "CancelTaskFailed")
	}
	return refuse("", "ServiceUnavailable")
}

// throttled counts the call and refuses it above its limit.
func (c *call) throttled() error {
	flow := c.conditions.Flow
	limit, limited := lookUp(flow.Limits, c.api)
	if own, has := limits[c.line.Action]; has && !limited {
		limit, limited = own, true
	}
	if !limited || c.server.calls.take(c.line.Action, c.line.Region, limit, c.now) {
		return nil
	}
	if !flow.Silent {
		c.retryAfter = retryAfter(c.now)
	}
	return refuse("", cmp.Or(flow.Code, "Throttling"), "Request was denied due to request throttling.")
}

// lookUp finds what holds for an action: by its name, by its name without the service,
// or for all.
func lookUp[T any](by map[string]T, api string) (T, bool) {
	for _, name := range []string{api, strings.TrimPrefix(api, batchComputeAPI), "*"} {
		if value, ok := by[name]; ok {
			return value, true
		}
	}
	var none T
	return none, false
}

// open says whether there is a region.
func (c *call) open(regionID string) bool {
	return knownRegion(regionID) && !c.conditions.Regions[regionID].Closed
}

// older gives a refusal of ImportImage the code of its older pages.
func (c *call) older(r *refusal) *refusal {
	old, differs := map[string]string{
		"InvalidImageFormat.Malformed": "InvalidFormat.Malformed",
		"InvalidRegionId.NotFound":     "RegionId.NotFound",
	}[r.Code]
	if !c.conditions.OldAnswers || c.api != "ImportImage" || !differs || r.Status != http.StatusBadRequest {
		return r
	}
	row, _ := documented(c.api, old)
	return &refusal{row.Status, old, row.Message}
}
