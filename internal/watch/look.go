package watch

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

const (
	// tasksAtOnce is what one call shows. (ECS API reference, DescribeTasks, 2014-05-26.)
	tasksAtOnce = 100
	// few tasks are looked at one by one: that shows how far they are, which the list does not.
	few = 4
	// imagesAtOnce is a page of the list. DescribeImages takes one id or none.
	imagesAtOnce = 100
)

// made are the states of images that nothing is being done to any more.
var made = []string{"Available", "UnAvailable", "CreateFailed", "Deprecated"}

// tasksOf looks at tasks: at few one by one, at many by the list. A scout for a crowd lists
// the images that have been made: where most tasks still run, those are far fewer.
func tasksOf(cloud Cloud, gallery *gallery) func() kind[alicloud.Task] {
	return everywhere(kind[alicloud.Task]{
		scout: func(ctx context.Context, region string, since time.Time) (ids []string, err error) {
			images, err := cloud.Images(ctx, alicloud.ImageQuery{Region: region, Statuses: made, Since: since})
			gallery.hang(region, images)
			for _, image := range images {
				ids = append(ids, image.ID)
			}
			return ids, err
		},
		look: func(ctx context.Context, region string, ids []string) []sight[alicloud.Task] {
			return lookAtTasks(ctx, cloud, region, ids)
		},
		width: func(waiting, _ int) int {
			if waiting <= few {
				return 1
			}
			return tasksAtOnce
		},
		calls: func(waiting int) int {
			if waiting <= few {
				return waiting
			}
			return (waiting + tasksAtOnce - 1) / tasksAtOnce
		},
		longest: func(waiting int) float64 { return max(shared, alone/float64(waiting)) },
		allowance: func(waiting int) float64 {
			if waiting <= few {
				return alone
			}
			return 0
		},
		read: func(t alicloud.Task) sign {
			return sign{percent: t.Percent, over: t.Status == "Finished", created: instant(t.CreatedAt)}
		},
	})
}

// everywhere makes the same kind for every desk.
func everywhere[T any](k kind[T]) func() kind[T] { return func() kind[T] { return k } }

// lookAtTasks looks at one task, or at many by the list, which has no reason of a failure.
func lookAtTasks(ctx context.Context, cloud Cloud, region string, ids []string) []sight[alicloud.Task] {
	return lookByList(ids,
		func(id string) (alicloud.Task, error) { return cloud.Task(ctx, region, id) },
		func() (map[string]alicloud.Task, error) {
			listed, err := cloud.Tasks(ctx, region, ids)
			listed = slices.DeleteFunc(listed, func(t alicloud.Task) bool { return t.Status == "Failed" })
			return byID(listed, func(t alicloud.Task) string { return t.ID }), err
		})
}

// lookByList looks at one thing, or at many by a list. A list may lag, and may be out of
// reach where a thing is not: what it does not show is looked at one by one.
func lookByList[T any](ids []string, single func(id string) (T, error), list func() (map[string]T, error)) []sight[T] {
	var listed map[string]T
	if len(ids) > 1 {
		var err error
		if listed, err = list(); err != nil && !isRefusal(err) {
			return failed[T](ids, err)
		}
	}
	sights := make([]sight[T], len(ids))
	for i, id := range ids {
		thing, shown := listed[id]
		if shown {
			sights[i].thing = thing
			continue
		}
		sights[i] = sightOf(single(id))
	}
	return sights
}

func byID[T any](things []T, id func(T) string) map[string]T {
	is := make(map[string]T, len(things))
	for _, thing := range things {
		is[id(thing)] = thing
	}
	return is
}

// isRefusal tells whether the cloud said no to what was asked, not only for now.
func isRefusal(err error) bool {
	var refused *alicloud.Error
	return errors.As(err, &refused) && refused.HTTPStatus >= 400 && refused.HTTPStatus < 500 && !refused.Throttled()
}

// imagesOf looks at images: at those of a few builds one by one, at more than the account
// has pages of by the list.
func imagesOf(cloud Cloud, gallery *gallery) func() kind[alicloud.Image] {
	return func() kind[alicloud.Image] {
		var pages atomic.Int64 // of the list, when it was last read
		pages.Store(2)
		return kind[alicloud.Image]{
			whole: true,
			look: func(ctx context.Context, region string, ids []string) []sight[alicloud.Image] {
				return lookAtImages(ctx, cloud, gallery, region, ids, &pages)
			},
			width: func(waiting, due int) int {
				if due <= int(pages.Load()) {
					return 1
				}
				return waiting
			},
			calls:     func(waiting int) int { return min(waiting, int(pages.Load())) },
			longest:   func(int) float64 { return dear },
			allowance: func(int) float64 { return dear / 2.0 },
			read: func(i alicloud.Image) sign {
				return sign{percent: i.Percent, over: i.Status == "Available"}
			},
		}
	}
}

func lookAtImages(ctx context.Context, cloud Cloud, gallery *gallery, region string, ids []string, pages *atomic.Int64) []sight[alicloud.Image] {
	return lookByList(ids,
		func(id string) (alicloud.Image, error) {
			if image, ok := gallery.shows(region, id); ok {
				return image, nil
			}
			found, err := cloud.Images(ctx, alicloud.ImageQuery{Region: region, ID: id})
			switch {
			case err != nil:
				return alicloud.Image{}, err
			case len(found) == 0:
				return alicloud.Image{}, alicloud.ErrNotFound
			}
			return found[0], nil
		},
		func() (map[string]alicloud.Image, error) {
			listed, err := cloud.Images(ctx, alicloud.ImageQuery{Region: region})
			if err == nil || isRefusal(err) {
				pages.Store(int64(len(listed)/imagesAtOnce) + 1)
			}
			return byID(listed, func(i alicloud.Image) string { return i.ID }), err
		})
}

// executionsOf looks at executions, for which there is no list across templates. The
// documents say no percentage either, only that the last state is RELEASING.
func executionsOf(cloud Cloud) func() kind[alicloud.Execution] {
	return everywhere(singly(
		func(ctx context.Context, region, id string) (alicloud.Execution, error) {
			return cloud.Execution(ctx, region, id)
		},
		func(e alicloud.Execution) sign {
			return sign{near: e.Status == "RELEASING", over: e.Status == "SUCCESS", created: instant(e.CreatedAt)}
		}))
}

// runsOf looks at the executions of a template.
func runsOf(cloud Cloud) func() kind[[]alicloud.Execution] {
	return everywhere(singly(
		func(ctx context.Context, region, id string) ([]alicloud.Execution, error) {
			return cloud.Executions(ctx, alicloud.ExecutionQuery{Region: region, PipelineID: id})
		},
		func(runs []alicloud.Execution) sign {
			return sign{near: slices.ContainsFunc(runs, func(e alicloud.Execution) bool { return e.Status == "RELEASING" })}
		}))
}

// singly is a kind of which one call shows one.
func singly[T any](look func(ctx context.Context, region, id string) (T, error), read func(T) sign) kind[T] {
	return kind[T]{
		look: func(ctx context.Context, region string, ids []string) []sight[T] {
			return []sight[T]{sightOf(look(ctx, region, ids[0]))}
		},
		width:     func(int, int) int { return 1 },
		calls:     func(waiting int) int { return waiting },
		longest:   func(int) float64 { return dear },
		allowance: func(int) float64 { return dear / 2.0 },
		read:      read,
	}
}

func sightOf[T any](thing T, err error) sight[T] { return sight[T]{thing: thing, err: err} }

// failed is a look that showed nothing of anything.
func failed[T any](ids []string, err error) []sight[T] {
	sights := make([]sight[T], len(ids))
	for i := range sights {
		sights[i].err = err
	}
	return sights
}

// instant reads a time of ECS, with or without seconds; zero for what is none. A time
// without seconds is that of the minute's end, so that nothing seems older than it is.
func instant(text string) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	if at, err := time.Parse(alicloud.MinuteLayout, text); err == nil {
		return at.Add(time.Minute)
	}
	return time.Time{}
}
