package spec

import (
	"cmp"
	"slices"
	"time"
)

// Default timeouts.
const (
	callTimeout      = Duration(2 * time.Hour)
	conflictTimeout  = Duration(12 * time.Hour)
	importTimeout    = Duration(12 * time.Hour)
	executionTimeout = Duration(12 * time.Hour)
	cleanupTimeout   = Duration(2 * time.Hour)
)

// withDefaults fills what a valid document leaves out. Filling twice changes nothing.
func (b Build) withDefaults() Build {
	b.Timeouts = Timeouts{
		Call:      cmp.Or(b.Timeouts.Call, callTimeout),
		Conflict:  cmp.Or(b.Timeouts.Conflict, conflictTimeout),
		Import:    cmp.Or(b.Timeouts.Import, importTimeout),
		Execution: cmp.Or(b.Timeouts.Execution, executionTimeout),
		Cleanup:   cmp.Or(b.Timeouts.Cleanup, cleanupTimeout),
	}
	b.OnFailure = cmp.Or(b.OnFailure, Keep)
	b.OnCancel = cmp.Or(b.OnCancel, Cleanup)
	b.OnSuccess = OnSuccess{
		ImportedImage: cmp.Or(b.OnSuccess.ImportedImage, Keep),
		Components:    cmp.Or(b.OnSuccess.Components, Keep),
		Template:      cmp.Or(b.OnSuccess.Template, Keep),
	}
	if b.Template == nil && len(b.Components) > 0 {
		b.Template = &Template{}
	}
	b.Source.Import = b.importWithDefaults()
	b.Components = slices.Clone(b.Components)
	for i, component := range b.Components {
		b.Components[i] = b.componentWithDefaults(component)
	}
	if b.Template != nil {
		b.Execution.Tags = mergeTags(b.Tags, b.Execution.Tags)
	}
	if b.Template != nil && b.Template.ID == "" {
		b.Template = b.templateWithDefaults()
		b.Image.Name = cmp.Or(b.Image.Name, b.Name)
		b.Image.Tags = mergeTags(b.Tags, b.Image.Tags)
	}
	b.BatchCompute = b.batchComputeWithDefaults()
	b.Approval = b.approvalWithDefaults()
	b.Schedule = b.scheduleWithDefaults()
	return b
}

func (b Build) importWithDefaults() *Import {
	if b.Source.Import == nil {
		return nil
	}
	filled := *b.Source.Import
	filled.ResourceGroupID = cmp.Or(filled.ResourceGroupID, b.ResourceGroupID)
	filled.Tags = mergeTags(b.Tags, filled.Tags)
	return &filled
}

func (b Build) componentWithDefaults(c Component) Component {
	c.Type = c.kind()
	if c.ID != "" {
		return c
	}
	c.SystemType = c.system()
	c.Version = c.versionOrDerived()
	c.ResourceGroupID = cmp.Or(c.ResourceGroupID, b.ResourceGroupID)
	c.Tags = mergeTags(b.Tags, c.Tags)
	return c
}

func (b Build) templateWithDefaults() *Template {
	filled := *b.Template
	filled.Name = cmp.Or(filled.Name, b.Name)
	filled.ResourceGroupID = cmp.Or(filled.ResourceGroupID, b.ResourceGroupID)
	filled.Tags = mergeTags(b.Tags, filled.Tags)
	return &filled
}

func (b Build) batchComputeWithDefaults() *BatchCompute {
	if b.BatchCompute == nil {
		return nil
	}
	filled := *b.BatchCompute
	filled.Name = cmp.Or(filled.Name, batchName(b.Name))
	if filled.Platform == "" {
		filled.Platform = "Linux"
		if b.Source.Import != nil && b.Source.Import.OSType == "windows" {
			filled.Platform = "Windows"
		}
	}
	return &filled
}

// scheduleWithDefaults fills what only a schedule with times has for such a schedule
// alone: without times, it would ask for them.
func (b Build) scheduleWithDefaults() *Schedule {
	if b.Schedule == nil {
		return nil
	}
	filled := *b.Schedule
	filled.When = cmp.Or(filled.When, Changed)
	filled.TimeZone = cmp.Or(filled.TimeZone, cronZone(filled.Cron), "UTC")
	if filled.HasTimes() {
		filled.ID = cmp.Or(filled.ID, b.Name)
		filled.OverlapPolicy = cmp.Or(filled.OverlapPolicy, overlapSkip)
	}
	return &filled
}
