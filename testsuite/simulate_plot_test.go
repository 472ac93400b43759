package testsuite

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// plot is all that one simulation does, as plain data: it can be printed, made smaller
// and run again.
type plot struct {
	Seed    uint64      `json:"seed"`
	Speed   float64     `json:"speed"` // of the cloud; 10 makes an import take a minute
	Builds  []plotBuild `json:"builds"`
	Planted []planted   `json:"planted,omitempty"`
	Events  []event     `json:"events,omitempty"`
}

// plotBuild is a build and when it starts.
type plotBuild struct {
	ID    string            `json:"id"`
	After emulator.Duration `json:"after,omitempty"` // the plot's beginning
	Then  bool              `json:"then,omitempty"`  // once the one before has ended
	Shape shape             `json:"shape"`
	Again []again           `json:"again,omitempty"` // when it fails or is cancelled
}

// again is a run that goes on from the one before, as kiln retry starts it: from a step on,
// empty for what is missing, perhaps with another content of the first component.
type again struct {
	From    workflows.Step `json:"from,omitempty"`
	Content string         `json:"content,omitempty"`
}

// shape is what a document asks for. What is left out is not done.
type shape struct {
	Name       string            `json:"name"`
	Source     string            `json:"source"` // import, image, family or template, which exists
	Disks      int               `json:"disks,omitempty"`
	ImportName string            `json:"importName,omitempty"`
	Components []piece           `json:"components,omitempty"`
	Template   bool              `json:"template,omitempty"` // one without components too
	Tests      bool              `json:"tests,omitempty"`
	Regions    []string          `json:"regions,omitempty"`
	FixedName  bool              `json:"fixedName,omitempty"`
	Family     string            `json:"family,omitempty"`
	Register   bool              `json:"register,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	OnFailure  string            `json:"onFailure,omitempty"`
	OnCancel   string            `json:"onCancel,omitempty"`
	Remove     []string          `json:"remove,omitempty"` // on success: importedImage, components, template
	Retries    map[string]int    `json:"retries,omitempty"`
}

// piece is a component.
type piece struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Test    bool   `json:"test,omitempty"`
	Content string `json:"content"`
}

// planted is what somebody else has before the builds begin: an image, a component, a
// template, a running execution or a registration, that look like the builds' own.
type planted struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Content string `json:"content,omitempty"`
}

// event is what happens to the builds: one of its members.
type event struct {
	Fault   *emulator.Fault `json:"fault,omitempty"`
	Weather *weather        `json:"weather,omitempty"`
	Loss    *loss           `json:"loss,omitempty"`
	Kill    *instant        `json:"kill,omitempty"` // all workers at once
	Cancel  *cancel         `json:"cancel,omitempty"`
	Act     *act            `json:"act,omitempty"`
}

// instant is a time after the plot's beginning, or after the Nth request of an API was
// logged: its effect is there, its answer has not left.
type instant struct {
	After emulator.Duration `json:"after,omitempty"`
	Call  string            `json:"call,omitempty"`
	N     int               `json:"n,omitempty"`
}

// weather is a state of the account and the services, for a while or for good.
type weather struct {
	From instant             `json:"from"`
	For  emulator.Duration   `json:"for,omitempty"`
	Set  emulator.Conditions `json:"set"`
}

// cancel is a request to cancel a build.
type cancel struct {
	Build string  `json:"build"`
	At    instant `json:"at"`
}

// act is what somebody else does meanwhile: image, component, execution (of the template
// that exists) or delete, of the first resource of a kind that the builds made.
type act struct {
	Do      string  `json:"do"`
	At      instant `json:"at"`
	Kind    string  `json:"kind,omitempty"`
	Name    string  `json:"name,omitempty"`
	Version string  `json:"version,omitempty"`
	Content string  `json:"content,omitempty"`
}

// The limits of a document in a simulation: beyond every fault that ends.
var plotTimeouts = map[string]string{"call": "3h", "conflict": "1h", "import": "6h", "execution": "6h", "cleanup": "2h"}

// document is the build document of a shape. Templates that exist have the id.
func (s shape) document(templateID string) string {
	document := map[string]any{"name": s.Name, "region": hangzhou, "timeouts": plotTimeouts}
	set := func(name string, value any, wanted bool) {
		if wanted {
			document[name] = value
		}
	}
	set("tags", s.Tags, len(s.Tags) > 0)
	set("source", s.source(), s.Source != "template")
	set("components", s.components(), len(s.Components) > 0)
	set("template", s.template(templateID), s.runs())
	set("image", s.image(), s.runs() && s.Source != "template")
	set("batchCompute", map[string]any{}, s.Register)
	set("onFailure", s.OnFailure, s.OnFailure != "")
	set("onCancel", s.OnCancel, s.OnCancel != "")
	set("retries", s.Retries, len(s.Retries) > 0)
	remove := map[string]string{}
	for _, what := range s.Remove {
		remove[what] = "remove"
	}
	set("onSuccess", remove, len(remove) > 0)
	text, _ := json.Marshal(document) // of maps and texts
	return string(text)
}

// runs tells whether the build runs a template.
func (s shape) runs() bool { return s.Template || s.Source == "template" || len(s.Components) > 0 }

func (s shape) source() map[string]any {
	switch s.Source {
	case "image":
		return map[string]any{"imageId": "m-bp1kilnubuntu2404x64"}
	case "family":
		return map[string]any{"imageFamily": "acs:ubuntu_24_04_x64"}
	}
	disks := []map[string]any{{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}}
	for range s.Disks - 1 {
		disks = append(disks, map[string]any{"bucket": "kiln-examples", "object": "disks/data.raw", "format": "RAW", "sizeGiB": 20})
	}
	disk := map[string]any{"disks": disks}
	if s.ImportName != "" {
		disk["imageName"] = s.ImportName
	}
	return map[string]any{"import": disk}
}

func (s shape) components() (all []map[string]any) {
	for _, p := range s.Components {
		c := map[string]any{"name": p.Name, "content": p.Content, "type": p.kind()}
		if p.Version != "" {
			c["version"] = p.Version
		}
		all = append(all, c)
	}
	return all
}

func (p piece) kind() string {
	if p.Test {
		return "Test"
	}
	return "Build"
}

func (s shape) template(id string) map[string]any {
	if s.Source == "template" {
		return map[string]any{"id": id}
	}
	template := map[string]any{"buildContent": "RUN echo " + s.Name}
	if s.Tests {
		template["testContent"] = "RUN true"
	}
	if len(s.Regions) > 0 {
		template["toRegionIds"] = s.Regions
	}
	return template
}

func (s shape) image() map[string]any {
	image := map[string]any{}
	if s.FixedName {
		image["nameSuffix"] = "disable"
	}
	if s.Family != "" {
		image["family"] = s.Family
	}
	return image
}

// clone is a copy that shares nothing.
func (s plot) clone() plot {
	text, err := json.Marshal(s)
	var copied plot
	if err != nil || json.Unmarshal(text, &copied) != nil {
		panic(fmt.Sprint("a plot is plain data: ", err))
	}
	return copied
}

// text is the plot for people and for KILN_SIMULATE_PLOT.
func (s plot) text() string {
	text, _ := json.MarshalIndent(s, "", "  ")
	return string(text)
}

// weatherAt is the state of the cloud in which several weathers hold, the later ones
// before the earlier ones.
func weatherAt(holding []weather) emulator.Conditions {
	all := map[string]any{}
	for _, w := range holding {
		var one map[string]any
		text, _ := json.Marshal(w.Set)
		_ = json.Unmarshal(text, &one)
		overlay(all, one)
	}
	text, _ := json.Marshal(all)
	var to emulator.Conditions
	_ = json.Unmarshal(text, &to)
	return to
}

func overlay(all, one map[string]any) {
	for name, value := range one {
		if inner, object := value.(map[string]any); object {
			if was, both := all[name].(map[string]any); both {
				overlay(was, inner)
				continue
			}
		}
		all[name] = value
	}
}

// uses tells whether any build of the plot has a shape.
func (s plot) uses(fits func(shape) bool) bool {
	return slices.ContainsFunc(s.Builds, func(b plotBuild) bool { return fits(b.Shape) })
}

func seconds(n int) emulator.Duration { return emulator.Duration(time.Duration(n) * time.Second) }
