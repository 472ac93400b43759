package notify

import (
	"fmt"
	"regexp"
	"strings"
)

// message is what a robot takes.
type message struct {
	Type     string   `json:"msgtype"`
	Markdown markdown `json:"markdown"`
}

type markdown struct {
	Title string `json:"title"` // in the list of conversations
	Text  string `json:"text"`
}

// robotMessage is an event for people: a heading and a few points, without links.
func robotMessage(e Event) message {
	end := e.Ending
	title := plain(fmt.Sprintf("Kiln: %s %s", end.Name, said(e)))
	points := []string{"Build " + plain(end.BuildID) + " in " + plain(end.Region)}
	add := func(what, value string) {
		if value = plain(value); value != "" {
			points = append(points, what+" "+value)
		}
	}
	add("Schedule", end.Schedule)
	add("Image", strings.TrimSpace(end.ImageID+" "+end.ImageName))
	add("Batch Compute", end.BatchComputeImageID)
	for _, copied := range end.Copies {
		add("Copy", copied.ImageID+" in "+copied.Region)
	}
	for _, warning := range end.Warnings {
		add("Warning:", warning)
	}
	add("Reason:", end.SkipReason)
	if wait := end.Approval; wait != nil {
		add("Reason:", wait.Reason)
		add("Until", wait.Until.UTC().Format("2006-01-02 15:04 UTC"))
		add("Approve:", "kiln approve "+end.BuildID)
		add("Reject:", "kiln reject "+end.BuildID+" --reason WHY")
	}
	if failure := end.Error; failure != nil {
		add("Step", failure.Step)
		add("Code", failure.Code)
		add("Request id", failure.RequestID)
		add("Advice:", failure.Advice)
	}
	return message{"markdown", markdown{title, "### " + title + "\n\n- " + strings.Join(points, "\n- ")}}
}

// said is the outcome in a heading.
func said(e Event) string {
	switch {
	case e.Kind == Waiting:
		return "waits for approval"
	case e.Kind == Succeeded && e.Ending.Outcome == "partial":
		return "succeeded in part"
	}
	return string(e.Kind)
}

var (
	// DingTalk refuses messages with links that it does not know (430101).
	webAddress = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S*`)
	// Escapes are no part of the Markdown that DingTalk documents.
	unmarked = strings.NewReplacer("](", "] (", "<", "(", ">", ")", "*", "", "`", "'")
)

// plain is a value on one line, without links and marks.
func plain(text string) string {
	text = webAddress.ReplaceAllString(text, "…")
	return unmarked.Replace(strings.Join(strings.Fields(text), " "))
}
