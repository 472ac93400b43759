package emulator

import (
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"
)

var (
	// errHeld ends a call before its effect without an answer of its own.
	errHeld = errors.New("held by a planned fault")
	// errUndone rolls back a call whose answer is wanted without its effect.
	errUndone = errors.New("undone by a planned fault")
)

// meet looks up what is planned for the call and does what comes before the effect.
func (c *call) meet() error {
	c.planned = c.server.plan.next(c.api, c.sent())
	switch {
	case c.planned == nil || c.planned.When == After:
		return nil
	case c.planned.Do == Refuse:
		return c.plannedRefusal()
	case c.planned.Do == Delay:
		c.linger()
		c.now = c.server.opts.Now().UTC().Round(0)
		return nil
	case c.planned.keepsAnswer():
		return nil
	}
	return errHeld
}

// keepsAnswer says whether a fault changes the answer that a call has, so that the call
// has to be run for it even when nothing may come of it.
func (f *Fault) keepsAnswer() bool {
	return f.Do == Truncate || f.Do == WrongTypes || f.Do == Empty
}

// sent are the parameters of the call: of Batch Compute with the members of its JSON body,
// and with the id in its path as Id.
func (c *call) sent() map[string]string {
	if !strings.HasPrefix(c.api, batchComputeAPI) {
		return c.values
	}
	all := maps.Clone(c.values)
	if _, id := c.resource(); id != "" {
		all["Id"] = id
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(c.body, &members) == nil {
		for name, value := range members {
			all[name] = plain(value)
		}
	}
	return all
}

// effect runs the call's work in one transaction, and rolls it back when a fault wants
// the answer alone.
func (c *call) effect(work func() error) error {
	undone := false
	err := c.server.store.do(func(t *tx) error {
		c.tx, t.see = t, c.see
		if err := work(); err != nil {
			return err
		}
		if undone = c.planned != nil && c.planned.When == Before && c.planned.keepsAnswer(); undone {
			return errUndone
		}
		return nil
	})
	if undone {
		c.line.ResourceIDs = []string{}
		return nil
	}
	c.took = err == nil
	return err
}

// spoil does what comes after the effect to the answer, and notes the fault in the log.
func (c *call) spoil(f front, a answer, err error) (answer, error) {
	if c.planned == nil {
		return a, err
	}
	c.line.Fault, c.line.Effect = string(c.planned.Do), &c.took
	switch c.planned.Do {
	case Refuse:
		if c.planned.When == After {
			err = c.plannedRefusal()
			a = c.refused(f, c.planned.refusal(c.api))
		}
	case Delay:
		if c.planned.When == After {
			c.linger()
		}
	case Hang, Reset:
		a.status = 0
	case HTML502:
		a = answer{status: 502, header: htmlHeader}
	case Redirect:
		a = answer{status: 302, header: map[string]string{"Location": "http://" + c.http.Host + "/elsewhere"}}
	case Empty:
		if err == nil && a.body != nil {
			a.body = reply{"RequestId": c.line.RequestID}
		}
	case WrongTypes:
		a.body = confused(a.body, c.planned.Hits)
	}
	return a, err
}

var htmlHeader = map[string]string{"Content-Type": "text/html"}

func (c *call) plannedRefusal() error {
	if c.planned.RetryAfterMs > 0 {
		c.retryAfter = strconv.Itoa(c.planned.RetryAfterMs)
	}
	return c.planned.refusal(c.api)
}

// linger waits as long as the fault says, less when the caller goes away or the cloud
// closes.
func (c *call) linger() {
	timer := time.NewTimer(time.Duration(c.planned.DelayMs) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.http.Context().Done():
	case <-c.server.closing:
	}
}
