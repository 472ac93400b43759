package testsuite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// generator draws a plot from a seed. What goes wrong in a gentle one is transient.
type generator struct {
	*rand.Rand
	gentle bool
	out    plot
}

// generate is the plot of a seed.
func generate(seed uint64) plot {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x6b696c6e)), out: plot{Seed: seed}}
	g.gentle = g.chance(60)
	g.out.Speed = pick(g, 10.0, 10, 10, 1, 60)
	g.builds()
	if g.chance(30) {
		for range 1 + g.IntN(2) {
			g.plant()
		}
	}
	for range g.IntN(6) {
		g.event()
	}
	for n := range g.out.Builds {
		for range pick(g, 0, 0, 1, 2) {
			next := again{From: pick(g, "", "", workflows.StepImport, workflows.StepComponents, workflows.StepTemplate, workflows.StepExecution, workflows.StepRegister)}
			if !g.gentle && g.chance(20) {
				next.Content = "RUN echo changed"
			}
			g.out.Builds[n].Again = append(g.out.Builds[n].Again, next)
		}
	}
	if g.chance(20) {
		g.out.Events = append(g.out.Events, g.cancel())
	}
	for g.out.undoes() && g.chance(50) {
		g.out.Events = append(g.out.Events, g.faultAt(pick(g, append(slices.Clone(undoing), undone...)...)))
	}
	g.out.keepClaims()
	return g.out
}

// chance is true so many times in a hundred.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// pick draws one of several things that are as likely as each other.
func pick[T any](g *generator, things ...T) T { return things[g.IntN(len(things))] }

func (g *generator) builds() {
	g.out.Builds = []plotBuild{{ID: "one", Shape: g.shape("one")}}
	for _, id := range []string{"two", "three"} {
		if !g.chance(25) {
			return
		}
		other := plotBuild{ID: id, Shape: g.shape(id), After: seconds(g.IntN(300)), Then: g.chance(40)}
		if g.chance(50) { // what builds share most
			other.Shape.Components = slices.Clone(g.out.Builds[0].Shape.Components)
			if other.Shape.Source == "template" {
				other.Shape.Components = nil
			}
		}
		other.Shape.mend()
		g.out.Builds = append(g.out.Builds, other)
	}
}

func (g *generator) shape(name string) shape {
	s := shape{Name: name, Source: pick(g, "import", "import", "import", "image", "family", "template"), Register: g.chance(70)}
	if g.chance(20) {
		s.Tags = map[string]string{"team": "web", "Zone": "a"}
	}
	s.OnFailure, s.OnCancel = pick(g, "", "keep", "cleanup", "cleanup"), pick(g, "", "keep", "cleanup")
	if s.Source == "template" {
		return s
	}
	if s.Source == "import" {
		s.Disks = 1 + g.IntN(2)
		s.ImportName = pick(g, "", "", name+"-base")
		if g.chance(30) {
			s.Retries = map[string]int{"import": 1 + g.IntN(2)}
		}
	}
	for n := range pick(g, 0, 1, 1, 2, 3) {
		s.Components = append(s.Components, g.piece(n))
	}
	s.Template = len(s.Components) == 0 && g.chance(70)
	g.runs(&s)
	s.mend()
	return s
}

// mend takes out what a document without a template, or without an import, cannot have.
// An image of the system cannot be registered as it is.
func (s *shape) mend() {
	if s.Source != "import" && s.Source != "template" && len(s.Components) == 0 {
		s.Template = true
	}
	imports, makes := s.Source == "import", s.Source != "template" && s.runs()
	s.Remove = slices.DeleteFunc(s.Remove, func(what string) bool {
		switch what {
		case "importedImage":
			return !imports || !makes
		case "components":
			return len(s.Components) == 0 || !slices.Contains(s.Remove, "template")
		}
		return !makes
	})
	if !imports {
		delete(s.Retries, "import")
	}
	if !makes {
		delete(s.Retries, "execution")
		s.Tests, s.FixedName, s.Family, s.Regions = false, false, "", nil
	}
}

// runs fills in what a shape with a template of its own may have.
func (g *generator) runs(s *shape) {
	s.Tests, s.FixedName = g.chance(20), g.chance(20)
	s.Family = pick(g, "", "", s.Name)
	if g.chance(15) {
		s.Regions = []string{hangzhou, "cn-beijing"}
	}
	if g.chance(30) {
		if s.Retries == nil {
			s.Retries = map[string]int{}
		}
		s.Retries["execution"] = 1 + g.IntN(2)
	}
	if g.chance(25) {
		s.Remove = append(s.Remove, "template")
		if len(s.Components) > 0 && g.chance(50) {
			s.Remove = append(s.Remove, "components")
		}
	}
	if s.Source == "import" && g.chance(25) {
		s.Remove = append(s.Remove, "importedImage")
	}
}

func (g *generator) piece(n int) piece {
	return piece{
		Name: fmt.Sprintf("part%d", n), Version: pick(g, "", "1.0.0"), Test: g.chance(15),
		Content: pick(g, "RUN true", "RUN echo a", "ENV A=b\nRUN echo $A"),
	}
}

// plant puts something there beforehand that looks like the builds' own.
func (g *generator) plant() {
	s := g.out.Builds[0].Shape
	kinds := []string{"image", "template", "registration"}
	if len(s.Components) > 0 {
		kinds = append(kinds, "component", "component")
	}
	if s.Source == "template" {
		kinds = append(kinds, "execution", "execution")
	}
	p := planted{Kind: pick(g, kinds...), Name: s.Name}
	switch {
	case p.Kind == "component":
		c := pick(g, s.Components...)
		p.Name, p.Version, p.Content = c.Name, c.Version, c.Content
		if !g.gentle && g.chance(50) {
			p.Content = "RUN false"
		}
		if c.Test || c.Version == "" {
			return
		}
	case p.Kind == "image" && (g.gentle || g.chance(50)):
		p.Name += "-of-others"
	case p.Kind == "image" && s.ImportName != "":
		p.Name = s.ImportName
	}
	if !slices.ContainsFunc(g.out.Planted, func(other planted) bool { return other.Kind == p.Kind }) {
		g.out.Planted = append(g.out.Planted, p)
	}
}

// event adds something that happens.
func (g *generator) event() {
	draws := []func() event{g.fault, g.fault, g.fault, g.storm, g.loss, g.loss, g.kill, g.weather, g.weather, g.act}
	if e := pick(g, draws...)(); e != (event{}) {
		g.out.Events = append(g.out.Events, e)
	}
}

// instant is some time in a build, or right after the effect of a call.
func (g *generator) instant() instant {
	if g.chance(50) {
		return instant{After: seconds(g.IntN(400))}
	}
	return instant{Call: pick(g, append(slices.Clone(mutations), watched...)...), N: 1 + g.IntN(3)}
}

// watched are the looks of the waits.
var watched = []string{"DescribeTaskAttribute", "DescribeImages", "DescribeImagePipelineExecutions"}

func (g *generator) cancel() event {
	return event{Cancel: &cancel{Build: pick(g, g.out.Builds...).ID, At: g.instant()}}
}

func (g *generator) kill() event {
	at := g.instant()
	return event{Kill: &at}
}

// loss is one of a certain attempt.
func (g *generator) loss() event {
	l := loss{Activity: "*", Attempt: 1 + g.IntN(8), Moment: pick(g, lostBefore, lostMiddle, lostAfter, lostLate, lostStalled)}
	if g.chance(70) {
		l.Activity = pick(g, "ImportImage", "AwaitImport", "CreateComponent", "CreateTemplate", "StartExecution", "AwaitExecution", "AwaitTurn",
			"RegisterImage", "Look", "Remove", "AwaitOver")
		l.Attempt = 1 + g.IntN(3)
	}
	switch l.Moment {
	case lostMiddle:
		l.In = seconds(g.IntN(100))
	case lostStalled:
		l.In = seconds(g.IntN(60))
	}
	return event{Loss: &l}
}

// act is what somebody else does meanwhile.
func (g *generator) act() event {
	s := g.out.Builds[0].Shape
	a := act{Do: "image", At: g.instant(), Name: s.Name + "-of-others"}
	switch {
	case s.Source == "template" && g.chance(60):
		a.Do = "execution"
	case len(s.Components) > 0 && g.chance(50):
		c := s.Components[0]
		if c.Test || c.Version == "" {
			return event{}
		}
		a.Do, a.Name, a.Version, a.Content = "component", c.Name, c.Version, c.Content
		if !g.gentle && g.chance(50) {
			a.Content = "RUN false"
		}
	case !g.gentle && g.chance(50):
		a.Do, a.Kind = "delete", pick(g, "image", "component")
	case !g.gentle:
		a.Name = s.Name
	}
	return event{Act: &a}
}

// storm refuses calls of every kind by chance, for a number of calls.
func (g *generator) storm() event {
	f := g.deed("*")
	f.From, f.To, f.Probability, f.Seed = g.IntN(10), 10+g.IntN(60), 0.05+0.4*g.Float64(), g.Uint64N(1<<32)
	if f.Do == emulator.Empty || f.Do == emulator.Redirect || f.Do == emulator.Hang {
		f.Do = emulator.Reset
	}
	return event{Fault: &f}
}

// fault happens to some calls of some API.
func (g *generator) fault() event {
	apis := slices.Concat(mutations, mutations, watched,
		[]string{"DescribeTasks", "DescribeImageComponents", "DescribeImagePipelines", "BatchCompute.ListImages"}, undoing)
	return g.faultAt(pick(g, apis...))
}

// faultAt happens to some calls of an API.
func (g *generator) faultAt(api string) event {
	f := g.deed(api)
	f.From = 1 + g.IntN(3)
	switch {
	case slices.Contains(watched, f.Action):
		f.From = 1 + g.IntN(8)
	case slices.Contains(undoing, f.Action): // a build calls it once
		f.From = 1
	}
	f.To = f.From + g.IntN(3)
	// Throttling is waited out, however long it lasts; and lists that stay empty are the truth.
	if endless := f.Do != emulator.Empty && !strings.Contains(f.Code, "Throttling"); endless && !g.gentle && g.chance(10) {
		f.To = 0
	}
	return event{Fault: &f}
}

// undoing are the calls that end or remove something.
var undoing = []string{"CancelTask", "CancelImagePipelineExecution", "DeleteImage", "DeleteImageComponent", "DeleteImagePipeline", "BatchCompute.DeleteImage"}

// undone are the looks of a clean-up.
var undone = []string{"DescribeImages", "DescribeTaskAttribute", "DescribeImageComponents", "DescribeImagePipelines", "DescribeImagePipelineExecutions", "BatchCompute.ListImages"}

// undoes tells whether a build of the plot may come to end or remove something.
func (p plot) undoes() bool {
	return p.has(func(e event) bool { return e.Cancel != nil }) ||
		p.uses(func(s shape) bool { return len(s.Remove) > 0 || s.OnFailure == "cleanup" })
}

// deed is a fault at an API without its calls.
func (g *generator) deed(api string) emulator.Fault {
	f := emulator.Fault{Action: api, When: pick(g, emulator.Before, emulator.After)}
	switch f.Do = pick(g, deeds...); f.Do {
	case emulator.Refuse:
		g.refusal(&f)
	case emulator.Delay:
		f.DelayMs = 1000 * (1 + g.IntN(90))
	}
	if feigned(f) || g.gentle && !gentleFault(f) {
		return g.deed(api)
	}
	return f
}

// deeds are what faults do; refusals most often, since they differ most.
var deeds = []emulator.Deed{
	emulator.Refuse, emulator.Refuse, emulator.Refuse, emulator.Refuse, emulator.Reset, emulator.Reset, emulator.Hang, emulator.HTML502,
	emulator.Truncate, emulator.WrongTypes, emulator.Empty, emulator.Redirect, emulator.Delay,
}
