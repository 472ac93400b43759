package testsuite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/workflows"
)

// untrue: what builds say that the cloud's records do not bear out.
func (d *docket) untrue() (found []string) {
	for _, b := range d.builds {
		say := func(format string, args ...any) {
			found = append(found, fmt.Sprintf("build "+b.id+": "+format, args...))
		}
		if b.result != nil {
			d.resultIsTrue(*b.result, say)
			d.contentIsTrue(b, say)
		}
		if b.failure != nil {
			d.failureIsTrue(*b.failure, say)
		}
		told, _ := json.Marshal(b.progress.Resources)
		if is, _ := json.Marshal(b.ledger()); b.ended() && !bytes.Equal(told, is) {
			say("its progress and its end tell two ledgers: %s and %s", told, is)
		}
	}
	for build, books := range d.books {
		for _, line := range books.ledger {
			if says := d.lineIsTrue(build, line); says != "" {
				found = append(found, "build "+build+": "+says)
			}
		}
	}
	return sorted(found)
}

func (b testimony) ended() bool { return b.result != nil || b.failure != nil || b.cancellation != nil }

// resultIsTrue: what a result names is there, can be used, and is the build's.
func (d *docket) resultIsTrue(r workflows.Result, say func(string, ...any)) {
	for _, id := range idsOf(r) {
		if d.excused[id] || systemImage(id) || d.removed(r.BuildID, id) {
			continue
		}
		t := d.things[id]
		switch {
		case !t.there():
			say("%s in its result does not exist", id)
		case t.Kind == "image" && t.Status != "Available", t.Kind == "execution" && t.Status != "SUCCESS" && t.Status != "PARTITION_SUCCESS":
			say("%s in its result is %s", id, t.Status)
		case d.makers[id].RequestID != "" && t.build == r.BuildID && t.taggable() && t.tags[activities.TagBuild] != r.BuildID:
			say("%s in its result does not carry the tag %s", id, activities.TagBuild)
		}
	}
	registered, execution := d.things[r.BatchComputeImageID], d.things[r.ExecutionID]
	if registered.there() && registered.ecsImageID != r.ImageID {
		say("registration %s stands for %s and not for %s", registered.ID, registered.ecsImageID, r.ImageID)
	}
	if execution.there() && !slices.Contains(execution.images, r.ImageID) {
		say("execution %s made %v and not %s", execution.ID, execution.images, r.ImageID)
	}
	for _, c := range r.Copies {
		if execution.there() && !slices.Contains(execution.images, c.ImageID) {
			say("execution %s did not make the copy %s in its result", execution.ID, c.ImageID)
		}
	}
	for _, line := range d.books[r.BuildID].ledger {
		copied := line.Kind == workflows.KindImage && line.Of != "" // may still come
		if line.State == workflows.ResourceAsked && !copied {
			say("it succeeded and does not know what became of %s of step %s", line.Kind, line.Step)
		}
	}
}

// taggable tells whether Kiln can tag a thing: not a task, a registration, or an image of a
// template that somebody else made.
func (t thing) taggable() bool {
	return slices.Contains([]string{"component", "pipeline", "execution"}, t.Kind)
}

// systemImage tells an image that every region offers, which no state lists.
func systemImage(id string) bool {
	return slices.Contains([]string{"m-bp1kilnubuntu2404x64", "m-bp1kilnalinux3x64", "m-bp1kilnubuntu2404arm", "m-bp1kilnwin2022"}, id)
}

// removed tells whether a build says that it removed a thing, or that the thing went with
// another one: an execution goes with its template. What a build adopted, the build that
// made it may remove.
func (d *docket) removed(build, id string) bool {
	if owner := d.owner(id); owner != "" && owner != build {
		build = owner
	}
	template := d.templateOf(build, id)
	return slices.ContainsFunc(d.books[build].ledger, func(line workflows.Resource) bool {
		gone := line.State == workflows.ResourceRemoved || line.State == workflows.ResourceLeft && !d.things[line.ID].there()
		return gone && (line.ID == id || line.Kind == workflows.KindTemplate && line.ID == template)
	})
}

// templateOf is the template of an execution by the cloud's log, or by its build's books when
// the line of the call was lost with the cloud.
func (d *docket) templateOf(build, id string) string {
	if maker, made := d.makers[id]; made || !d.gaps {
		return maker.Params["ImagePipelineId"]
	}
	ledger := d.books[build].ledger
	at := slices.IndexFunc(ledger, func(line workflows.Resource) bool { return line.ID == id })
	if at < 0 {
		return ""
	}
	return ledger[at].Of
}

// cameToNothing tells whether an image is one of an import that failed, or of which the
// build could not learn how it ended: whether that leaves an image is the cloud's own affair.
func (d *docket) cameToNothing(imageID string) bool {
	for _, t := range d.things {
		ended := t.Status == "Failed" || t.Status == "Deleted" && d.left(t)
		if t.Kind == "task" && t.taskOf == imageID && ended {
			return true
		}
	}
	return false
}

// left tells whether the build of a thing says that it could not end or remove it.
func (d *docket) left(t thing) bool {
	return slices.ContainsFunc(d.books[t.build].ledger, func(line workflows.Resource) bool {
		return line.ID == t.ID && line.State == workflows.ResourceLeft
	})
}

// contentIsTrue: each component of a result has the content of the document's.
func (d *docket) contentIsTrue(b testimony, say func(string, ...any)) {
	for n, c := range b.result.Components {
		if t := d.things[c.ID]; n < len(b.document.Components) && t.there() && b.document.Components[n].ID == "" && t.content != b.document.Components[n].Content {
			say("component %s in its result has not the content of its document", c.ID)
		}
	}
}

// failureIsTrue: a failure with a code of the cloud is the answer to a request.
func (d *docket) failureIsTrue(f workflows.Failure, say func(string, ...any)) {
	if f.Code == "" || f.Message == "" || f.Class == "" || f.Advice == "" {
		say("its failure lacks code, message, class or advice: %+v", f)
	}
	if slices.ContainsFunc(errcode.All(), func(e errcode.Entry) bool { return e.Code == f.Code && e.Status == 0 }) {
		return // a word of Kiln's own
	}
	at := slices.IndexFunc(d.requests, func(r request) bool { return r.RequestID == f.RequestID })
	switch {
	case at < 0:
		say("no request with the id %q was answered with its failure %s", f.RequestID, f.Code)
	case d.requests[at].Code != f.Code || d.requests[at].Status != f.HTTPStatus:
		r := d.requests[at]
		say("its failure is %s (%d), but request %s was answered with %s (%d)", f.Code, f.HTTPStatus, f.RequestID, r.Code, r.Status)
	}
}

// ended are the words of the cloud for runs that are over, or about to be.
var ended = []string{"Finished", "Failed", "Deleted", "SUCCESS", "PARTITION_SUCCESS", "TEST_FAILED", "FAILED", "CANCELLING", "CANCELLED"}

// lineIsTrue says what is wrong with a line of a ledger.
func (d *docket) lineIsTrue(build string, line workflows.Resource) string {
	t, known := d.things[line.ID], line.ID != ""
	what := fmt.Sprintf("%s %s of step %s is %s in its ledger", line.Kind, line.ID, line.Step, line.State)
	switch line.State {
	case workflows.ResourceMade, workflows.ResourceAdopted, workflows.ResourceOver:
		if !known {
			return what + " and has no id"
		}
	case workflows.ResourceRefused:
		if known {
			return what + " and has an id"
		}
	}
	switch {
	case d.excused[line.ID]:
	case line.Step == "" || line.Kind == "" || line.Region == "" || line.State == "":
		return fmt.Sprintf("a line of its ledger is incomplete: %+v", line)
	case line.State == workflows.ResourceLeft && line.Reason == "":
		return what + " without a reason"
	case line.State == workflows.ResourceMade && !t.there() && !d.removed(build, line.ID) && !d.cameToNothing(line.ID):
		return what + " and does not exist"
	case line.State == workflows.ResourceMade && t.there() && t.build != build:
		return what + " and belongs to " + fmt.Sprintf("%q", t.build)
	case line.State == workflows.ResourceRemoved && t.there() && (!line.Kind.Runs() || !slices.Contains(ended, t.Status)):
		return what + " and still exists"
	case line.State == workflows.ResourceOver && t.there() && !slices.Contains(ended, t.Status):
		return what + " and is " + t.Status
	}
	return ""
}

// unfinished: builds that did not end, or not well without a reason.
func (d *docket) unfinished() (found []string) {
	for _, b := range d.builds {
		switch {
		case !b.ended():
			found = append(found, fmt.Sprintf("build %s did not end; it is %s at %s: %s", b.id, b.progress.State, b.progress.Step, b.stuck))
		case b.mustSucceed && b.failure != nil:
			found = append(found, fmt.Sprintf("build %s failed at %s with %s although nothing stood in its way for good: %s", b.id, b.failure.Step, b.failure.Code, b.failure.Message))
		case b.mustSucceed && b.cancellation != nil:
			found = append(found, fmt.Sprintf("build %s was cancelled although nobody wanted that", b.id))
		}
	}
	return found
}
