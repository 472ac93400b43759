package emulator

import (
	"slices"
	"strings"
	"time"
)

// The task states that the emulator goes through. A006, A007.
const (
	taskWaiting    = "Waiting"
	taskProcessing = "Processing"
	taskFinished   = "Finished"
	taskFailed     = "Failed"
	taskDeleted    = "Deleted"
)

// task is the work behind an import.
type task struct {
	ID, Region, Action, ImageID string
	Created                     time.Time
	Ends                        time.Time // when it would finish undisturbed
	Timeline                    timeline
	Reason                      Reason // why it failed, if it does
}

func (t task) key() key { return key{kind: "task", region: t.Region, id: t.ID} }

// moment is the state that holds; a task exists from its creation on.
func (t task) moment(now time.Time) moment {
	m, _ := t.Timeline.at(now)
	return m
}

func (t task) cancellable(now time.Time) bool {
	status := t.moment(now).Status
	return status == taskWaiting || status == taskProcessing
}

// progress is the percentage of the work that is done, or was when it was cancelled.
func (t task) progress(now time.Time) string {
	begins, started := t.Timeline.start(taskProcessing)
	if !started {
		return "0%"
	}
	if m := t.moment(now); m.Status == taskDeleted || m.Status == taskFailed {
		now = m.At
	}
	return percent(begins, t.Ends, now)
}

func (t task) finishedTime(now time.Time) string {
	if !slices.Contains([]string{taskFinished, taskFailed, taskDeleted}, t.moment(now).Status) {
		return ""
	}
	return minutes(t.moment(now).At)
}

// taskItem is a task as DescribeTasks lists it.
type taskItem struct {
	TaskID        string `json:"TaskId"`
	TaskAction    string
	TaskStatus    string
	SupportCancel string
	ResourceID    string `json:"ResourceId"`
	CreationTime  string
	FinishedTime  string
}

// describeTasks lists tasks.
func (c *call) describeTasks() (reply, error) {
	ids, keep := c.taskFilter()
	page := c.readPageNumber()
	if err := c.fault(); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(pick[task](c.tx, c.line.Region, ids), func(t task) bool { return !keep(t) })
	items := []taskItem{}
	for _, t := range pageOf(page, all) {
		items = append(items, taskItem{
			TaskID: t.ID, TaskAction: t.Action, TaskStatus: t.moment(c.now).Status, SupportCancel: "true",
			ResourceID: t.ImageID, CreationTime: minutes(t.Created), FinishedTime: t.finishedTime(c.now),
		})
	}
	return page.reply(len(all), reply{"RegionId": c.line.Region, "TaskSet": reply{"Task": items}}), nil
}

// taskFilter reads the filters: the ids wanted, none for all, and what else has to hold.
func (c *call) taskFilter() (ids []string, keep func(task) bool) {
	const layout = "2006-01-02T15:04:05Z"
	if c.has("TaskIds") {
		ids = strings.Split(c.text("TaskIds"), ",")
	}
	resources := c.list("ResourceIds")
	if len(ids) > 100 {
		c.note(invalid(c.api, "TaskIds"))
	}
	if len(resources) > 100 {
		c.note(invalid(c.api, "ResourceIds"))
	}
	action := c.oneOf("TaskAction", "", "", "ImportImage", "ExportImage", "RedeployInstance", "ModifyDiskSpec", "ArchiveSnapshot")
	status := c.text("TaskStatus")
	if !slices.Contains([]string{"Finished", "Processing", "Failed"}, status) {
		status = "" // any other value is ignored, as documented
	}
	from, to := c.instant("StartTime", layout), c.instant("EndTime", layout)
	return ids, func(t task) bool {
		return (len(resources) == 0 || slices.Contains(resources, t.ImageID)) &&
			(action == "" || action == t.Action) &&
			(status == "" || status == t.moment(c.now).Status) &&
			(from.IsZero() || !t.Created.Before(from)) && (to.IsZero() || !t.Created.After(to))
	}
}

// theTask is the task that the call names.
func (c *call) theTask() (task, error) {
	id := c.required("TaskId")
	if err := c.fault(); err != nil {
		return task{}, err
	}
	t, found := find[task](c.tx, c.line.Region, id)
	if !found {
		return t, refuse(c.api, "InvalidTaskId.NotFound")
	}
	return t, nil
}

// describeTaskAttribute tells all about one task.
func (c *call) describeTaskAttribute() (reply, error) {
	t, err := c.theTask()
	if err != nil {
		return nil, err
	}
	status := t.moment(c.now).Status
	success, failed := 0, 0
	operation, reason := "Processing", Reason{}
	switch status {
	case taskFinished:
		success, operation = 1, "Success"
	case taskDeleted:
		failed, operation = 1, "Cancelled"
	case taskFailed:
		failed, operation, reason = 1, "Failed", t.Reason
	}
	related := reply{"RelatedItem": []reply{{"Name": "ImageId", "Value": t.ImageID}}}
	return reply{
		"RegionId": t.Region, "TaskId": t.ID, "TaskAction": t.Action, "TaskStatus": status,
		"TaskProcess": t.progress(c.now), "SupportCancel": "true",
		"TotalCount": 1, "SuccessCount": success, "FailedCount": failed,
		"CreationTime": minutes(t.Created), "FinishedTime": t.finishedTime(c.now),
		"OperationProgressSet": reply{"OperationProgress": []reply{
			{"OperationStatus": operation, "ErrorCode": reason.Code, "ErrorMsg": reason.Message, "RelatedItemSet": related},
		}},
	}, nil
}

// cancelTask stops a running import and removes the image it was making. (ECS API reference, CancelTask.)
func (c *call) cancelTask() (reply, error) {
	t, err := c.theTask()
	if err != nil {
		return nil, err
	}
	if !t.cancellable(c.now) {
		return nil, refuse(c.api, "InvalidTaskId.IncorrectTaskStatus")
	}
	t.Timeline = t.Timeline.turn(c.now, timeline{{taskDeleted, c.now}})
	c.tx.save(t)
	c.tx.remove(image{ID: t.ImageID, Region: t.Region})
	return reply{}, nil
}
